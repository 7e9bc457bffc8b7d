"""Samples as the engine takes them: splits held in memory, and the encoders that spread them over time."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import torch
from torch import Tensor

from snnbench.engine.events import Events

Samples: TypeAlias = Tensor | Events


@dataclass(frozen=True, slots=True)
class Split:
    """Samples ``x`` ``[N, *shape]``, or N recordings, and their classes ``y`` ``[N]`` (int64)."""

    x: Samples
    y: Tensor

    def __len__(self) -> int:
        return len(self.y)

    def to(self, device: torch.device) -> Split:
        """The same samples on ``device``."""
        return Split(self.x.to(device), self.y.to(device))


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset, split. The test split is never used to choose anything.

    Attributes:
        train: What the optimiser sees.
        validation: Cut from the training data; chooses the epoch.
        test: Held out.
        classes: Number of classes.
    """

    train: Split
    validation: Split
    test: Split
    classes: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one sample; of one frame of a recording."""
        return tuple(self.train.x.shape[1:])

    @property
    def checksum(self) -> str:
        """SHA-256 over all samples and classes, first 16 hex digits."""
        digest = hashlib.sha256()
        for split in (self.train, self.validation, self.test):
            samples = split.x.tensors if isinstance(split.x, Events) else (split.x,)
            for tensor in (*samples, split.y):
                digest.update(tensor.contiguous().numpy().tobytes())
        return digest.hexdigest()[:16]


class Encoder(Protocol):
    """Spreads samples over time."""

    def __call__(self, x: Any, generator: torch.Generator) -> Tensor:
        """Encode ``x`` ``[B, *shape]`` into ``[T, B, *encoded_shape]``.

        Args:
            x: ``Samples`` of a kind that the encoder accepts, on the generator's device.
            generator: Source of all randomness.

        Raises:
            UsageError: A value is outside the range the encoder declares.
        """
        ...
