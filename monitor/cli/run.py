"""``emotion-monitor run``: turns the flags into settings and options, then runs the monitor."""

from __future__ import annotations

import argparse
import logging
import os
from dataclasses import replace
from pathlib import Path

from monitor.capture.kinds import PHOTOGRAPHS, kind_of
from monitor.capture.names import revealed
from monitor.cli.photographs import PhotographSink
from monitor.cli.sources import chosen
from monitor.core.errors import ConfigError, DiskError
from monitor.core.types import Image, Result
from monitor.run import app
from monitor.settings import cameras as configuration
from monitor.settings.config import Config
from monitor.settings.crossfield import no_home
from monitor.system.paths import refusal


def command(args: argparse.Namespace) -> int:
    """Runs the monitor.

    Raises:
        UserError: The settings, the source or a model cannot be used.
    """
    for flag, path in (("--out", args.out), ("--record", args.record)):
        if path and no_home(path):
            raise ConfigError(f"{flag} {path}: begins with ~, but no home folder is known; write the full path")
    flags = {"output.clean": args.record_clean, "source.recursive": args.recursive}
    overrides = [*args.set, *(f"{key}=true" for key, on in flags.items() if on)]
    overrides += [f"web.listen={args.web}"] if args.web else []
    overrides += [f"emotion.model={args.model}"] if args.model else []
    config, config_from, configured = configuration.load(args.config, overrides, args.profile)
    if args.blur:
        config = _blurred(config)
        configured = [camera._replace(config=_blurred(camera.config)) for camera in configured]
    record = "" if args.record is None and (args.record_clean or args.blur) else args.record
    source, cameras = chosen(args, config, configured)
    if record and cameras:
        raise ConfigError(f"--record {record}: is one file for {len(cameras)} cameras; leave out the path")
    kind = _photographs(source, config)
    if args.json and not kind:
        raise ConfigError("--json: is for photographs; a run of a camera or video writes faces.csv and events.jsonl")
    if args.json:
        logging.getLogger("monitor").setLevel(logging.WARNING)  # print only problems besides the JSON
    copies = None
    if kind and record is not None:
        copies, record = _copies(record, config), None
    sinks = [PhotographSink(many=kind != "image", as_json=args.json)] if kind and not args.quiet else []
    options = app.Options(
        source=source, cameras=cameras, headless=args.headless, record=record, out=args.out,
        max_seconds=args.max_seconds, max_frames=args.max_frames, report=args.report, quiet=args.quiet or bool(kind),
    )  # fmt: skip
    return app.run(options, config, config_from, sinks, copies)


def _blurred(config: Config) -> Config:
    """The settings with blurred recordings; a stronger blur in the settings is preserved."""
    blur = "faces" if config.output.blur == "none" else config.output.blur
    return replace(config, output=replace(config.output, blur=blur))


def _copies(path: str, config: Config) -> app.InSession:
    """Makes the sink for copies of photographs, in ``path`` or, if that is empty, in the session folder.

    Raises:
        ConfigError: The copies would have to be blurred, or ``path`` is a file.
    """
    from monitor.outputs.drawing.annotator import Annotator
    from monitor.outputs.drawing.canvas import configured
    from monitor.outputs.video.copies import CopySink

    if config.output.blur != "none":
        raise ConfigError("--record: copies of photographs are not blurred; leave out --record or set output.blur=none")
    if path and os.path.lexists(path) and not os.path.isdir(path):
        raise ConfigError(f"--record {path}: is not a folder; photographs are copied into a folder")
    if path:
        _writable(Path(path).expanduser(), path)
    annotator, detail = Annotator(config.display, config.driver), configured(config.display)

    def drawn(result: Result) -> Image:
        return annotator.annotate(result, "off" if config.output.clean else detail)

    return lambda folder: [CopySink(Path(path).expanduser() if path else folder, drawn)]


def _writable(folder: Path, given: str) -> None:
    """Makes the folder of the copies before a picture is read.

    Raises:
        ConfigError, DiskError: It cannot be made or written into.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        error = refusal(folder)
    except OSError as failed:
        error = failed
    if error is not None:
        raise DiskError.kind(error)(f"--record {given}: cannot be written: {error.strerror}; give another folder")


def _photographs(source: str | None, config: Config) -> str:
    """The kind of the source if it consists of photographs, else ""."""
    if source is None or config.source.sequence:
        return ""
    kind = kind_of(revealed(source))
    return kind if kind in PHOTOGRAPHS else ""
