"""Fetches one picture: checks the site's rules, downloads, checks and stores it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from train.collect import pictures
from train.collect.client import Client
from train.collect.errors import Failed, Refused
from train.collect.pictures import Limits
from train.collect.providers.base import Provider
from train.collect.robots import Robots
from train.collect.rows import FAILED, FETCHED, REFUSED, Outcome, Picture
from train.system import resources

PARTS = ".parts"
"""Folder of files that are being received; files left by a killed run are deleted."""


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Fetches pictures into the folder of a collection; used by several threads.

    Attributes:
        root: The folder.
        client: Sends the requests.
        robots: The rules of sites.
        providers: All providers by name.
        limits: Largest pictures.
    """

    root: Path
    client: Client
    robots: Robots
    providers: Mapping[str, Provider]
    limits: Limits

    def prepare(self) -> list[int]:
        """Deletes the files of a killed run, and makes the folder of received files.

        Returns:
            Numbers of the pictures whose fetch was interrupted when the last run was killed.

        Raises:
            ConfigError: It cannot be made.
        """
        left = [int(path.stem) for path in (self.root / PARTS).glob("*.part") if path.stem.isdecimal()]
        shutil.rmtree(self.root / PARTS, ignore_errors=True)
        resources.make_folder(self.root / PARTS)
        return left

    def finish(self) -> None:
        """Deletes the folder of received files."""
        shutil.rmtree(self.root / PARTS, ignore_errors=True)

    def fetch(self, picture: Picture) -> Outcome:
        """Fetches a picture and stores it.

        Raises:
            ConfigError: The disk cannot be written.
            Stopped: The program is stopping.
        """
        received = self.root / PARTS / f"{picture.id}.part"
        provider = self.providers[picture.provider]
        try:
            if provider.local:
                self._copy(Path(picture.url), received)
            else:
                if provider.crawled and not self.robots.allows(picture.url):
                    return Outcome(REFUSED, "robots.txt of the site forbids it")
                self.client.download(picture.url, received, self.limits.bytes)
            stored = pictures.store(received, self.root, picture.label, self.limits)
        except Refused as error:
            return Outcome(REFUSED, str(error))
        except Failed as error:
            return Outcome(FAILED, str(error))
        finally:
            received.unlink(missing_ok=True)
        return Outcome(FETCHED, "", stored.path, stored.sha256, stored.bytes, stored.width, stored.height)

    def _copy(self, source: Path, target: Path) -> None:
        try:
            size = os.stat(source).st_size
            if size > self.limits.bytes:
                raise Refused(f"has {size:,} bytes, at most {self.limits.bytes:,} are read")
            data = source.read_bytes()
        except OSError as error:
            raise Failed(f"cannot be read: {error.strerror}") from None
        with resources.writing(target):
            target.write_bytes(data)
