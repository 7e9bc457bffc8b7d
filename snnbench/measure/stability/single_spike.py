"""Measure what becomes of one flipped spike (Monteforte & Wolf 2012, Phys. Rev. X 2, 041007).

T steps, B batch entries, S = T − at steps from the flip on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import torch
from scipy.stats import binom, binomtest
from torch import Tensor

from snnbench.core.eager import State
from snnbench.errors import UsageError
from snnbench.measure.stability.copies import Copies, same
from snnbench.measure.stability.flat import FlatMap, MapStep, unbind, whole
from snnbench.measure.stability.flip import Flip, find_calls
from snnbench.measure.stability.statistics import ASYMPTOTIC_STEPS, CONFIDENCE, ENTRIES, estimate

Interval: TypeAlias = tuple[float, float] | None

SHOWN: Final = ("m1", "survival", "plateau", "half_time")
"""What is printed."""
LATE: Final = 4
"""The last of this many parts of the S steps is where survival and plateau are read."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SingleSpike:
    """The damage that one flipped spike does, over the batch entries; each has its own flip.

    Damage: the Hamming distance of two trajectories' spikes within a step, all populations together.
    It is dead once no spike differs in the rest of the window. Intervals are of 95 %, over the entries,
    which must be independent; None or NaN with fewer than 10, and for m1 where all entries are alike.

    Attributes:
        damage: Its mean over the entries, ``[S]``, float64 on the CPU; ``damage[0]`` is in the step of the
            flip and counts the flipped spike itself.
        damage_interval: ``[S, 2]``: t-intervals.
        m1: Branching: spikes that differ in the step after the flip for each that differs in the step of
            the flip, Σ damage₁ / Σ damage₀. None if ``at`` is the last step.
        m1_interval: Of a ratio estimate.
        survival: Fraction of the entries whose damage lives in the last quarter of the S steps.
        survival_interval: Wilson's.
        plateau: Mean damage a step in that quarter, of the entries that survive; None if none does.
        plateau_interval: t-interval over them.
        half_time: Steps from the flip until at most half of the damages live; None if more than half survive.
        half_time_interval: Of the median's order statistics; its end is ∞ where that damage survives.
        units: How many spikes an entry could make in a step: the greatest possible damage.
        control_ok: Whether an unflipped copy stayed equal to the reference bit by bit, and the reference
            did not depend on its neighbours. If not, all numbers are void: NaN or None.
        flags: ``control`` (``control_ok`` is false), ``diverged`` (a trajectory is not finite; all numbers
            are void as well), ``finite-time`` (S < 100).
    """

    damage: Tensor
    damage_interval: Tensor
    m1: float | None
    m1_interval: Interval
    survival: float | None
    survival_interval: Interval
    plateau: float | None
    plateau_interval: Interval
    half_time: int | None
    half_time_interval: Interval
    units: int
    control_ok: bool
    flags: tuple[str, ...]

    def __repr__(self) -> str:
        numbers = ", ".join(f"{name}={_shown(getattr(self, name))}" for name in SHOWN)
        return (
            f"SingleSpike({numbers}; {len(self.damage)} steps, {self.units} units; flags={list(self.flags)})"
        )


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def single_spike(step: MapStep, state: State, inputs: Tensor | int, *, at: int, seed: int = 0) -> SingleSpike:
    """Flip one spike in step ``at`` and follow what differs, with no rescaling and no derivative.

    In each entry one unit is drawn among all units of all populations; its spike is taken away where
    it fired and added where it did not. All that the step makes of that spike follows: its synaptic
    effect and its reset, also where they act in the step after. To that end every spike of the step
    must be made by a ``snnbench.Surrogate`` called on a tensor with the batch as first axis; a step may
    ask for the spikes of the step before once more, from the same membrane. A network's and a
    neuron's own ``step`` do so; a compiled step does not.

    Args:
        step: ``step(x_t, state) -> (output, state)``; x_t is None without inputs.
        state: Tensors with the batch B as first axis.
        inputs: ``[T, B, ...]``, or the number of steps T of an undriven map.
        at: Step of the flip, 0 to T − 1; those before it are a transient.
        seed: Of the units.

    Raises:
        UsageError: ``at`` is out of range; spikes are not made as above, or are not 0 or 1.
    """
    flow = FlatMap(step, state)
    xs = unbind(inputs, flow.batch)
    at, seed = whole("at", at), whole("seed", seed)
    if not 0 <= at < len(xs):
        raise UsageError(f"at={at} is none of {len(xs)} steps", f"give 0 to {len(xs) - 1}")
    with torch.no_grad():
        h = flow.start
        for x_t in xs[:at]:
            h = flow(x_t, h)
        generator = torch.Generator(h.device).manual_seed(seed)
        copies = Copies(flow, xs[at], 3)
        flip = Flip(copies, find_calls(flow, h, xs[at]), generator)
        damage, fault = _follow(flip, copies, copies.spread(h), xs[at:])
    return _void(damage, flip.units, fault) if fault else _summarise(damage, flip.units)


def _follow(
    flip: Flip, copies: Copies, together: Tensor, xs: Sequence[Tensor | None]
) -> tuple[Tensor, str | None]:
    """Damage over time ``[S, B]``, and which flag makes it void."""
    moved = together.clone()
    moved[1] += 1
    sound = copies.sees_no_neighbour(xs[0], moved)
    distances = []
    for since, x_t in enumerate(xs):
        together, distance = flip.step(x_t, together, since)
        sound = sound and same(together[0], together[2])
        distances.append(distance)
    damage, control = torch.stack(distances, 1).double().cpu()
    if not sound or control.any():
        return damage, "control"
    return damage, None if together.isfinite().all() else "diverged"


def _void(damage: Tensor, units: int, flag: str) -> SingleSpike:
    nothing = torch.full_like(damage[:, 0], torch.nan)
    both = nothing[:, None].expand(-1, 2)
    nones = (None,) * 8
    return SingleSpike(nothing, both, *nones, units, control_ok=flag != "control", flags=(flag,))


def _summarise(damage: Tensor, units: int) -> SingleSpike:
    steps, batch = damage.shape
    mean = estimate(damage.mT[None], torch.ones(1, 1, 1, dtype=torch.float64))
    late = max(1, steps // LATE)
    lifetimes = _lifetimes(damage)
    survivors = lifetimes > steps - late
    return SingleSpike(
        mean.mean,
        mean.interval,
        *(_ratio(damage[1], damage[0]) if steps > 1 else (None, None)),
        *_fraction(int(survivors.sum()), batch),
        *_ratio(damage[-late:, survivors].mean(0), torch.ones(int(survivors.sum()))),
        *_median(lifetimes, steps - late),
        units,
        control_ok=True,
        flags=("finite-time",) if steps < ASYMPTOTIC_STEPS else (),
    )


def _lifetimes(damage: Tensor) -> Tensor:
    """Return how many steps until no spike differs any more, ``[B]``, at least 1."""
    count = torch.arange(1, len(damage) + 1)[:, None]
    return ((damage > 0) * count).amax(0)


def _ratio(above: Tensor, below: Tensor) -> tuple[float | None, Interval]:
    """Return Σ above / Σ below over the entries, each ``[B]``."""
    if not len(above):
        return None, None
    result = estimate(above[None, :, None], below[None, :, None].double())
    low, high = result.interval[0].tolist()
    return float(result.mean), None if math.isnan(low) else (low, high)


def _fraction(count: int, batch: int) -> tuple[float, Interval]:
    if batch < ENTRIES:
        return count / batch, None
    interval = binomtest(count, batch).proportion_ci(CONFIDENCE, method="wilson")
    return count / batch, (float(interval.low), float(interval.high))


def _median(lifetimes: Tensor, known: int) -> tuple[int | None, Interval]:
    """Return the smallest time that at most half outlive; what lives longer than ``known`` is not known."""
    ordered = [life if life <= known else math.inf for life in lifetimes.sort().values.tolist()]
    batch = len(ordered)
    middle = ordered[(batch - 1) // 2]
    half_time = None if math.isinf(middle) else int(middle)
    if batch < ENTRIES:
        return half_time, None
    first = int(binom.ppf((1 - CONFIDENCE) / 2, batch, 0.5))
    return half_time, (float(ordered[first - 1]), float(ordered[batch - first]))
