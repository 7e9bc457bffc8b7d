"""Measure what becomes of a disturbance that is let go: nothing rescales it (compare ``finite_size``).

T steps, B batch entries, N components of one entry's whole state, m sizes, S = T − transient steps followed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from scipy.special import ndtri
from torch import Tensor

from snnbench.core.eager import State
from snnbench.core.units import Unit, weights
from snnbench.measure.stability.copies import Copies, same
from snnbench.measure.stability.finite_size import sizes_of
from snnbench.measure.stability.flat import FlatMap, MapStep, check_transient, unbind, whole
from snnbench.measure.stability.statistics import CONFIDENCE, ENTRIES

GONE: Final = 1e-6
"""Share of its first size below which a disturbance is gone."""
LARGER: Final = 1e-9
"""Share of its first size by which a disturbance is larger, above rounding."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Survival:
    """These are shares of the batch entries, by steps since the disturbance; each has its own direction.

    Attributes:
        deltas: The m sizes, ascending, in the unit that was given.
        larger: Share in which the two trajectories are further apart than at the start, ``[S, m]``.
        larger_interval: 95 %, Wilson's, ``[S, m, 2]``; NaN with fewer than 10 entries.
        there: Share in which they are further apart than a millionth of it: not gone, ``[S, m]``.
        there_interval: Likewise.
        control_ok: Whether an undisturbed copy stayed equal to the reference, bit by bit, and the reference
            did not depend on its neighbours. If not, all numbers are NaN.
        flags: ``control`` (``control_ok`` is false), ``diverged`` (the trajectory is not finite; all numbers
            are NaN as well).
    """

    deltas: tuple[float, ...]
    larger: Tensor
    larger_interval: Tensor
    there: Tensor
    there_interval: Tensor
    control_ok: bool
    flags: tuple[str, ...]

    def __repr__(self) -> str:
        if self.flags:
            return f"Survival(void: {self.flags[0]})"
        ends = zip(self.deltas, self.larger[-1].tolist(), self.there[-1].tolist(), strict=True)
        shares = "; ".join(f"δ={delta:g}: larger {a:.0%}, there {b:.0%}" for delta, a, b in ends)
        return f"Survival(after {len(self.larger)} steps: {shares})"


def survival(
    step: MapStep,
    state: State,
    inputs: Tensor | int,
    deltas: Iterable[float],
    *,
    unit: Unit | None = None,
    transient: int = 0,
    seed: int = 0,
) -> Survival:
    """Disturb the state once, in a random direction, and follow it: is it larger, still there, or gone?

    Arguments as for ``finite_size``; the disturbance is made after ``transient`` steps.

    Raises:
        UsageError: An argument is out of range.
    """
    flow = FlatMap(step, state)
    xs = unbind(inputs, flow.batch)
    sizes, seed, transient = sizes_of(deltas), whole("seed", seed), whole("transient", transient)
    check_transient(transient, len(xs))
    with torch.no_grad():
        h = flow.start
        for x_t in xs[:transient]:
            h = flow(x_t, h)
        distances, flag = _follow(flow, h, sizes, xs[transient:], weight=weights(state, unit), seed=seed)
    start = torch.tensor(sizes, dtype=torch.float64)[:, None]
    larger = _shares(distances > (1 + LARGER) * start, void=bool(flag))
    there = _shares(distances > GONE * start, void=bool(flag))
    return Survival(sizes, *larger, *there, flag != "control", (flag,) if flag else ())


def _follow(
    flow: FlatMap,
    h: Tensor,
    sizes: Sequence[float],
    xs: Sequence[Tensor | None],
    *,
    weight: Tensor,
    seed: int,
) -> tuple[Tensor, str]:
    """Return the distances after each step, ``[S, m, B]``, and which flag makes them void."""
    copies = Copies(flow, xs[0], len(sizes) + 2)
    together = copies.spread(h).clone()
    drawn = torch.randn(
        h.shape, dtype=h.dtype, device=h.device, generator=torch.Generator(h.device).manual_seed(seed)
    )
    direction = (drawn / torch.linalg.vector_norm(drawn, dim=1, keepdim=True) / weight)[copies.entries]
    for index, size in enumerate(sizes, 1):
        together[index] += size * direction
    sound = copies.sees_no_neighbour(xs[0], together)
    distances = []
    for x_t in xs:
        together = copies.step(x_t, together)
        sound = sound and same(together[0], together[-1])
        apart = torch.linalg.vector_norm((together[1:-1] - together[0]) * weight, dim=-1)
        distances.append(apart[:, : copies.batch])
    flag = "" if together[0].isfinite().all() else "diverged"
    return torch.stack(distances).double().cpu(), flag if sound else "control"


def _shares(counted: Tensor, *, void: bool) -> tuple[Tensor, Tensor]:
    """Return the shares over the last axis, ``[S, m]``, and Wilson's intervals (1927), ``[S, m, 2]``."""
    count = counted.shape[-1]
    share = counted.double().mean(-1)
    square = float(ndtri((1 + CONFIDENCE) / 2)) ** 2
    middle = (share + square / (2 * count)) / (1 + square / count)
    half = (share * (1 - share) / count + square / (4 * count**2)).clamp(min=0).sqrt()
    half = half * square**0.5 / (1 + square / count)
    interval = torch.stack([(middle - half).clamp(min=0), (middle + half).clamp(max=1)], -1)
    if count < ENTRIES:
        interval = torch.full_like(interval, torch.nan)
    nothing = torch.nan if void else 0.0
    return share + nothing, interval + nothing
