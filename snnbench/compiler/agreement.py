"""Compare two ways to run a population over time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity

from snnbench.core.eager import State, Stepping

MOST_FLIPS: Final = 1e-4
"""Share of outputs that may differ."""
LEAST_COSINE: Final = 0.9999
"""Between the gradients of the input, of each part of the state, and of each parameter."""
MOST_ERROR: Final = 0.02
"""Of such a gradient, as a share of its norm: as much as that cosine allows, of its scale too."""

Run: TypeAlias = Callable[[Stepping, Tensor, State], tuple[Tensor, State]]


def disagreement(neuron: Stepping, x: Tensor, state: State, reference: Run, other: Run) -> str:
    """Return how ``other`` differs from ``reference`` more than it may, on this input; empty if it does not.

    Outputs and last state are compared: spikes exactly, graded numbers to the root of their dtype's
    resolution. Gradients are compared where they are enabled, for random cotangents of them all.

    Args:
        neuron: The population; its parameters' ``grad`` is left alone.
        x: ``[T, B, *features]``.
        state: Before the first step.
        reference: Runs the population as it should be run.
        other: Runs it as it is going to be.
    """
    expected, expected_gradients = _results(neuron, x, state, reference)
    results, gradients = _results(neuron, x, state, other)
    if [(one.shape, one.dtype) for one in results] != [(one.shape, one.dtype) for one in expected]:
        return "its outputs or states have other shapes or dtypes than those of eager"
    same = [_is_close(a, b).flatten() for a, b in zip(results, expected, strict=True)]
    flips = 1 - float(torch.cat(same).double().mean())
    if flips > MOST_FLIPS:
        return f"{flips:.2g} of its outputs differ from those of eager, more than {MOST_FLIPS:g}"
    for one, reference_one in zip(gradients, expected_gradients, strict=True):
        cosine, error = _compared(one, reference_one)
        if not cosine >= LEAST_COSINE:
            return (
                f"the cosine of its gradients with those of eager is {cosine:.6f}, less than {LEAST_COSINE:g}"
            )
        if not error <= MOST_ERROR:
            return f"a gradient is off by {error:.2g} of its size, more than {MOST_ERROR:g}"
    return ""


def _is_close(one: Tensor, other: Tensor) -> Tensor:
    if not one.is_floating_point():
        return one == other
    tolerance = torch.finfo(one.dtype).eps ** 0.5
    return torch.isclose(one, other, rtol=tolerance, atol=tolerance, equal_nan=True)


def _results(neuron: Stepping, x: Tensor, state: State, run: Run) -> tuple[list[Tensor], list[Tensor | None]]:
    """Return the outputs and last state.

    With them come the gradients of input, state and parameters, where gradients are enabled.
    """
    x, state = x.detach().clone(), tuple(part.detach().clone() for part in state)
    if not torch.is_grad_enabled():
        outputs, last = run(neuron, x, state)
        return [outputs, *last], []
    parameters = [p for p in neuron.parameters() if p.requires_grad]
    sources = [x, *state, *parameters]
    for one in (x, *state):
        one.requires_grad_(one.is_floating_point())
    outputs, last = run(neuron, x, state)
    results = [outputs, *last]
    noise = torch.Generator(x.device).manual_seed(0)
    drawn = [  # for all of them, so that each has its own whichever of them have a gradient
        torch.randn(one.shape, generator=noise, dtype=torch.float32, device=x.device) for one in results
    ]
    flowing = [one for one in results if one.requires_grad]
    cotangents = [
        cotangent.to(one.dtype) for cotangent, one in zip(drawn, results, strict=True) if one.requires_grad
    ]
    wanted = [one for one in sources if one.requires_grad]
    found = torch.autograd.grad(flowing, wanted, cotangents, allow_unused=True) if flowing else ()
    return [one.detach() for one in results], [None if g is None else g.double() for g in found]


def _compared(one: Tensor | None, other: Tensor | None) -> tuple[float, float]:
    """Cosine, and the norm of the difference as a share of the other's norm; no gradient is one of 0."""
    if one is None or other is None:
        left = one if other is None else other
        return (1.0, 0.0) if left is None or not left.any() else (0.0, 1.0)
    if not (one.any() or other.any()):
        return 1.0, 0.0
    a, b = one.flatten(), other.flatten()
    return float(cosine_similarity(a, b, dim=0, eps=0.0)), float((a - b).norm() / b.norm())
