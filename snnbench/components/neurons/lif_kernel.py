"""LIF over all steps in one GPU kernel a direction: a thread a neuron, its membrane in a register.

Forward reads x and writes s and, where a gradient will be wanted, the membrane that met the threshold.
Backward reads the gradient of s and that membrane, and writes the gradient of x. Nothing moves twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
import triton
import triton.language as tl
from torch import Tensor
from torch.autograd.function import once_differentiable

from snnbench.engine.eager import Kernel, State

if TYPE_CHECKING:
    from snnbench.components.neurons.lif import LIF

BLOCK = 256
"""Neurons of one program."""

RESETS = {"none": 0, "subtract": 1, "zero": 2}


@triton.jit
def atan(z, k):
    """As ``surrogates.atan``."""
    scaled = 1.5707963267948966 * k * z
    return k * 0.5 / (1.0 + scaled * scaled)


@triton.jit
def fast_sigmoid(z, k):
    """As ``surrogates.fast_sigmoid`` and ``surrogates.superspike``."""
    inverse = 1.0 / (1.0 + k * tl.abs(z))
    return inverse * inverse


@triton.jit
def sigmoid(z, k):
    """As ``surrogates.sigmoid``: σ(kz)·σ(−kz) by one exponential that cannot overflow."""
    small = tl.exp(-tl.abs(k * z))
    return k * small / ((1.0 + small) * (1.0 + small))


@triton.jit
def triangular(z, k):
    """As ``surrogates.triangular``."""
    return tl.maximum(1.0 - tl.abs(z) / k, 0.0) / k


@triton.jit
def boxcar(z, k):
    """As ``surrogates.boxcar``."""
    return tl.where(tl.abs(z) < k, 0.5 / k, 0.0)


@triton.jit
def straight_through(z, k):
    """As ``surrogates.straight_through``; it has no parameter."""
    return tl.full(z.shape, 1.0, z.dtype)


DERIVATIVES: dict[str, tuple[Any, str]] = {
    "ATan": (atan, "alpha"),
    "FastSigmoid": (fast_sigmoid, "slope"),
    "SuperSpike": (fast_sigmoid, "beta"),
    "Sigmoid": (sigmoid, "slope"),
    "Triangular": (triangular, "width"),
    "Boxcar": (boxcar, "width"),
    "StraightThrough": (straight_through, ""),
}
"""Each surrogate that has a kernel, by class: its derivative, and the attribute that is its parameter."""


def of(lif: LIF) -> Kernel | None:
    """What runs ``lif`` over all steps; None if it is learned, or its surrogate has no kernel."""
    beta, threshold, surrogate = lif.beta, lif.threshold, type(lif.surrogate)
    known = surrogate.__name__ in DERIVATIVES and surrogate.__module__.startswith("snnbench.components.")
    if not known or not isinstance(beta, float) or not isinstance(threshold, float):
        return None
    attribute = DERIVATIVES[surrogate.__name__][1]
    k = float(getattr(lif.surrogate, attribute)) if attribute else 0.0
    constants = beta, threshold, lif.reset, lif.reset_delay, lif.detach_reset, surrogate.__name__, k

    def run(x: Tensor, state: State) -> tuple[Tensor, State]:
        (u,) = state
        s, last = LIFKernel.apply(x, u.to(torch.promote_types(u.dtype, torch.float32)), *constants)
        return s, (last.to(u.dtype),)

    return run


@triton.jit
def _after_spike(u, s, threshold, RESET: tl.constexpr):
    """The membrane after the reset."""
    if RESET == 1:
        u = u - threshold * s
    if RESET == 2:
        u = u * (1.0 - s)
    return u


@triton.jit
def _forward(
    x_ptr, start_ptr, s_ptr, membrane_ptr, last_ptr, steps, width, beta, threshold,
    RESET: tl.constexpr, DELAY: tl.constexpr, SAVE: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """All steps of ``BLOCK`` neurons; x, s and membrane ``[steps, width]``, start and last ``[width]``."""
    at = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = at < width
    neuron = at
    u = tl.load(start_ptr + neuron, inside, 0.0)
    following = tl.load(x_ptr + at, inside, 0.0)
    for t in range(steps):
        x = following.to(u.dtype)
        following = tl.load(x_ptr + at + width, inside & (t + 1 < steps), 0.0)  # before it is needed
        if DELAY:
            u = _after_spike(beta * u, (u > threshold).to(u.dtype), threshold, RESET) + x
        else:
            u = beta * u + x
        s = (u > threshold).to(u.dtype)
        tl.store(s_ptr + at, s.to(s_ptr.dtype.element_ty), inside)
        if SAVE:
            tl.store(membrane_ptr + at, u, inside)
        if not DELAY:
            u = _after_spike(u, s, threshold, RESET)
        at += width
    tl.store(last_ptr + neuron, u, inside)


@triton.jit
def _pull(u, d, factor, threshold, RESET: tl.constexpr, DETACH: tl.constexpr):
    """Derivative of ``_after_spike(factor·u, H(u − θ), θ)`` with respect to u; ``d`` stands for H'."""
    slope = tl.full(u.shape, 1.0, u.dtype) * factor
    if RESET == 1:
        if not DETACH:
            slope -= threshold * d
    if RESET == 2:
        slope *= (u <= threshold).to(u.dtype)
        if not DETACH:
            slope -= factor * u * d
    return slope


@triton.jit
def _backward(
    g_s_ptr, g_last_ptr, membrane_ptr, start_ptr, g_x_ptr, g_start_ptr, steps, width, beta, threshold, k,
    derivative: tl.constexpr, RESET: tl.constexpr, DELAY: tl.constexpr, DETACH: tl.constexpr,
    BLOCK: tl.constexpr,
):  # fmt: skip
    """Back through all steps; ``carry`` is the gradient of the state that leaves a step."""
    neuron = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = neuron < width
    at = neuron + (steps - 1).to(tl.int64) * width
    carry = tl.load(g_last_ptr + neuron, inside, 0.0)
    following_u = tl.load(membrane_ptr + at, inside, 0.0)
    following_g = tl.load(g_s_ptr + at, inside, 0.0)
    for i in range(steps):
        u, g_s = following_u, following_g.to(carry.dtype)
        more = inside & (i + 1 < steps)
        following_u = tl.load(membrane_ptr + at - width, more, 0.0)
        following_g = tl.load(g_s_ptr + at - width, more, 0.0)
        d = derivative(u - threshold, k)
        if DELAY:  # the membrane is the state: it is reset in the step after, of which the last has none
            if i > 0:
                carry *= _pull(u, d, beta, threshold, RESET, DETACH)
            carry += g_s * d
            g_u = carry
        else:
            g_u = g_s * d + carry * _pull(u, d, 1.0, threshold, RESET, DETACH)
            carry = beta * g_u
        tl.store(g_x_ptr + at, g_u.to(g_x_ptr.dtype.element_ty), inside)
        at -= width
    if DELAY:
        u = tl.load(start_ptr + neuron, inside, 0.0)
        carry = carry * _pull(u, derivative(u - threshold, k), beta, threshold, RESET, DETACH)
    tl.store(g_start_ptr + neuron, carry, inside)


class LIFKernel(torch.autograd.Function):
    """``apply(x, start, ...) -> (s, last)``: x and s ``[T, *]``, start and last ``[*]``, a state."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        start: Tensor,
        beta: float,
        threshold: float,
        reset: str,
        delay: bool,
        detach: bool,
        surrogate: str,
        k: float,
    ) -> tuple[Tensor, Tensor]:
        x, start = x.contiguous(), start.contiguous()
        s, last = torch.empty_like(x), torch.empty_like(start)
        save = x.requires_grad or start.requires_grad
        membrane = torch.empty(x.shape if save else (0,), dtype=start.dtype, device=x.device)
        grid = (triton.cdiv(start.numel(), BLOCK),)
        _forward[grid](
            x, start, s, membrane, last, len(x), start.numel(), beta, threshold,
            RESET=RESETS[reset], DELAY=delay, SAVE=save, BLOCK=BLOCK,
        )  # fmt: skip
        ctx.save_for_backward(membrane, start)
        ctx.constants = beta, threshold, reset, delay, detach, surrogate, k
        return s, last

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g_s: Tensor, g_last: Tensor) -> tuple[Tensor | None, ...]:
        membrane, start = ctx.saved_tensors
        beta, threshold, reset, delay, detach, surrogate, k = ctx.constants
        g_x, g_start = torch.empty_like(g_s, memory_format=torch.contiguous_format), torch.empty_like(start)
        grid = (triton.cdiv(start.numel(), BLOCK),)
        _backward[grid](
            g_s.contiguous(), g_last.contiguous(), membrane, start, g_x, g_start, len(g_s), start.numel(),
            beta, threshold, k, derivative=DERIVATIVES[surrogate][0],
            RESET=RESETS[reset], DELAY=delay, DETACH=detach, BLOCK=BLOCK,
        )  # fmt: skip
        return g_x, g_start, *[None] * 7
