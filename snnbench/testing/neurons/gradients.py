"""Probe whether gradients are finite, reach the input, and are the same by every way through time."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from snnbench.core.neuron import Neuron
from snnbench.testing.casebook import Probe
from snnbench.testing.neurons.crossing import walk
from snnbench.testing.neurons.running import close
from snnbench.testing.neurons.subject import MODES, Subject
from snnbench.testing.outcomes import Undecided, Violation
from snnbench.testing.search import show

LENGTHS: Final = (1, 2, 3, 16)
"""Steps over which gradients are compared, the fewest first: they show what is the matter."""
NEAR: Final = 1e-6
"""Of the largest entry: a sum over time may be taken in another order."""


def finite(subject: Subject) -> None:
    """Check that the gradients of the input and of each parameter are finite."""
    for kind in (torch.float64, torch.float32):
        neuron, x = subject.make((2,), dtype=kind), subject.drive(6, (2,)).to(kind)
        given = x.clone().requires_grad_()
        y, state = neuron(given)
        if not y.requires_grad:
            return  # the probe of the input says so
        torch.autograd.backward([_sum(y, *state)])
        named = {"x": given, **dict(neuron.named_parameters())}
        for name, tensor in named.items():
            if tensor.grad is not None and not bool(tensor.grad.isfinite().all()):
                raise Violation(f"in {kind} the gradient of {name!r} is not finite", smallest=show(x))


def reaching(subject: Subject) -> None:
    """Check that a gradient of the outputs reaches the input."""
    neuron, x = subject.make((2,)), subject.drive(6, (2,))
    given = x.clone().requires_grad_()
    y, _ = neuron(given)
    if not y.requires_grad:
        raise Violation(
            "its output has no gradient",
            smallest=show(x),
            hint="spike by the surrogate that the factory is given: surrogate(membrane - threshold)",
        )
    (gradient,) = torch.autograd.grad(y.sum(), given, allow_unused=True)
    if gradient is None or not bool(gradient.any()):
        raise Violation(
            "the gradient of its outputs never reaches its input",
            smallest=show(x),
            hint="something is detached, or made of comparisons, between the input and the surrogate",
        )


def steps(subject: Subject) -> None:
    """Compare the gradients of ``forward`` with those of a loop over ``step``."""
    drive = subject.drive(max(LENGTHS), (2,))
    for mode, training in MODES.items():
        for length in LENGTHS:
            neuron, x = subject.make((2,)).train(training), drive[:length]
            if not _same_values(neuron, x):
                raise Undecided("forward is not the loop over step: neither are its gradients")
            looped, whole = _gradients(neuron, x, by_steps=True), _gradients(neuron, x, by_steps=False)
            for name, expected in looped.items():
                if not _near(whole[name], expected):
                    raise Violation(
                        f"in {mode} mode the gradient of forward is not that of the loop over step: "
                        f"{_apart(name, whole[name], expected)}",
                        smallest=f"{show(x)}, differentiating a weighted sum of outputs and last state",
                        hint="forward must detach, and use the surrogate, where step does and only there",
                    )


@torch.no_grad()
def _same_values(neuron: Neuron, x: Tensor) -> bool:
    y, state = neuron(x)
    walked = walk(neuron, x)
    looped = (torch.stack([y for y, _ in walked]), *walked[-1][1])
    return all(map(close, (y, *state), looped))


def _gradients(neuron: Neuron, x: Tensor, *, by_steps: bool) -> dict[str, Tensor]:
    """Return the gradients of a weighted sum of all outputs and the last state."""
    given = x.clone().requires_grad_()
    if by_steps:
        walked = walk(neuron, given)
        y, state = torch.stack([y for y, _ in walked]), walked[-1][1]
    else:
        y, state = neuron(given)
    named = {"x": given, **{name: one for name, one in neuron.named_parameters() if one.requires_grad}}
    parts = [_weighted(part) for part in (y, *state) if part.requires_grad]
    if not parts:
        return {name: torch.zeros_like(one) for name, one in named.items()}
    found = torch.autograd.grad(torch.stack(parts).sum(), list(named.values()), allow_unused=True)
    return {
        name: torch.zeros_like(one) if gradient is None else gradient
        for (name, one), gradient in zip(named.items(), found, strict=True)
    }


def _weighted(part: Tensor) -> Tensor:
    """Return a sum with a weight of its own for each entry, so that no two errors cancel."""
    weights = 1 + torch.arange(part.numel(), dtype=part.dtype).sin()
    return (part.flatten() * weights).sum()


def _near(one: Tensor, other: Tensor) -> bool:
    scale = float(other.nan_to_num().abs().max()) if other.numel() else 0.0
    return torch.allclose(one, other, rtol=NEAR, atol=NEAR * scale, equal_nan=True)


def _apart(name: str, one: Tensor, other: Tensor) -> str:
    """Return the entry at which two gradients differ most."""
    gap = (one - other).abs().nan_to_num(torch.inf).flatten()
    at = int(gap.argmax())
    place = [int(i) for i in torch.unravel_index(torch.tensor(at), one.shape)]
    return f"of {name!r} at {place}, {float(one.flatten()[at]):.6g} against {float(other.flatten()[at]):.6g}"


def _sum(*parts: Tensor) -> Tensor:
    return torch.stack([part.sum() for part in parts if part.requires_grad]).sum()


PROBES: Final = (
    Probe("gradient[finite]", "that gradients are finite", finite),
    Probe("gradient[input]", "that gradients reach the input", reaching),
    Probe("gradient[steps]", "that the gradients of forward are those of the loop over step", steps),
)
