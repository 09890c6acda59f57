"""The name of the processor beside each figure."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.system.processor import processor


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "model name\t: AMD EPYC\ncpu family\t: 25\nmodel\t\t: 17\nflags\t\t: sse avx2 avx512bw avx512_vnni\n",
            "AMD EPYC (family 25 model 17, AVX512-VNNI), ",
        ),
        (
            "model name\t: Intel(R) Xeon(R) CPU @ 2.20GHz\ncpu family\t: 6\nmodel\t\t: 79\nflags\t\t: sse avx2\n",
            "Intel(R) Xeon(R) CPU @ 2.20GHz (family 6 model 79, AVX2), ",
        ),
        ("Features\t: fp asimd asimddp\nCPU part\t: 0xd0b\n", " (dot product), "),
    ],
)
def test_name_and_int8_instructions_are_told(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "cpuinfo"
    path.write_text(text)
    assert words in processor(path)


def test_a_system_without_cpuinfo_has_a_name_too(tmp_path: Path) -> None:
    assert processor(tmp_path / "none").endswith(" cores")
