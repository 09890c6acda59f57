"""Shape of the plain networks (``train/network.py``), as numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: a halving convolution, then residual blocks of two convolutions.

    Attributes:
        width: Channels it hands on.
        blocks: Residual blocks.
        inner: Channels between the two convolutions of a block.
    """

    width: int
    blocks: int
    inner: int


@dataclass(frozen=True, slots=True)
class Shape:
    """Channels and residual blocks of each stage, and the channels within its blocks.

    Raises:
        ValueError: They differ in length.
    """

    channels: tuple[int, ...]
    blocks: tuple[int, ...]
    inner: tuple[int, ...] = ()
    """Empty = as many as the stage's own."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "inner", self.inner or self.channels)
        if not len(self.channels) == len(self.blocks) == len(self.inner):
            raise ValueError(
                f"channels ({len(self.channels)}), blocks ({len(self.blocks)}) and inner ({len(self.inner)}) must have "
                "one entry per stage"
            )

    def stages(self) -> Iterator[Stage]:
        """Its stages, the largest picture's first."""
        for width, blocks, inner in zip(self.channels, self.blocks, self.inner, strict=True):
            yield Stage(width, blocks, inner)
