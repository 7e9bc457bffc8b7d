"""Probe whether dtype and device are kept, and what torch.compile makes of a step."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from snnbench.core import torch_private
from snnbench.core.eager import State
from snnbench.core.neuron import Neuron
from snnbench.testing.casebook import Probe
from snnbench.testing.neurons.crossing import walk
from snnbench.testing.neurons.running import close
from snnbench.testing.neurons.subject import Subject
from snnbench.testing.outcomes import Undecided, Violation
from snnbench.testing.search import show

DTYPES: Final = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
COARSE, FINE = 2.0**-21, 2.0**-30
"""Relative differences that every float32 tells apart, and hardly any."""
MANY, FEW = 0.5, 0.1
"""Fractions of entries that follow a difference, and that do by chance."""


def dtype(subject: Subject) -> None:
    """Check each floating type, in and out."""
    for kind in DTYPES:
        neuron, x = subject.make((2,), dtype=kind), subject.drive(3, (2,)).to(kind)
        y, state = neuron(x)
        parts = {"output": y}
        for when, found in (("initial ", neuron.initial_state(x[0])), ("", state)):
            parts |= {f"{when}state {name!r}": part for name, part in zip(neuron.states, found, strict=False)}
        for name, part in parts.items():
            if part.dtype != kind:
                raise Violation(
                    f"with everything in {kind}, its {name} is {part.dtype}",
                    smallest=show(x[:1]),
                    hint="make constants with zeros_like, or .to(x.dtype)",
                )
            if not bool(part.isfinite().all()):
                raise Violation(f"in {kind} its {name} is not finite", smallest=show(x))


@torch.no_grad()
def precise(subject: Subject) -> None:
    """Return what a step in float64 makes of differences that float32 has no room for."""
    neuron, x = subject.make((8,)), subject.drive(3, (8,), batch=8)
    given = (x[-1], *walk(neuron, x[:-1])[-1][1])
    names = ("x_t", *neuron.states)
    before, decided = _flat(neuron.step(given[0], given[1:])), False
    for i, name in enumerate(names):
        coarse, fine = (_changed(neuron, given, i, by, before) for by in (COARSE, FINE))
        for part, (much, little) in zip(("output", *names[1:]), zip(coarse, fine, strict=True), strict=True):
            decided |= much >= MANY
            if much >= MANY and little <= FEW:
                raise Violation(
                    f"in float64 its {part} follows {name!r} when that changes by {COARSE:.2g} of its value, "
                    f"but not when by {FINE:.2g}",
                    smallest=f"one step of {show(x[-1, :1, :1], name='x_t')}, say, after {len(x) - 1} others",
                    hint="it computes in float32 inside: leave its dtype to .to() and to the input",
                )
    if not decided:
        raise Undecided("neither its output nor its state follows small changes")


def _changed(neuron: Neuron, given: State, i: int, by: float, before: State) -> list[float]:
    """Return the fraction of the output and of each state that changes with argument ``i``."""
    moved = [part * (1 + by) if j == i else part for j, part in enumerate(given)]
    after = _flat(neuron.step(moved[0], tuple(moved[1:])))
    return [float((a != b).double().mean()) for a, b in zip(after, before, strict=True)]


def _flat(result: tuple[Tensor, State]) -> State:
    return (result[0], *result[1])


def device(subject: Subject) -> None:
    """A GPU, where there is one."""
    if not torch.cuda.is_available():
        raise Undecided("there is no CUDA device here")
    neuron, x = subject.make((2,)), subject.drive(3, (2,))
    expected, _ = neuron(x)
    y, state = neuron.to("cuda")(x.to("cuda"))
    for name, part in {"output": y, **dict(zip(neuron.states, state, strict=False))}.items():
        if part.device.type != "cuda":
            raise Violation(
                f"on a GPU, its {name} is on {part.device}", hint="make constants with zeros_like"
            )
    if not close(y.cpu(), expected):
        raise Violation("on a GPU it gives another output than on the CPU", smallest=show(x))


def compiled(subject: Subject) -> None:
    """Check ``torch.compile`` of the step, outputs and gradients, without code generation."""
    neuron, x = subject.make((2,)), subject.drive(3, (2,))
    torch_private.forget_compiled()
    step = torch.compile(neuron.step, backend="aot_eager")
    state = other = neuron.initial_state(x[0])
    for t, x_t in enumerate(x):
        one, two = x_t.clone().requires_grad_(), x_t.clone().requires_grad_()
        (y, state), (z, other) = neuron.step(one, state), step(two, other)
        if not close(y.detach(), z.detach()) or not all(map(close, state, other)):
            raise Violation(f"compiled by torch.compile it differs at step {t}", smallest=show(x[: t + 1]))
        gradients = [_gradient(*pair) for pair in ((y, one), (z, two))]
        if not close(*gradients):
            raise Violation(
                f"compiled by torch.compile its gradient differs at step {t}", smallest=show(x[: t + 1])
            )
        state, other = (tuple(part.detach() for part in parts) for parts in (state, other))


def _gradient(y: Tensor, x: Tensor) -> Tensor:
    if not y.requires_grad:
        return torch.zeros_like(x)
    (gradient,) = torch.autograd.grad(y.sum(), x, allow_unused=True)
    return torch.zeros_like(x) if gradient is None else gradient


PROBES: Final = (
    Probe("tensor[dtype]", "that dtypes are kept", dtype),
    Probe("tensor[precision]", "that it computes in the precision of its input", precise),
    Probe("tensor[device]", "that it runs on a GPU as on the CPU", device),
    Probe("compile", "that torch.compile changes nothing", compiled, slow=True),
)
