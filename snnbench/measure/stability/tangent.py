"""Lyapunov exponents from tangents that are re-orthonormalised by QR.

Benettin et al. 1980, Meccanica 15, 9-20; Geist, Parlitz & Lauterborn 1990, Prog. Theor. Phys. 83.
T steps, B batch entries, N components of one entry's whole state, k tangents.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from snnbench.engine import surrogate
from snnbench.engine.eager import State
from snnbench.engine.surrogate import Derivative
from snnbench.errors import UsageError
from snnbench.measure.stability.flat import FlatMap, Step, unbind
from snnbench.measure.stability.statistics import ASYMPTOTIC_STEPS, BLOCKS, block_of, estimate


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """Lyapunov exponents of a map, the mean over batch entries.

    Attributes:
        exponents: The k largest, ``[k]``, descending, nats a step, float64 on the CPU. −∞ where the
            map destroys a direction, in the measured steps of some batch entry; NaN where it diverged.
        stderr: Their standard errors, ``[k]``; NaN where there is no interval.
        interval: Their 95 % intervals, ``[k, 2]``: over at least 10 batch entries, else over 20
            blocks of time, else NaN.
        kaplan_yorke: Kaplan-Yorke dimension; None where k exponents do not determine it.
        flags: ``finite-time`` (fewer than 100 steps measured), ``singular`` (an exponent is −∞),
            ``diverged`` (an exponent is NaN).
    """

    exponents: Tensor
    stderr: Tensor
    interval: Tensor
    kaplan_yorke: float | None
    flags: tuple[str, ...]


def spectrum(
    step: Step,
    state: State,
    inputs: Tensor | int,
    k: int | None = None,
    *,
    derivative: Derivative = "surrogate",
    transient: int = 0,
    qr_every: int = 1,
) -> Spectrum:
    """The k largest Lyapunov exponents of ``step`` along the trajectory from ``state``.

    Tangents are exact (see ``push``). Batch entries must be independent of each other; each has its
    own tangents and exponents. Memory does not grow with T. Use float64.

    Args:
        step: ``step(x_t, state) -> (output, state)``, differentiable; x_t is None without inputs.
        state: Tensors with the batch B as first axis.
        inputs: ``[T, B, ...]``, or the number of steps T of an undriven map.
        k: Number of exponents; all N if None.
        derivative: Of spikes: the ``surrogate`` as trained, or the ``true`` one, which freezes them.
        transient: Steps that warm up state and tangents before measuring starts.
        qr_every: Steps between QR decompositions. A window in which the tangents become too
            parallel for the dtype is repeated with a QR at each step.

    Raises:
        UsageError: An argument is out of range, or ``step`` cannot be differentiated as above.
    """
    flow = FlatMap(step, state)
    xs = unbind(inputs, flow.batch)
    k = flow.width if k is None else k
    _check(k, flow.width, len(xs), transient, qr_every)
    measured = len(xs) - transient
    with torch.no_grad(), surrogate.derivative(derivative):
        sums, counts = _growth(flow, xs, k, transient, qr_every)
    result = estimate(sums.cpu(), counts)
    order = result.mean.argsort(descending=True)
    exponents = result.mean[order]
    flags = {
        "finite-time": measured < ASYMPTOTIC_STEPS,
        "singular": bool(exponents.isneginf().any()),
        "diverged": bool(exponents.isnan().any()),
    }
    return Spectrum(
        exponents,
        result.stderr[order],
        result.interval[order],
        kaplan_yorke(exponents.tolist(), complete=k == flow.width),
        tuple(name for name, raised in flags.items() if raised),
    )


def _check(k: int, width: int, steps: int, transient: int, qr_every: int) -> None:
    if not 1 <= k <= width:
        raise UsageError(f"k={k} of {width} exponents", f"give 1 to {width}, or None for all")
    if not 0 <= transient < steps:
        raise UsageError(
            f"transient={transient} of {steps} steps leaves nothing to measure", "give more steps"
        )
    if qr_every < 1:
        raise UsageError(f"qr_every={qr_every} is not a number of steps", "1 is always right")


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    """A state ``h [B, N]`` with orthonormal tangents ``q [B, N, k]``.

    ``lost [B, k]`` marks the tangents that the map has sent to 0: the last ones of each entry.
    """

    h: Tensor
    q: Tensor
    lost: Tensor


def _growth(
    flow: FlatMap, xs: Sequence[Tensor | None], k: int, transient: int, qr_every: int
) -> tuple[Tensor, Tensor]:
    """Sums of ln|R_ii| over blocks of time, ``[blocks, B, k]``, and their steps, ``[blocks, 1, 1]``."""
    generator = torch.Generator(flow.start.device).manual_seed(0)
    nothing = torch.zeros(*flow.start.shape, k, dtype=flow.start.dtype, device=flow.start.device)
    frame = _renew(_Frame(flow.start, nothing, torch.ones_like(nothing[:, 0], dtype=torch.bool)), generator)
    for window in _windows(xs[:transient], qr_every):
        frame = _renew(_advance(flow, window, frame)[0], generator)
    windows = _windows(xs[transient:], qr_every)
    blocks = min(BLOCKS, len(windows))
    sums = torch.zeros(blocks, *frame.lost.shape, dtype=torch.float64, device=frame.h.device)
    counts = torch.zeros(blocks, 1, 1, dtype=torch.float64)
    for index, window in enumerate(windows):
        frame, logs = _advance(flow, window, frame)
        sums[block_of(index, len(windows))] += logs
        counts[block_of(index, len(windows))] += len(window)
    return sums, counts


def _renew(frame: _Frame, generator: torch.Generator) -> _Frame:
    """Lost tangents replaced by random ones: what the map destroys before measuring starts can live later."""
    if not frame.lost.any():
        return frame
    q = frame.q
    drawn = torch.randn(q.shape, dtype=q.dtype, device=q.device, generator=generator)
    q = torch.linalg.qr(torch.where(frame.lost[:, None], drawn, q)).Q
    return _Frame(frame.h, q, torch.zeros_like(frame.lost))


def _windows(xs: Sequence[Tensor | None], size: int) -> list[Sequence[Tensor | None]]:
    return [xs[start : start + size] for start in range(0, len(xs), size)]


def _advance(flow: FlatMap, xs: Sequence[Tensor | None], frame: _Frame) -> tuple[_Frame, Tensor]:
    """All steps of ``xs``, then one QR: the next frame and ln|R_ii| ``[B, k]``, float64."""
    h, z, gain = frame.h, frame.q, torch.ones_like(frame.h[:, 0])
    for x_t in xs:
        h, z, gauge = push(flow, x_t, h, z)
        gain = gain * gauge
    z = z.masked_fill(frame.lost[:, None], 0)
    q, r = torch.linalg.qr(z)
    size, lost = _diagonal(r), frame.lost
    scale = torch.maximum(_norm(z).amax(1), gain)
    finite = scale.isfinite()
    precision = 1 / 2 if len(xs) == 1 else 1 / 3  # a window can be repeated: rounding is eps·scale/size
    weak = size <= torch.finfo(z.dtype).eps ** precision * scale[:, None]
    doubtful = (weak & ~lost).any(1) & finite
    if len(xs) > 1 and (doubtful | ~finite).any():
        return _advance_singly(flow, xs, frame)
    if doubtful.any():
        lost = _find_lost(z, size, lost, scale, doubtful)
        order = lost.long().argsort(dim=1, stable=True)
        lost = lost.gather(1, order)
        q, r = torch.linalg.qr(z.gather(2, order[:, None].expand_as(z)))
        size = _diagonal(r)
    logs = size.double().log().masked_fill(lost, -torch.inf).masked_fill(~finite[:, None], torch.nan)
    return _Frame(h, q, lost), logs


def _advance_singly(flow: FlatMap, xs: Sequence[Tensor | None], frame: _Frame) -> tuple[_Frame, Tensor]:
    total = torch.zeros(frame.lost.shape, dtype=torch.float64, device=frame.h.device)
    for index in range(len(xs)):
        frame, logs = _advance(flow, xs[index : index + 1], frame)
        total += logs
    return frame, total


def _diagonal(r: Tensor) -> Tensor:
    return r.diagonal(dim1=1, dim2=2).abs()


def _find_lost(z: Tensor, size: Tensor, lost: Tensor, scale: Tensor, doubtful: Tensor) -> Tensor:
    """Which tangents are 0 or depend on the others to working precision, ``[B, k]``.

    The rank tells how many: R_ii cannot, since rounding in an unpivoted QR is amplified by the
    condition of the columns before. Rounding moves a singular value by a few eps of the map's
    size, ``scale [B]``; a real contraction so strong in one step cannot be told from a loss.
    """
    tolerance = 32 * torch.finfo(z.dtype).eps
    singular = torch.linalg.svdvals(z[doubtful])
    rank = (singular > tolerance * torch.maximum(singular[:, :1], scale[doubtful, None])).sum(1)
    smallest = size[doubtful].masked_fill(lost[doubtful], -1).argsort(dim=1).argsort(dim=1)
    found = lost.clone()
    found[doubtful] = smallest < (z.shape[2] - rank)[:, None]
    return found


def push(flow: FlatMap, x_t: Tensor | None, h: Tensor, q: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """One step of the state ``h`` ``[B, N]`` and of its tangents ``q`` ``[B, N, k]``, both exact.

    ``J·q`` is taken as the derivative of ``u ↦ Jᵀu``: it asks only for the backward pass that training
    uses, whose detached paths and surrogates it so honours.

    Returns:
        The next state, ``J·q``, and how much Jᵀ stretches a generic vector, ``[B]``.

    Raises:
        UsageError: ``step`` is not differentiable twice, or mixes batch entries.
    """
    with torch.enable_grad():
        h = h.detach().requires_grad_()
        following = flow(x_t, h)
        if not following.requires_grad:
            return following, torch.zeros_like(q), torch.zeros_like(h[:, 0])
        u = _probe(h).requires_grad_()
        try:
            (w,) = torch.autograd.grad(following, h, u, create_graph=True, materialize_grads=True)
            z = _transpose(w, u, q) if w.requires_grad else torch.zeros_like(q)
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            raise UsageError(
                f"the step cannot be differentiated: {str(error).partition(chr(10))[0]}",
                "the backward pass of each of its functions must itself be differentiable",
            ) from error
    u, w = u.detach(), w.detach()
    _verify(u, w, q[..., 0], z[..., 0])
    return following.detach(), z, _norm(w) / _norm(u)


def _transpose(w: Tensor, u: Tensor, q: Tensor) -> Tensor:
    """``J·q`` from ``w = Jᵀu`` as a function of ``u``."""
    if q.shape[2] == 1:
        (z,) = torch.autograd.grad(w, u, q[..., 0], materialize_grads=True)
        return z[..., None]
    (z,) = torch.autograd.grad(w, u, q.movedim(2, 0), is_grads_batched=True, materialize_grads=True)
    return z.movedim(0, 2)


def _probe(like: Tensor) -> Tensor:
    """Numbers without a pattern, cos n: unlike any tangent, and unlike in each batch entry."""
    return torch.arange(like.numel(), dtype=like.dtype, device=like.device).cos().view_as(like)


def _verify(u: Tensor, w: Tensor, v: Tensor, z: Tensor) -> None:
    """Check ``⟨u, Jv⟩ = ⟨Jᵀu, v⟩`` in each batch entry, where ``z = Jv`` and ``w = Jᵀu``.

    It fails where a backward pass drops its own derivative, and where entries depend on each other.
    """
    gap = ((u * z).sum(1) - (w * v).sum(1)).abs()
    size = _norm(u) * _norm(z) + _norm(w) * _norm(v)
    if (gap > torch.finfo(v.dtype).eps ** 0.5 * size).any():
        raise UsageError(
            "the step's tangents contradict its gradients",
            "batch entries must not mix (BatchNorm: call .eval()); each backward must be differentiable",
        )


def _norm(vectors: Tensor) -> Tensor:
    norm: Tensor = torch.linalg.vector_norm(vectors, dim=1)
    return norm


def kaplan_yorke(exponents: Sequence[float], *, complete: bool) -> float | None:
    """Kaplan-Yorke dimension (Kaplan & Yorke 1979) of descending exponents.

    Args:
        exponents: The largest ones.
        complete: Whether they are all there are.

    Returns:
        None where an exponent is not a number, or where the sum does not turn negative among those given.
    """
    total = 0.0
    for index, exponent in enumerate(exponents):
        if math.isnan(exponent):
            return None
        if total + exponent < 0:
            return index + total / abs(exponent)
        total += exponent
    return float(len(exponents)) if complete else None
