"""Copies of a batch are stepped as one: all see the same input, and equal copies stay equal."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from snnbench.measure.stability.flat import FlatMap

PLACES: Final = (1, 4, 8, 16, 32)
"""Rows to whose multiples a batch is filled up, until a product rounds all its copies alike."""


class Copies:
    """C copies of a batch ``[B, ...]`` are one of C·P entries: P = B, or B filled up with entries again.

    A matrix product may round a row by its place in the batch, which would tell two equal copies
    apart. So a few ways of filling up are tried on ``flow``; if equal copies stay equal in none, it is
    not rounding that parts them, and nothing is filled up.

    Args:
        flow: The map, and the batch that it starts from.
        x_t: An input of one step, ``[B, ...]``; None for an undriven map.
        count: C.

    Attributes:
        batch: B. Entries from B on are fillers: to be left out of every result.
        count: C.
        entries: Which entry each row of a copy is, ``[P]``.
    """

    def __init__(self, flow: FlatMap, x_t: Tensor | None, count: int) -> None:
        self._flow = flow
        self.batch = flow.batch
        self.count = count
        for places in (*PLACES, 1):
            rows = -(-self.batch // places) * places
            self.entries = torch.arange(rows, device=flow.start.device) % self.batch
            self._rows = self.entries.repeat(count)
            if self._round_alike(x_t):
                break

    def _round_alike(self, x_t: Tensor | None) -> bool:
        h = self._flow.start
        generator = torch.Generator(h.device).manual_seed(0)
        h = h + torch.randn(h.shape, dtype=h.dtype, device=h.device, generator=generator)
        copies = self.step(x_t, self.spread(h))
        return all(same(copies[0], copy) for copy in copies[1:])

    def spread(self, h: Tensor) -> Tensor:
        """Return ``h`` ``[B, N]`` C times, ``[C, P, N]``."""
        return h.index_select(0, self.entries).expand(self.count, -1, -1)

    def step(self, x_t: Tensor | None, together: Tensor) -> Tensor:
        """Take one step of all copies ``[C, P, N]``, each under ``x_t`` ``[B, ...]``."""
        x = None if x_t is None else x_t.index_select(0, self._rows)
        return self._flow(x, together.flatten(0, 1)).view_as(together)

    def sees_no_neighbour(self, x_t: Tensor | None, together: Tensor) -> bool:
        """Return whether the first copy's step is the same beside ``together`` as beside copies of itself."""
        beside_equal = self.step(x_t, together[:1].expand_as(together))
        return same(self.step(x_t, together)[0], beside_equal[0])


def same(a: Tensor, b: Tensor) -> bool:
    """Return whether two are equal bit by bit; a NaN is equal to itself."""
    return torch.equal(a, b) or torch.allclose(a, b, rtol=0, atol=0, equal_nan=True)
