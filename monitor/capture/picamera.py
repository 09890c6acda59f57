"""The Raspberry Pi's CSI camera through picamera2 (which comes from apt, not from PyPI)."""

from __future__ import annotations

import contextlib
import time
from typing import Any

import numpy as np

from monitor.capture.geometry import wanted
from monitor.core.errors import SetupError, SourceError
from monitor.core.types import Frame
from monitor.settings.config import SourceConfig


class PiCameraSource:
    """A CSI camera; see ``Source``. OpenCV cannot open it (picamera2 #617)."""

    live = True
    frames = 0
    name = "picamera"

    def __init__(self, config: SourceConfig) -> None:
        """Starts the camera.

        Raises:
            SetupError: picamera2 is not importable.
            SourceError: There is no camera, or it does not start.
        """
        try:
            from picamera2 import Picamera2  # type: ignore[import-not-found,unused-ignore]
        except ImportError:
            raise SetupError(
                "--source picamera: picamera2 is not importable; run: sudo apt install python3-picamera2, then for the "
                "service: sudo make install-service, else: python3 -m venv --system-site-packages .venv"
            ) from None
        except Exception as error:  # apt's simplejpeg was built for apt's NumPy (picamera2 #1088, #1211)
            why = " ".join(str(error).split())[:120]
            raise SetupError(
                f"--source picamera: picamera2 does not work in this environment ({why}); if it names simplejpeg, run: "
                "pip install --force-reinstall --no-deps simplejpeg"
            ) from None
        self._index = 0
        self._shape = wanted(config.rotate, config.flip)
        size = (config.width or 640, config.height or 480)
        camera: Any = None
        try:
            camera = Picamera2()
            controls = {"FrameRate": config.fps} if config.fps else {}
            # libcamera's "RGB888" is B, G, R in memory, which is what OpenCV expects.
            video = camera.create_video_configuration(
                main={"size": size, "format": "RGB888"}, controls=controls, buffer_count=3
            )
            camera.configure(video)
            camera.start()
        except Exception as error:  # libcamera raises bare RuntimeErrors and IndexErrors
            if camera is not None:  # libcamera allows one user: left open, it could never be reopened
                with contextlib.suppress(Exception):
                    camera.close()
            raise SourceError(
                f"--source picamera: the camera does not start ({error}); check cable and: rpicam-hello"
            ) from None
        self._camera = camera
        self.fps = config.fps
        self._size = size

    def read(self) -> Frame | None:
        """The next frame."""
        image = np.ascontiguousarray(self._camera.capture_array("main")[:, :, :3])
        t, wall = time.monotonic(), time.time()
        image = self._shape(image)
        image.setflags(write=False)
        frame = Frame(self._index, t, wall, image, self.name)
        self._index += 1
        return frame

    def close(self) -> None:
        """Stops and releases the camera, even if stopping fails, because libcamera allows one user at a time."""
        try:
            self._camera.stop()
        finally:
            self._camera.close()

    def facts(self) -> dict[str, Any]:
        """Requested size and rate."""
        return {"kind": "picamera", "width": self._size[0], "height": self._size[1], "fps": self.fps}
