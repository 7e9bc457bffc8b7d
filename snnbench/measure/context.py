"""A measurement is given the network of a cell and all it is trained with."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from snnbench.core.network import Network
from snnbench.data.dataset import Dataset, Encoder, Split
from snnbench.records import Cell, derive_seed


@dataclass(frozen=True, slots=True)
class CellContext:
    """Measurements are given this: the network of one cell, its data and its encoder.

    Attributes:
        cell: What was asked for.
        network: The network, on ``device``, in evaluation mode; at the chosen epoch once it is trained.
        encoder: The cell's encoder.
        data: The cell's dataset, on the CPU.
        device: Where the network is.
    """

    cell: Cell
    network: Network
    encoder: Encoder
    data: Dataset
    device: torch.device

    def generator(self, stream: str) -> torch.Generator:
        """Return a fresh generator on ``device`` for one named stream of this cell."""
        return torch.Generator(self.device).manual_seed(derive_seed(self.cell.key, stream))

    def batch(self, split: Split, count: int, stream: str) -> tuple[Tensor, Tensor]:
        """Return the first ``count`` samples of ``split``, again from the start if it has fewer.

        Returns:
            Their encoding ``[T, B, *]`` and classes ``[B]``.
        """
        index = torch.arange(count) % len(split)
        return self.encode(split, index, stream), split.y[index].to(self.device)

    def encode(self, split: Split, index: Tensor, stream: str) -> Tensor:
        """Return the encoding ``[T, B, *]`` of the samples ``index`` ``[B]`` of ``split``."""
        return self.encoder(split.x[index].to(self.device), self.generator(stream))
