"""Prints the requirements of setup.cfg with the given OpenCV build, for ``pip install -r``.

python deploy/requirements.py opencv-python-headless [extra] > requirements.txt
"""

from __future__ import annotations

import configparser
import sys
from pathlib import Path


def requirements(opencv: str, extra: str | None, setup_cfg: Path) -> list[str]:
    """Run-time requirements, and those of an extra."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(setup_cfg, encoding="utf-8")
    extras = parser["options.extras_require"]

    def lines(text: str) -> list[str]:
        found = []
        for line in text.splitlines():
            entry = line.strip()
            if entry.startswith("%("):
                found += lines(extras[entry[2:-2]])
            elif entry and not entry.startswith("#"):
                found.append(entry.replace("opencv-python", opencv, 1))
        return found

    wanted = lines(parser["options"]["install_requires"])
    if extra:
        wanted += lines(extras[extra])
    return wanted


if __name__ == "__main__":
    here = Path(__file__).resolve().parents[1] / "setup.cfg"
    print("\n".join(requirements(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None, here)))
