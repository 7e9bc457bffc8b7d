"""Two implementations of one neuron on one input: forward, and the gradients of one loss."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from snnbench.core.eager import State
from snnbench.core.neuron import Neuron

STEPS, BATCH, WIDTH = 200, 3, 5
FORWARD, BACKWARD = 1e-10, 1e-8


def drive(mean: float = 0.2, scale: float = 0.7) -> Tensor:
    """Random input ``[T, B, N]`` in float64, ready for a gradient."""
    generator = torch.Generator().manual_seed(11)
    x = mean + scale * torch.randn(STEPS, BATCH, WIDTH, generator=generator, dtype=torch.float64)
    return x.requires_grad_()


def trajectory(neuron: Neuron, x: Tensor, state: State | None = None) -> list[Tensor]:
    """Output and every state of ``neuron`` at each step, each ``[T, B, N]``."""
    state, rows = neuron.initial_state(x[0]) if state is None else state, []
    for x_t in x:
        y_t, state = neuron.step(x_t, state)
        rows.append((y_t, *state))
    return [torch.stack(column) for column in zip(*rows, strict=True)]


def largest_difference(ours: Sequence[Tensor], theirs: Sequence[Tensor]) -> float:
    return max(float((a - b).detach().abs().max()) for a, b in zip(ours, theirs, strict=True))


def gradients(outputs: Sequence[Tensor], wrt: Sequence[Tensor]) -> Sequence[Tensor]:
    """Gradients of one random linear functional of all outputs."""
    generator = torch.Generator().manual_seed(3)
    loss = sum((y * torch.randn(y.shape, generator=generator, dtype=torch.float64)).sum() for y in outputs)
    return torch.autograd.grad(loss, wrt, retain_graph=True)  # type: ignore[arg-type]


def assert_same(
    ours: Sequence[Tensor],
    theirs: Sequence[Tensor],
    wrt: Sequence[Tensor],
    wrt_theirs: Sequence[Tensor] | None = None,
    *,
    backward: float = BACKWARD,
) -> None:
    """Outputs within 1e-10, gradients within ``backward``; the first output is spikes, which must occur."""
    rate = float(ours[0].detach().mean())
    assert 0.02 < rate < 0.9, f"a spike rate of {rate} proves little"
    assert {y.dtype for y in (*ours, *theirs[1:])} == {torch.float64}
    assert largest_difference(ours, theirs) <= FORWARD
    mine, other = gradients(ours, wrt), gradients(theirs, wrt_theirs or wrt)
    assert all(bool((g != 0).any()) for g in mine)
    assert largest_difference(mine, other) <= backward
