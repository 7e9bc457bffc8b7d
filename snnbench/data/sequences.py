"""Sequences of unequal length, padded at their ends."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Sequences:
    """This holds N sequences. It is indexed as a tensor is, by a slice or an index tensor.

    Attributes:
        values: ``[N, T, *features]``; what lies beyond a sequence's length is 0.
        lengths: ``[N]`` int64: real steps of each, from 1 to T.
    """

    values: Tensor
    lengths: Tensor

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, index: Tensor | slice) -> Sequences:
        """Return the sequences that ``index`` names, in its order."""
        return Sequences(self.values[index], self.lengths[index])

    @property
    def device(self) -> torch.device:
        """Return where they are."""
        return self.values.device

    @property
    def shape(self) -> torch.Size:
        """Return ``[N, T, *features]``."""
        return self.values.shape

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """Return all that it holds."""
        return self.values, self.lengths

    def to(self, device: torch.device) -> Sequences:
        """Return the same sequences on ``device``."""
        return Sequences(self.values.to(device), self.lengths.to(device))
