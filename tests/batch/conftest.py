from __future__ import annotations

import pytest

pytest.importorskip("pyarrow", reason="needs the extra batch")
pytest.importorskip("distributed", reason="needs the extra batch")

from pathlib import Path

from tests.faults import media


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with three clips of the demo, one of them under a second name, and one damaged file."""
    folder = tmp_path_factory.mktemp("recordings")
    (folder / "day1").mkdir()
    media.faces(folder / "day1" / "a.avi", 1.2)
    media.faces(folder / "day1" / "b.avi", 1.6)
    (folder / "copy of a.avi").write_bytes((folder / "day1" / "a.avi").read_bytes())
    (folder / "broken.mp4").write_bytes(b"not a video" * 100)
    (folder / "notes.docx").write_bytes(b"no recording")
    return folder
