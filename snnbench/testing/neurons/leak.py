"""Probe whether a neuron leaks as it says."""

from __future__ import annotations

import math
from statistics import fmean
from typing import Final

import torch
from torch import Tensor

from snnbench.core.eager import State
from snnbench.core.neuron import Neuron
from snnbench.testing.casebook import Probe
from snnbench.testing.neurons.crossing import walk
from snnbench.testing.neurons.subject import Subject
from snnbench.testing.outcomes import Undecided, Violation

STEPS: Final = 300
WIDTH: Final = 3
NUDGE: Final = 1e-6
SMOOTH: Final = 1e-6
"""Relative difference of two Jacobians that are the same."""
TOLERANCE: Final = 1e-6
"""nats a step, where nothing is less certain."""
ROUGH_TOLERANCE: Final = 0.02
"""nats a step, of a mean that has not settled: a rotation of the state adds up to ln(condition)/150."""


@torch.no_grad()
def leak_exponent(subject: Subject) -> None:
    """Return how fast a nudge of the state fades at rest, spikes frozen."""
    said = subject.make((WIDTH,)).leak_exponent()
    if said is None:
        raise Undecided("it gives none")
    grown, within = _growth(subject)
    if not (grown == said or abs(grown - said) <= within):
        raise Violation(
            f"leak_exponent() is {said:.9g} nats a step, but a nudge of the state changes by {grown:.9g}",
            smallest=f"no input for {STEPS} steps, every state moved by {NUDGE:g}",
            hint="it is the logarithm of the slowest decay; None where there is no closed form",
        )


def _growth(subject: Subject) -> tuple[float, float]:
    """Log growth of a small difference in a silent run, nats a step, and how far off that may be.

    Where a step does the same to every small difference, whenever it is made, the slowest eigenvalue of
    that; else a mean over the second half of the run.
    """
    neuron, x = subject.make((WIDTH,)), torch.zeros(STEPS // 2, 1, WIDTH, dtype=torch.float64)
    state, jacobians = neuron.initial_state(x[0]), []
    for _ in range(2):
        steps = walk(neuron, x, state)
        state = steps[-1][1]
        if subject.spikes and any(bool((y != 0).any()) for y, _ in steps):
            raise Undecided("it fires at rest")
        jacobians += [_jacobian(neuron, state, by) for by in (NUDGE, -NUDGE)]
    if not all(_same(jacobians[-1], one) for one in jacobians):
        return _mean_growth(subject, neuron)
    if not bool(torch.linalg.matrix_power(jacobians[-1], len(jacobians[-1])).any()):
        return -math.inf, 0.0
    slowest = [math.log(float(torch.linalg.eigvals(one).abs().max())) for one in jacobians]
    return slowest[-1], max(TOLERANCE, 10 * (max(slowest) - min(slowest)))


def _jacobian(neuron: Neuron, state: State, by: float) -> Tensor:
    """Return what a silent step makes of a nudge of each entry of the state.

    Each nudge is one sample of a batch.
    """
    sizes = [part.numel() for part in state]
    base = torch.cat([part.flatten() for part in state])
    nudged = torch.cat([base.expand(1, -1), base + by * torch.eye(len(base), dtype=base.dtype)])
    parts = [
        rows.reshape(-1, *part.shape[1:])
        for rows, part in zip(torch.split(nudged, sizes, 1), state, strict=True)
    ]
    x_t = torch.zeros(len(nudged), WIDTH, dtype=base.dtype)
    _, following = neuron.step(x_t, tuple(parts))
    rows = torch.cat([part.flatten(1) for part in following], 1)
    return (rows[1:] - rows[0]) / by


def _same(one: Tensor, other: Tensor) -> bool:
    return bool((one - other).abs().max() <= SMOOTH * one.abs().max())


def _mean_growth(subject: Subject, neuron: Neuron) -> tuple[float, float]:
    """Return the mean log growth over the second half of a silent run, and how far off it may be.

    The two runs are two samples of one batch, the second moved back to ``NUDGE`` of the first at each step.
    """
    x = torch.zeros(1, 2, WIDTH, dtype=torch.float64)
    state, growths = neuron.initial_state(x[0]), []
    generator = torch.Generator().manual_seed(2)
    gaps = [torch.rand(part[0].shape, generator=generator, dtype=torch.float64) for part in state]
    for _ in range(STEPS):
        size = _norm(gaps)
        if size == 0:
            return -math.inf, 0.0
        growths.append(math.log(size / NUDGE))
        state = tuple(
            torch.stack([part[0], part[0] + gap * (NUDGE / size)])
            for part, gap in zip(state, gaps, strict=True)
        )
        ((y, state),) = walk(neuron, x, state)
        if subject.spikes and bool((y != 0).any()):
            raise Undecided("it fires at rest")
        gaps = [part[1] - part[0] for part in state]
    third, fourth = (fmean(growths[end - STEPS // 4 : end]) for end in (3 * STEPS // 4, STEPS))
    settled = abs(third - fourth) <= TOLERANCE / 10
    return (third + fourth) / 2, TOLERANCE if settled else ROUGH_TOLERANCE


def _norm(parts: list[Tensor]) -> float:
    return math.sqrt(sum(float(part.square().sum()) for part in parts))


PROBES: Final = (Probe("claim[leak_exponent]", "its own leak_exponent()", leak_exponent),)
