"""Samples as the engine takes them: splits held in memory, and the encoders that spread them over time."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import torch
from torch import Tensor

from snnbench.data.events import Events
from snnbench.data.recordings import Recordings
from snnbench.data.sequences import Sequences

Samples: TypeAlias = Tensor | Sequences | Events | Recordings


@dataclass(frozen=True, slots=True)
class Split:
    """A split has samples ``x`` ``[N, *shape]``, or N sequences or recordings, and classes ``y`` ``[N]``."""

    x: Samples
    y: Tensor

    def __len__(self) -> int:
        return len(self.y)

    def select(self, index: Tensor) -> Split:
        """Return the samples that ``index`` names; recordings stay in their files."""
        x = self.x.select(index) if isinstance(self.x, Recordings) else self.x[index]
        return Split(x, self.y[index])

    def batch(self, index: Tensor | slice) -> tuple[Samples, Tensor]:
        """Return the samples that ``index`` names and their classes, on the device where the classes are."""
        where = index.to(self.x.device) if isinstance(index, Tensor) else index
        return self.x[where].to(self.y.device), self.y[index]

    def near(self, device: torch.device) -> Split:
        """Return the same samples with their classes on ``device``, and all else too unless it is much.

        What takes more than a quarter of the memory that is free there stays where it is.
        """
        x = self.x
        if device.type != "cuda" or _nbytes(x) < torch.cuda.mem_get_info(device)[0] / 4:
            x = x.to(device)
        return Split(x, self.y.to(device))


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset has three splits. The test split is never used to choose anything.

    Attributes:
        train: What the optimiser sees.
        validation: Cut from the training data; chooses the epoch.
        test: Held out.
        classes: Number of classes.
        remarks: What a reader must know of it: ``subset``, ``unpublished files``.
    """

    train: Split
    validation: Split
    test: Split
    classes: int
    remarks: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the shape of one sample; of one frame of a recording."""
        return tuple(self.train.x.shape[1:])

    @property
    def checksum(self) -> str:
        """Return the SHA-256 over all samples and classes, or which records of what they are.

        It has the first 16 hex digits.
        """
        digest = hashlib.sha256()
        for split in (self.train, self.validation, self.test):
            for tensor in (*_content(split.x), split.y):
                digest.update(tensor.contiguous().numpy().data)
            if isinstance(split.x, Recordings):
                digest.update(split.x.source.fingerprint.encode())
        return digest.hexdigest()[:16]


def _nbytes(x: Samples) -> int:
    return 0 if isinstance(x, Recordings) else sum(tensor.nbytes for tensor in _content(x))


def _content(x: Samples) -> tuple[Tensor, ...]:
    """Return the tensors that tell samples apart from any other."""
    if isinstance(x, Recordings):
        return (torch.tensor(x.records),)
    return (x,) if isinstance(x, Tensor) else x.tensors


class Encoder(Protocol):
    """An encoder spreads samples over time. One whose samples differ in length has a method ``lengths`` too.

    ``lengths(x)`` tells how many steps of each encoded sample are real, ``[B]``, from 1 to T; what
    follows them is padding, which the readout leaves out. None stands for all.
    """

    def __call__(self, x: Any, generator: torch.Generator) -> Tensor:
        """Encode ``x`` ``[B, *shape]`` into ``[T, B, *encoded_shape]``.

        Args:
            x: ``Samples`` of a kind that the encoder accepts, on the generator's device.
            generator: Source of all randomness.

        Raises:
            UsageError: A value is outside the range the encoder declares.
        """
        ...


def real_steps(encoder: Encoder, x: Samples) -> Tensor | None:
    """Return how many steps of each sample are real once it is encoded, ``[B]``; None where all are."""
    lengths = getattr(encoder, "lengths", None)
    found: Tensor | None = None if lengths is None else lengths(x)
    return found
