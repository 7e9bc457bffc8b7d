"""One step of a map and of its tangents, by the gradients that training uses or by the map's own rule.

B batch entries, N components of one entry's whole state, k tangents.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from snnbench.core.eager import State
from snnbench.core.tangents import TangentStep
from snnbench.errors import UsageError
from snnbench.measure.stability.flat import FlatMap

CHECKED: Final = 32
"""One step in so many of a map that pushes its own tangents is compared with its gradients."""


class Push:
    """This steps the state ``h`` ``[B, N]`` and its tangents ``q`` ``[B, N, k]``, both exactly.

    Called, it returns the next state, ``J·q``, and how much J or Jᵀ stretches a generic vector, ``[B]``.

    Args:
        flow: The map.
        tangent_step: Its own rule for tangents; None for the gradients that training uses.
    """

    def __init__(self, flow: FlatMap, tangent_step: TangentStep | None) -> None:
        self._flow = flow
        self._tangent_step = tangent_step
        self._steps = 0

    def __call__(self, x_t: Tensor | None, h: Tensor, q: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Take one step.

        Raises:
            UsageError: As ``push``; or the map's own rule contradicts its gradients.
        """
        if self._tangent_step is None:
            return push(self._flow, x_t, h, q)
        generic = _probe(h)
        tangents = torch.cat([q.movedim(2, 0), generic[None]])
        rows = self._flow.unflatten(tangents.flatten(0, 1))
        parts = tuple(part.view(*tangents.shape[:2], *part.shape[1:]) for part in rows)
        state, pushed = self._tangent_step(x_t, self._flow.unflatten(h), parts)
        following = self._flow.flatten(state)
        if [part.shape for part in pushed] != [part.shape for part in parts]:
            raise UsageError(
                f"tangent_step turns tangents {_shapes(parts)} into {_shapes(pushed)}",
                "it returns (next state, next tangents), a tensor [k, B, *] for each part of the state",
            )
        z = torch.cat([part.reshape(*part.shape[:2], -1) for part in pushed], 2)
        if self._steps % CHECKED == 0:
            self._check(x_t, h, following, generic, z[-1])
        self._steps += 1
        return following, z[:-1].movedim(0, 2), norm(z[-1]) / norm(generic)

    def _check(self, x_t: Tensor | None, h: Tensor, following: Tensor, v: Tensor, z: Tensor) -> None:
        """Compare with the map itself and with one gradient."""
        with torch.enable_grad():
            h = h.detach().requires_grad_()
            stepped = self._flow(x_t, h)
            u = _probe(h).flip(1)
            w = torch.zeros_like(h)
            if stepped.requires_grad:
                (w,) = torch.autograd.grad(stepped, h, u, materialize_grads=True)
        if not torch.allclose(following, stepped, equal_nan=True):
            raise UsageError("the step and its tangent_step lead to different states", "both are one step")
        _verify(u, w, v, z)


def push(flow: FlatMap, x_t: Tensor | None, h: Tensor, q: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Take one step of the state ``h`` ``[B, N]`` and its tangents ``q`` ``[B, N, k]``, both exact.

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
            _check_constant(flow, x_t, h, following)
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
    return following.detach(), z, norm(w) / norm(u)


@torch.no_grad()
def _check_constant(flow: FlatMap, x_t: Tensor | None, h: Tensor, following: Tensor) -> None:
    """A step without gradients is a constant: a neighbour of ``h`` must go where ``h`` goes."""
    near = h + torch.finfo(h.dtype).eps ** 0.5 * (1 + h.abs()) * _probe(h)
    if not torch.allclose(flow(x_t, near), following, rtol=0, atol=0, equal_nan=True):
        raise UsageError(
            "the step depends on its state, but its result carries no gradient",
            "leave torch.no_grad() and detach() out of it",
        )


def _transpose(w: Tensor, u: Tensor, q: Tensor) -> Tensor:
    """Return ``J·q`` from ``w = Jᵀu`` as a function of ``u``."""
    if q.shape[2] == 1:
        (z,) = torch.autograd.grad(w, u, q[..., 0], materialize_grads=True)
        return z[..., None]
    (z,) = torch.autograd.grad(w, u, q.movedim(2, 0), is_grads_batched=True, materialize_grads=True)
    return z.movedim(0, 2)


def _probe(like: Tensor) -> Tensor:
    """Return the numbers without a pattern, cos n: unlike any tangent, and unlike in each batch entry."""
    return torch.arange(like.numel(), dtype=like.dtype, device=like.device).cos().view_as(like)


def _verify(u: Tensor, w: Tensor, v: Tensor, z: Tensor) -> None:
    """Check ``⟨u, Jv⟩ = ⟨Jᵀu, v⟩`` in each batch entry, where ``z = Jv`` and ``w = Jᵀu``.

    It fails where a backward pass drops its own derivative, and where entries depend on each other. Where
    J is but what the rounding of larger terms has left of 0, as in a superstable point, it says nothing.
    """
    eps = torch.finfo(v.dtype).eps
    gap = ((u * z).sum(1) - (w * v).sum(1)).abs()
    size = norm(u) * norm(z) + norm(w) * norm(v)
    if (gap > eps**0.5 * size + eps**0.75 * norm(u) * norm(v)).any():
        raise UsageError(
            "the step's tangents contradict its gradients",
            "batch entries must not mix (BatchNorm: call .eval()), each backward must be differentiable, "
            "and units of a neuron that pushes its own tangents must not mix",
        )


def _shapes(parts: State) -> str:
    return ", ".join(str(list(part.shape)) for part in parts)


def norm(vectors: Tensor) -> Tensor:
    """Return the Euclidean norm over the state, axis 1."""
    result: Tensor = torch.linalg.vector_norm(vectors, dim=1)
    return result
