"""The window, if there is a display. All of it runs in the main thread."""

from __future__ import annotations

import os
import subprocess
import sys

import cv2
import numpy as np

from monitor.core.types import Image

TITLE = "Emotion Monitor"
PROBE_S = 15.0


class DisplayProbe:
    """Tests whether a window can open, without risk to this process.

    OpenCV's window toolkits abort the whole program if the display does not answer, so a child process tries first. It
    runs while the program loads its models.
    """

    def __init__(self) -> None:
        self._reason = self._cheap_reason()
        self._child: subprocess.Popen[bytes] | None = None
        if not self._reason:
            code = "import cv2; cv2.namedWindow('probe'); cv2.waitKey(1); cv2.destroyAllWindows()"
            self._child = subprocess.Popen(
                [sys.executable, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )

    @staticmethod
    def _cheap_reason() -> str:
        if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            return "no display (DISPLAY is not set)"
        if "GUI:                           NONE" in cv2.getBuildInformation():
            return "this OpenCV build has no windows (opencv-python-headless)"
        return ""

    def reason(self) -> str:
        """Why no window can open; empty when one can."""
        if self._child is not None:
            try:
                code = self._child.wait(PROBE_S)
            except subprocess.TimeoutExpired:
                self._child.kill()
                code = -1
            self._child = None
            if code != 0:
                self._reason = (
                    f"the display {os.environ.get('DISPLAY') or os.environ.get('WAYLAND_DISPLAY', '')} does not answer"
                )
        return self._reason


class Window:
    """One resizable window that keeps the picture's proportions."""

    def __init__(self, max_width: int, max_height: int) -> None:
        self._max_width, self._max_height = max_width, max_height
        self._opened = self._closed = False

    def show(self, image: Image) -> None:
        """Shows a picture, shrunk if it is larger than allowed; does nothing after the window was closed."""
        if self._closed:
            return
        height, width = image.shape[:2]
        scale = min(self._max_width / width, self._max_height / height)
        if scale < 1:
            size = (max(1, round(width * scale)), max(1, round(height * scale)))
            image = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        if not self._opened:
            cv2.namedWindow(TITLE, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)
            cv2.resizeWindow(TITLE, image.shape[1], image.shape[0])
            self._opened = True
        cv2.imshow(TITLE, image)

    def key(self, wait_ms: int) -> str:
        """The key pressed within ``wait_ms``: a character, "esc", "closed" (the user closed the window), or ""."""
        try:
            # Unmasked, because the low bytes of the arrow keys' codes are letters (Left would quit).
            code = cv2.waitKeyEx(max(1, wait_ms))
            self._closed |= self._opened and cv2.getWindowProperty(TITLE, cv2.WND_PROP_VISIBLE) < 1
        except cv2.error:  # Qt ends with its last window, and then raises
            self._closed = True
        if self._closed:
            return "closed"
        if code == 27:
            return "esc"
        return chr(code).lower() if 32 <= code < 127 else ""

    def close(self) -> None:
        """Closes the window."""
        if self._opened and not self._closed:
            cv2.destroyAllWindows()
            cv2.waitKey(1)
        self._opened = False
