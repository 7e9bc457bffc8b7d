"""Reference, perturbed copies and control are stepped as one batch and held at their distances.

T steps, B batch entries, P ≥ B rows of a copy (see ``Copies``), N components of one entry's whole
state, m sizes, C = m + 2 copies: 0 the reference, 1 … m the perturbed ones, m + 1 the control.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from snnbench.measure.stability.copies import Copies, same
from snnbench.measure.stability.flat import FlatMap
from snnbench.measure.stability.statistics import blocks

CHUNK: Final = 64
"""Steps whose sizes are kept until their logarithms are taken together."""


@dataclass(frozen=True, slots=True, eq=False)
class BundleGrowth:
    """Sums of ln(‖Δ'‖/‖Δ‖), how many were added, and how often it was 0: each ``[blocks, B, m]``.

    ``control_ok``: the control stayed equal to the reference, and both did not see their neighbours.
    ``finite``: the reference is finite to the end. ``peak``: the largest component it had, weighted.
    """

    sums: Tensor
    counts: Tensor
    merges: Tensor
    control_ok: bool
    finite: bool
    peak: float


class Bundle:
    """A bundle has the present states ``[C, P, N]`` of the C copies.

    Args:
        flow: The map, and where the reference starts.
        sizes: The m sizes δ.
        x_t: Its first input.
        seed: Of the perturbations' directions.
        weight: What a difference is multiplied by before its norm is its size, ``[N]``.

    Attributes:
        together: The copies as they are.
        peak: Largest component the reference had, weighted.
        control_ok: See ``BundleGrowth``.
    """

    def __init__(
        self, flow: FlatMap, sizes: Sequence[float], x_t: Tensor | None, seed: int, weight: Tensor
    ) -> None:
        h = flow.start
        self._weight = weight
        self._generator = torch.Generator(h.device).manual_seed(seed)
        self._delta = torch.tensor(sizes, dtype=h.dtype, device=h.device)[:, None]
        self.copies = Copies(flow, x_t, len(sizes) + 2)
        reference = self.copies.spread(h)[0]
        self._hold(reference, self._draw(reference).expand(len(sizes), -1, -1))
        self.peak = self._peak(reference)
        self.control_ok = self.copies.sees_no_neighbour(x_t, self.together)

    def step(self, x_t: Tensor | None) -> Tensor:
        """Take one step of all, then scale each difference back to size δ.

        Returns:
            ‖Δ‖/δ before it is scaled back, ``[m, P]``.
        """
        following = self.copies.step(x_t, self.together)
        reference = following[0]
        self.control_ok = same(reference, following[-1])
        self.peak = torch.maximum(self.peak, self._peak(reference))
        return self._hold(reference, following[1:-1] - reference) / self._delta

    def _hold(self, reference: Tensor, difference: Tensor) -> Tensor:
        """Put the perturbed copies at ``difference`` ``[m, P, N]`` scaled to δ by one number per entry.

        A difference of 0 has no direction: it gets a new one.

        Returns:
            Its size before, ``[m, P]``.
        """
        size = self._norm(difference)
        scale = self._delta / size
        if not size.all():
            difference = torch.where((size == 0)[..., None], self._draw(difference), difference)
            scale = self._delta / self._norm(difference)
        perturbed = torch.addcmul(reference, difference, scale[..., None])
        self.together = torch.cat([reference[None], perturbed, reference[None]])
        return size

    def _draw(self, like: Tensor) -> Tensor:
        drawn = torch.randn(like.shape, dtype=like.dtype, device=like.device, generator=self._generator)
        return drawn / self._weight

    def _norm(self, difference: Tensor) -> Tensor:
        norm: Tensor = torch.linalg.vector_norm(difference * self._weight, dim=-1)
        return norm

    def _peak(self, reference: Tensor) -> Tensor:
        peak: Tensor = torch.linalg.vector_norm(reference * self._weight, torch.inf)
        return peak


def growth(
    flow: FlatMap,
    sizes: Sequence[float],
    xs: Sequence[Tensor | None],
    transient: int,
    *,
    seed: int,
    weight: Tensor,
) -> BundleGrowth:
    """Follow a bundle through ``xs``, or until its control fails; count from step ``transient`` on."""
    bundle = Bundle(flow, sizes, xs[0], seed, weight)
    for x_t in xs[:transient]:
        if bundle.control_ok:
            bundle.step(x_t)
    totals = [_total(bundle, block) for block in blocks(xs[transient:])]
    sums, counts, merges = (torch.stack(parts).cpu() for parts in zip(*totals, strict=True))
    finite = bool(bundle.together[0].isfinite().all())
    return BundleGrowth(sums, counts, merges, bundle.control_ok, finite, float(bundle.peak))


def _total(bundle: Bundle, xs: Sequence[Tensor | None]) -> tuple[Tensor, Tensor, Tensor]:
    """Return the sum and number of the logarithms and the number of merges over ``xs``, each ``[B, m]``."""
    shape, device = (bundle.copies.batch, bundle.copies.count - 2), bundle.together.device
    total = tuple(torch.zeros(shape, dtype=torch.float64, device=device) for _ in range(3))
    for start in range(0, len(xs), CHUNK):
        factors = [bundle.step(x_t) for x_t in xs[start : start + CHUNK] if bundle.control_ok]
        if factors:
            factor = torch.stack(factors)[..., : shape[0]].double().mT
            merged = factor == 0
            logs = factor.log().masked_fill(merged, 0)
            total = tuple(old + new.sum(0) for old, new in zip(total, (logs, ~merged, merged), strict=True))
    sums, counts, merges = total
    return sums, counts, merges
