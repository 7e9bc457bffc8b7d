"""Measure how fast the distance of two spike trains grows, relative to itself.

T steps, B batch entries, N components of one entry's whole state, m sizes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from scipy.special import stdtrit
from torch import Tensor

from snnbench.core.eager import State
from snnbench.core.units import Unit, weights
from snnbench.errors import UsageError
from snnbench.measure.stability.copies import Copies, same
from snnbench.measure.stability.finite_size import sizes_of
from snnbench.measure.stability.flat import FlatMap, MapStep, check_transient, unbind, whole
from snnbench.measure.stability.statistics import CONFIDENCE, ENTRIES

WINDOW: Final = 10
"""Steps over which spikes that differ are counted."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SpikeDistance:
    """Growth of the number of spikes that differ, as a function of the disturbance's size δ.

    Attributes:
        deltas: The m sizes, ascending, of the disturbance of the state, in the unit that was given.
        exponents: ln(ΣD₂/ΣD₁)/w, ``[m]``, nats a step: D₁ and D₂ are what differs in the first and in the
            second w steps after a disturbance, summed over disturbances and entries. NaN where nothing
            differs in one of the two (the spike trains are the same: coalesced), or there is no number.
        interval: 95 % t-intervals over at least 10 entries, ``[m, 2]``; else NaN.
        differ: Share of the disturbances after which any spike differed in the first w steps, ``[m]``.
        control_ok: As of ``FiniteSize``.
        flags: ``control`` or ``diverged``, as of ``Survival``.
    """

    deltas: tuple[float, ...]
    exponents: Tensor
    interval: Tensor
    differ: Tensor
    control_ok: bool
    flags: tuple[str, ...]

    def __repr__(self) -> str:
        curve = zip(self.deltas, self.exponents.tolist(), strict=True)
        values = ", ".join(f"λ({delta:g})={value:.4g}" for delta, value in curve)
        return f"SpikeDistance({values}; flags={list(self.flags)})"


def spike_distance(
    step: MapStep,
    state: State,
    inputs: Tensor | int,
    deltas: Iterable[float],
    *,
    unit: Unit | None = None,
    transient: int = 0,
    window: int = WINDOW,
    seed: int = 0,
) -> SpikeDistance:
    """Disturb the state every 2w steps, let it go, and compare what differs in its output, early and late.

    A distance of spikes is divided by a distance of spikes, never by one of membranes. Spikes of 0 and 1
    count as 1 where they differ; graded ones by the size of the difference.

    Args:
        step: ``step(x_t, state) -> (spikes, state)``, the spikes ``[B, *]``; x_t is None without inputs.
        state: Tensors with the batch B as first axis.
        inputs: ``[T, B, ...]``, or the number of steps T of an undriven map.
        deltas: Sizes δ > 0 of the disturbance.
        unit: As for ``finite_size``.
        transient: Steps that are run before measuring starts.
        window: w.
        seed: Of the disturbances' directions.

    Raises:
        UsageError: An argument is out of range, or the step has no output.
    """
    xs = unbind(inputs, len(state[0]))
    sizes, seed = sizes_of(deltas), whole("seed", seed)
    transient, window = whole("transient", transient), whole("window", window)
    check_transient(transient, len(xs))
    if not 1 <= window <= (len(xs) - transient) // 2:
        raise UsageError(f"window={window} of {len(xs) - transient} steps", "two windows have to fit in")
    with torch.no_grad():
        run = _Run(step, state, xs, sizes, unit=unit, seed=seed)
        for x_t in xs[:transient]:
            run.reference = run.flow(x_t, run.reference)
        rounds = range(transient, len(xs) - 2 * window + 1, 2 * window)
        counts = torch.stack([run.follow(xs[at : at + 2 * window]) for at in rounds])
    return _summarise(counts, sizes, window, run.flag)


class _Run:
    """Copies of a map whose last components are its output."""

    def __init__(
        self,
        step: MapStep,
        state: State,
        xs: Sequence[Tensor | None],
        sizes: Sequence[float],
        *,
        unit: Unit | None,
        seed: int,
    ) -> None:
        output = step(xs[0], state)[0]
        if not isinstance(output, Tensor) or output.shape[:1] != state[0].shape[:1]:
            raise UsageError("the step has no output [B, *]", "return (spikes, state)")
        given = weights(state, unit)
        self.flow = FlatMap(_keeping_output(step), (*state, torch.zeros_like(output, dtype=state[0].dtype)))
        self.reference = self.flow.start
        self.flag = ""
        self._outputs = slice(len(given), None)
        self._weight = given
        self._sizes = torch.tensor(sizes, dtype=given.dtype, device=given.device)[:, None, None]
        self._generator = torch.Generator(given.device).manual_seed(seed)
        self._copies = Copies(self.flow, xs[0], len(sizes) + 2)

    def follow(self, xs: Sequence[Tensor | None]) -> Tensor:
        """Disturb the reference, follow it through ``xs``: what differs in each half, ``[2, m, B]``."""
        copies = self._copies
        together = copies.spread(self.reference).clone()
        together[1:-1, :, : len(self._weight)] += self._sizes * self._directions()[copies.entries]
        if not copies.sees_no_neighbour(xs[0], together):
            self.flag = "control"
        apart = []
        for x_t in xs:
            together = copies.step(x_t, together)
            if not same(together[0], together[-1]):
                self.flag = "control"
            outputs = together[..., self._outputs]
            apart.append((outputs[1:-1] - outputs[0]).abs().sum(-1)[:, : copies.batch])
        self.reference = together[0, : copies.batch]
        if not self.flag and not self.reference.isfinite().all():
            self.flag = "diverged"
        halves = torch.stack(apart).view(2, -1, *apart[0].shape)
        return halves.sum(1).double().cpu()

    def _directions(self) -> Tensor:
        """Return random directions of size 1, ``[B, N]``."""
        shape = (len(self.reference), len(self._weight))
        like = self._weight
        drawn = torch.randn(shape, dtype=like.dtype, device=like.device, generator=self._generator)
        sizes: Tensor = torch.linalg.vector_norm(drawn, dim=1, keepdim=True)
        return drawn / sizes / self._weight


def _keeping_output(step: MapStep) -> MapStep:
    """Return ``step`` with its output as the last part of the state, which it does not read."""

    def keeping(x_t: Tensor | None, state: State) -> tuple[None, State]:
        output, following = step(x_t, state[:-1])
        return None, (*following, output.to(state[-1].dtype))

    return keeping


def _summarise(counts: Tensor, sizes: tuple[float, ...], window: int, flag: str) -> SpikeDistance:
    """Return the result of what differed, ``[rounds, 2, m, B]``."""
    early, late = counts.sum(0)
    batch = early.shape[-1]
    exponents = (late.sum(-1) / early.sum(-1)).log() / window
    exponents = exponents.masked_fill(~exponents.isfinite() | torch.tensor(bool(flag)), torch.nan)
    # delta method for the logarithm of a ratio
    residuals = late / late.mean(-1, keepdim=True) - early / early.mean(-1, keepdim=True)
    quantile = float(stdtrit(batch - 1, (1 + CONFIDENCE) / 2)) if batch >= ENTRIES else math.nan
    half = quantile * residuals.std(-1) / batch**0.5 / window
    return SpikeDistance(
        sizes,
        exponents,
        torch.stack([exponents - half, exponents + half], -1),
        (counts[:, 0] > 0).double().mean((0, 2)).masked_fill(torch.tensor(bool(flag)), torch.nan),
        control_ok=flag != "control",
        flags=(flag,) if flag else (),
    )
