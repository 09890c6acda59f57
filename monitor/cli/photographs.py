"""Prints the expressions in photographs: a table for one picture, a line each for several, or JSON."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import TextIO

from monitor.core.types import Event, Face, Result


class PhotographSink:
    """A sink that prints each picture's faces to standard output.

    Args:
        many: Print one line per picture rather than a table.
        as_json: Print one JSON object per picture and line.
        out: The stream to print to; None = standard output.
    """

    def __init__(self, *, many: bool, as_json: bool, out: TextIO | None = None) -> None:
        self._many, self._as_json, self._out = many, as_json, out
        self._closed = False

    def handle(self, result: Result) -> None:
        """Prints one picture."""
        if self._as_json:
            self._print(json.dumps(as_dict(result), ensure_ascii=False))
        elif self._many:
            self._print(line(result))
        else:
            self._print(table(result))

    def tell(self, events: Sequence[Event]) -> None:
        """Does nothing: these events belong to no picture."""

    def flush(self) -> None:
        """Does nothing: every line is printed at once."""

    def close(self, last_events: Sequence[Event]) -> None:
        """Does nothing: every picture has been printed."""

    def _print(self, text: str) -> None:
        if self._closed:
            return
        out = self._out or sys.stdout
        encoding = out.encoding or "utf-8"
        # A name that the terminal cannot show must not end the printing; in JSON the escape is the character itself.
        text = text.encode(encoding, "backslashreplace").decode(encoding)
        try:
            print(text, file=out, flush=True)
        except BrokenPipeError:  # as with "| head"; the files are written to the end
            self._closed = True
            if self._out is None:
                sys.stdout = open(os.devnull, "w")  # noqa: SIM115  the interpreter flushes it at its end


def as_dict(result: Result) -> dict[str, object]:
    """A picture as plain values: its size and, for each face, box (x, y, w, h in pixels) and distribution."""
    width, height = result.frame.size
    return {
        "file": result.frame.file, "width": width, "height": height,
        "faces": [
            {
                "id": face.id, "expression": face.label, "confidence": round(face.confidence, 4),
                "quality": round(face.quality, 4), "covered": face.covered, "box": _box(face),
                "distribution": _distribution(face),
            }
            for face in result.faces
        ],
    }  # fmt: skip


def _box(face: Face) -> list[int]:
    x1, y1, x2, y2 = face.box
    return [round(x1), round(y1), round(x2 - x1), round(y2 - y1)]


def _distribution(face: Face) -> dict[str, float] | None:
    """Expression to probability; None when the face could not be read."""
    return {name: round(float(p), 4) for name, p in zip(face.labels, face.probs, strict=True)} if face.known else None


def line(result: Result) -> str:
    """A picture in one line: its name and each face's expression, largest face first."""
    faces = sorted(result.faces, key=lambda face: _box(face)[2], reverse=True)
    shown = ", ".join(f"{face.label} {face.confidence:.0%}" if face.known else face.label for face in faces)
    return f"{result.frame.file}: {shown or 'no face'}"


def table(result: Result) -> str:
    """A picture as a table of its faces with their distributions in percent."""
    width, height = result.frame.size
    count = {0: "no face", 1: "1 face"}.get(len(result.faces), f"{len(result.faces)} faces")
    head = f"{result.frame.file}, {width}x{height}: {count}"
    if not result.faces:
        return head
    rows = [["face", "expression", *result.faces[0].labels, "quality", "box x,y,w,h"]]
    for face in result.faces:
        shares = [f"{p:.0%}" if face.known else "-" for p in face.probs]
        box = ",".join(map(str, _box(face)))
        rows.append([str(face.id), face.label, *shares, f"{face.quality:.2f}", box])
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    left = (1, len(rows[0]) - 1)
    lines = []
    for row in rows:
        cells = [row[n].ljust(width) if n in left else row[n].rjust(width) for n, width in enumerate(widths)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join([head, *lines])
