"""Whether two ways to run a population over time agree, and whether its step is elementwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity

from snnbench.engine.eager import State, Stepping, run

MOST_FLIPS: Final = 1e-4
"""Share of outputs that may differ."""
LEAST_COSINE: Final = 0.9999
"""Between the gradients of the input, and of each parameter."""

PROBES: Final = (1.0, 30.0, 1000.0)
"""Scales of the input and state that are tried, as thresholds may be 1 or 30 mV."""

Run: TypeAlias = Callable[[Stepping, Tensor, State], tuple[Tensor, State]]


def disagreement(neuron: Stepping, x: Tensor, state: State, reference: Run, other: Run) -> str:
    """How ``other`` differs from ``reference`` more than it may, on this input; empty if it does not.

    Gradients are compared where they are enabled, for a random cotangent of the outputs. Spikes are
    compared exactly; graded outputs to the root of their dtype's resolution.

    Args:
        neuron: The population; its parameters' ``grad`` is left alone.
        x: ``[T, B, *features]``.
        state: Before the first step.
        reference: Runs the population as it should be run.
        other: Runs it as it is going to be.
    """
    expected, expected_gradients = _results(neuron, x, state, reference)
    outputs, gradients = _results(neuron, x, state, other)
    tolerance = torch.finfo(outputs.dtype).eps ** 0.5
    same = torch.isclose(outputs, expected, rtol=tolerance, atol=tolerance, equal_nan=True)
    flips = 1 - float(same.double().mean())
    if flips > MOST_FLIPS:
        return f"{flips:.2g} of its outputs differ from those of eager, more than {MOST_FLIPS:g}"
    worst = min(map(_cosine, gradients, expected_gradients), default=1.0)
    if not worst >= LEAST_COSINE:
        return f"the cosine of its gradients with those of eager is {worst:.6f}, less than {LEAST_COSINE:g}"
    return ""


def _results(neuron: Stepping, x: Tensor, state: State, run: Run) -> tuple[Tensor, list[Tensor]]:
    """Outputs, and the gradients of the input and the parameters where gradients are enabled."""
    x, state = x.detach().clone(), tuple(part.detach().clone() for part in state)
    if not torch.is_grad_enabled():
        return run(neuron, x, state)[0], []
    sources = [x.requires_grad_(), *(p for p in neuron.parameters() if p.requires_grad)]
    outputs, _ = run(neuron, x, state)
    noise = torch.Generator(x.device).manual_seed(0)
    cotangent = torch.randn(outputs.shape, generator=noise, dtype=outputs.dtype, device=x.device)
    gradients = torch.autograd.grad(outputs, sources, cotangent, allow_unused=True)
    return outputs.detach(), [g.double() for g in gradients if g is not None]


def _cosine(a: Tensor, b: Tensor) -> float:
    if not (a.any() or b.any()):
        return 1.0
    return float(cosine_similarity(a.flatten(), b.flatten(), dim=0, eps=0.0))


def is_elementwise(neuron: Stepping, x: Tensor, state: State) -> bool:
    """Whether the step takes a population laid out flat, ``[B·N]``, to the same as ``[B, *features]``.

    It does unless units differ in their parameters or see each other. Told by trying three samples of
    random input and state, two steps each; a step that refuses flat input is not elementwise.
    """
    shape = (3, *x.shape[2:])
    if any(part.shape[1:] != x.shape[2:] for part in state):
        return False
    noise = torch.Generator(x.device).manual_seed(0)

    def draw(scale: float, *axes: int, like: Tensor) -> Tensor:
        drawn = torch.randn((*axes, *shape), generator=noise, device=x.device, dtype=torch.float32)
        return (scale * drawn).to(like.dtype)

    with torch.no_grad():
        for scale in PROBES:
            current = draw(scale, 2, like=x)
            start = tuple(draw(scale, like=part) for part in state)
            expected, last = run(neuron.step, current, start)
            try:
                flat, flat_last = run(neuron.step, current.flatten(1), tuple(p.flatten() for p in start))
            except (RuntimeError, IndexError, ValueError):
                return False
            pairs = zip((flat, *flat_last), (expected.flatten(1), *last), strict=True)
            if not all(_equal(a, b.reshape(a.shape)) for a, b in pairs):
                return False
    return True


def _equal(a: Tensor, b: Tensor) -> bool:
    """Equal but for rounding: vectorised and scalar code may round differently."""
    if not a.is_floating_point():
        return torch.equal(a, b)
    return torch.allclose(a, b, rtol=torch.finfo(a.dtype).eps ** 0.5, equal_nan=True)
