"""Tangents are carried along a trajectory and made orthonormal again by QR.

Geist, Parlitz & Lauterborn 1990, Prog. Theor. Phys. 83. B batch entries, N components of one entry's
whole state, k tangents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from snnbench.core.tangents import TangentStep
from snnbench.measure.stability.flat import FlatMap
from snnbench.measure.stability.push import Push, norm
from snnbench.measure.stability.statistics import blocks


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    """A frame is a state ``h [B, N]`` with orthonormal tangents ``q [B, N, k]``.

    ``lost [B, k]`` marks the tangents that the map has sent to 0: the last ones of each entry.
    """

    h: Tensor
    q: Tensor
    lost: Tensor


def growth(
    flow: FlatMap,
    xs: Sequence[Tensor | None],
    k: int,
    transient: int,
    qr_every: int,
    *,
    tangent_step: TangentStep | None = None,
) -> tuple[Tensor, Tensor]:
    """Return the sums of ln|R_ii| over blocks, ``[blocks, B, k]``, and their steps, ``[blocks, 1, 1]``."""
    push = Push(flow, tangent_step)
    generator = torch.Generator(flow.start.device).manual_seed(0)
    nothing = torch.zeros(*flow.start.shape, k, dtype=flow.start.dtype, device=flow.start.device)
    frame = _renew(_Frame(flow.start, nothing, torch.ones_like(nothing[:, 0], dtype=torch.bool)), generator)
    for window in _windows(xs[:transient], qr_every):
        frame = _renew(_advance(push, window, frame)[0], generator)
    parts = blocks(_windows(xs[transient:], qr_every))
    sums = torch.zeros(len(parts), *frame.lost.shape, dtype=torch.float64, device=frame.h.device)
    for index, windows in enumerate(parts):
        for window in windows:
            frame, logs = _advance(push, window, frame)
            sums[index] += logs
    counts = torch.tensor([sum(map(len, windows)) for windows in parts], dtype=torch.float64)
    return sums, counts[:, None, None]


def _renew(frame: _Frame, generator: torch.Generator) -> _Frame:
    """Replace lost tangents by random ones: what the map destroys before measuring can live later."""
    if not frame.lost.any():
        return frame
    q = frame.q
    drawn = torch.randn(q.shape, dtype=q.dtype, device=q.device, generator=generator)
    q = torch.linalg.qr(torch.where(frame.lost[:, None], drawn, q)).Q
    return _Frame(frame.h, q, torch.zeros_like(frame.lost))


def _windows(xs: Sequence[Tensor | None], size: int) -> list[Sequence[Tensor | None]]:
    return [xs[start : start + size] for start in range(0, len(xs), size)]


def _advance(push: Push, xs: Sequence[Tensor | None], frame: _Frame) -> tuple[_Frame, Tensor]:
    """Take all steps of ``xs``, then one QR; return the next frame and ln|R_ii| ``[B, k]``, float64."""
    h, z, gain = frame.h, frame.q, torch.ones_like(frame.h[:, 0])
    for x_t in xs:
        h, z, gauge = push(x_t, h, z)
        gain = gain * gauge
    if frame.lost.any():
        z = z.masked_fill(frame.lost[:, None], 0)
    q, r = torch.linalg.qr(z)
    size, lost = _diagonal(r), frame.lost
    scale = torch.maximum(norm(z).amax(1), gain)
    finite = scale.isfinite() & h.isfinite().all(1)
    precision = 1 / 2 if len(xs) == 1 else 1 / 3  # a window can be repeated: rounding is eps·scale/size
    weak = size <= torch.finfo(z.dtype).eps ** precision * scale[:, None]
    doubtful = (weak & ~lost).any(1) & finite
    if len(xs) > 1 and (doubtful | ~finite).any():
        return _advance_singly(push, xs, frame)
    if doubtful.any():
        lost = _find_lost(z, size, lost, scale, doubtful)
        order = lost.long().argsort(dim=1, stable=True)
        lost = lost.gather(1, order)
        q, r = torch.linalg.qr(z.gather(2, order[:, None].expand_as(z)))
        size = _diagonal(r)
    logs = size.double().log().masked_fill(lost, -torch.inf).masked_fill(~finite[:, None], torch.nan)
    return _Frame(h, q, lost), logs


def _advance_singly(push: Push, xs: Sequence[Tensor | None], frame: _Frame) -> tuple[_Frame, Tensor]:
    total = torch.zeros(frame.lost.shape, dtype=torch.float64, device=frame.h.device)
    for index in range(len(xs)):
        frame, logs = _advance(push, xs[index : index + 1], frame)
        total += logs
    return frame, total


def _diagonal(r: Tensor) -> Tensor:
    return r.diagonal(dim1=1, dim2=2).abs()


def _find_lost(z: Tensor, size: Tensor, lost: Tensor, scale: Tensor, doubtful: Tensor) -> Tensor:
    """Return which tangents are 0 or depend on the others to working precision, ``[B, k]``.

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
