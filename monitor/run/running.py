"""The parts of a camera that the main thread watches."""

from __future__ import annotations

from typing import NamedTuple

from monitor.outputs.bundle import Outputs
from monitor.outputs.logs.session import SessionFolder
from monitor.run.supervisor import Supervisor
from monitor.run.worker import Worker
from monitor.settings.config import Config


class Running(NamedTuple):
    """The parts of a camera that the main thread watches.

    Attributes:
        worker: Its worker.
        outputs: Its sinks.
        session: Its session folder.
        config: Its settings.
        watch: Its supervisor.
        name: Its name; "" = the only source of the run.
    """

    worker: Worker
    outputs: Outputs
    session: SessionFolder
    config: Config
    watch: Supervisor
    name: str = ""
