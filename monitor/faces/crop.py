"""THE preprocessing: from a gray frame and a face box to the pixels a network sees.

One definition for the app and for the training; its parameters travel in the model card.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def to_unit(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Gray levels 0..255 as float32 in [-1, 1], the network's real-valued input."""
    return (crops.astype(np.float32) - np.float32(127.5)) / np.float32(127.5)
