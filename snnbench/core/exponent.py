"""A network's Lyapunov exponents can be terms of a loss (Benettin et al. 1976, 1980; Geist et al. 1990).

T steps, B samples, N components of one sample's whole state, k tangents.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.func import jvp

from snnbench.core.eager import State
from snnbench.core.precision import in_single
from snnbench.core.units import Unit, weights
from snnbench.errors import UsageError


class Stepped(Protocol):
    """An exponent is measured on such a module, one with a pure step."""

    def initial_state(self, x_t: Tensor) -> State: ...
    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]: ...
    def modules(self) -> Iterator[nn.Module]: ...


@in_single
def exponents(network: Stepped, x: Tensor, k: int = 1) -> Tensor:
    """Return the k largest exponents of the gradient over the steps of ``x``, per sample, by QR at each step.

    The derivative is the surrogate, as trained; the tangents start in fixed random directions. A window
    this short is a finite-time exponent. Batch statistics and dropout would couple or perturb samples:
    layers act as in evaluation mode.

    Args:
        network: Left in the mode it was in.
        x: ``[T, B, *input_shape]``.
        k: At most N.

    Returns:
        ``[B, k]``, nats a step, differentiable, in float32 at least, autocast or not; −∞, without a
        gradient, where a tangent was lost.

    Raises:
        UsageError: The network has no memory, fewer than k components of it, or no forward-mode derivative.
    """
    with _evaluation(network):
        state = _initial_state(network, x[0])
        if not 1 <= k <= sum(part[0].numel() for part in state):
            raise UsageError(f"k={k} exponents of a state of fewer components", "give a smaller k")
        tangents = torch.linalg.qr(_directions(state, k)).Q
        total = torch.zeros(x.shape[1], k, dtype=x.dtype, device=x.device)
        for x_t in x:
            state, pushed = _push(network, x_t, state, tangents)
            tangents, growth = _orthonormal(pushed)
            total = total + growth
        return total / len(x)


def exponent(network: Stepped, x: Tensor) -> Tensor:
    """Return the largest of ``exponents``, ``[B]``."""
    return exponents(network, x)[:, 0]


@in_single
def growth(network: Stepped, x: Tensor, delta: float, unit: Unit | None = None) -> Tensor:
    """Return the mean of ln(‖Δ'‖/‖Δ‖) of two trajectories held δ apart over the steps of ``x``, per sample.

    Its gradient is taken by the surrogate within each step, and not from step to step: there the difference
    of two surrogates, which the value does not know, outgrows it. Otherwise as ``exponents``.

    Args:
        network: Left in the mode it was in.
        x: ``[T, B, *input_shape]``.
        delta: δ, the size of the difference of the whole state.
        unit: What counts as 1 in each part of it, see ``weights``; None for a Euclidean norm.

    Returns:
        ``[B]``, nats a step, differentiable: over the steps in which Δ did not vanish; −∞, without a
        gradient, where it always did.

    Raises:
        UsageError: The network has no memory.
    """
    with _evaluation(network):
        state = _initial_state(network, x[0])
        weight = weights(state, unit)
        fresh = _directions(state, len(x) + 1)
        fresh = delta * fresh / torch.linalg.vector_norm(fresh, dim=1, keepdim=True) / weight[:, None]
        difference = fresh[..., 0]
        total, count = torch.zeros_like(difference[:, 0]), torch.zeros_like(difference[:, 0])
        for t, x_t in enumerate(x):
            state, difference = tuple(part.detach() for part in state), difference.detach()
            moved = _unflatten(_flatten(state) + difference, state)
            both = tuple(torch.cat(parts) for parts in zip(state, moved, strict=True))
            following = network.step(torch.cat([x_t, x_t]), both)[1]
            state, moved = (tuple(part.chunk(2)[side] for part in following) for side in (0, 1))
            direction, logs = _normalise((_flatten(moved) - _flatten(state)) * weight)
            alive = logs.isfinite()
            total, count = total + logs.where(alive, 0) - alive * math.log(delta), count + alive
            difference = torch.where(alive[:, None], delta * direction / weight, fresh[..., t + 1])
        return (total / count.clamp(min=1)).masked_fill(count == 0, -torch.inf)


def _initial_state(network: Stepped, x_t: Tensor) -> State:
    state = network.initial_state(x_t)
    if not state:
        raise UsageError("a network without memory has no exponent", "choose a neuron with a state")
    return state


def _directions(state: State, count: int) -> Tensor:
    """Return random tangents, the same at each call, ``[B, N, count]``."""
    flat = _flatten(state)
    generator = torch.Generator(flat.device).manual_seed(0)
    return torch.randn(*flat.shape, count, dtype=flat.dtype, device=flat.device, generator=generator)


def _flatten(state: State) -> Tensor:
    return torch.cat([part.flatten(1) for part in state], 1)


def _unflatten(rows: Tensor, like: State) -> State:
    """Return the parts of ``rows`` ``[B', N]``, each in the shape of the same part of ``like``."""
    parts = torch.split(rows, [part[0].numel() for part in like], 1)
    return tuple(part.reshape(len(rows), *other.shape[1:]) for part, other in zip(parts, like, strict=True))


def _push(network: Stepped, x_t: Tensor, state: State, tangents: Tensor) -> tuple[State, Tensor]:
    """Return the next state, and what becomes of ``tangents`` ``[B, N, k]``.

    The batch is repeated k times, once for each tangent.
    """
    batch, _, k = tangents.shape
    copies = tuple(part.repeat(k, *[1] * (part.dim() - 1)) for part in state)
    inputs = x_t.repeat(k, *[1] * (x_t.dim() - 1))
    rows = _unflatten(tangents.movedim(2, 0).flatten(0, 1), state)
    try:
        stepped, pushed = jvp(lambda h: network.step(inputs, h)[1], (copies,), (rows,))[:2]
    except (RuntimeError, NotImplementedError) as error:
        raise UsageError(
            f"the step has no forward-mode derivative: {str(error).partition(chr(10))[0]}",
            'estimator = "lambda_delta" needs none',
        ) from error
    following = tuple(part[:batch] for part in stepped)
    return following, _flatten(pushed).view(k, batch, -1).movedim(0, 2)


def _orthonormal(pushed: Tensor) -> tuple[Tensor, Tensor]:
    """Return orthonormal tangents ``[B, N, k]`` that span the same, and ln|R_ii| ``[B, k]``.

    A sample that lost a tangent goes on with other ones: its QR has no derivative.
    """
    if pushed.shape[2] == 1:
        unit, logs = _normalise(pushed[..., 0])
        return unit[..., None], logs[:, None]
    with torch.no_grad():
        size = torch.linalg.qr(pushed).R.diagonal(dim1=1, dim2=2).abs()
        lost = size <= torch.finfo(pushed.dtype).eps * size.amax(1, keepdim=True)
        others = torch.eye(pushed.shape[1], pushed.shape[2], dtype=pushed.dtype, device=pushed.device)
    q, r = torch.linalg.qr(torch.where(lost.any(1)[:, None, None], others, pushed))
    return q, r.diagonal(dim1=1, dim2=2).abs().log().masked_fill(lost, -torch.inf)


def _normalise(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Return ``rows`` ``[B, N]`` of length 1, and the logarithm of what their length was, ``[B]``."""
    size: Tensor = torch.linalg.vector_norm(rows, dim=1)
    alive = size > 0
    size = size.where(alive, 1)
    return rows / size[:, None], size.log().masked_fill(~alive, -torch.inf)


@contextmanager
def _evaluation(network: Stepped) -> Iterator[None]:
    training = [module for module in network.modules() if module.training]
    try:
        for module in training:
            module.training = False
        yield
    finally:
        for module in training:
            module.training = True
