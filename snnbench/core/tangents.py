"""Layers push tangents by derivatives of their own, all k at once (Geist et al. 1990).

B samples, k tangents. A tangent of a tensor ``[B, *]`` is one of the rows of ``[k, B, *]``. Linear layers
act on tangents as on samples; the derivative of an elementwise neuron is one number a unit and path.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from snnbench.core.eager import State, Step

Pushed: TypeAlias = tuple[Tensor, State, Tensor | None, State]
"""Output and next state, then the tangents of both; None for those of an output that nobody asked for."""

TangentStep: TypeAlias = Callable[[Any, State, State], tuple[State, State]]
"""``(x_t, state, tangents) -> (next state, next tangents)``; tangents of each part ``[k, B, *]``."""


def push_elementwise(
    step: Step, x_t: Tensor, state: State, dx: Tensor | None, dstate: State, *, last: bool
) -> Pushed:
    """Take one step of units that do not see each other, and of its tangents.

    The slopes are gradients of the sums over all units: one backward pass for each result, whatever k.

    Args:
        step: Of the units.
        x_t: Input, ``[B, *]``.
        state: Tensors ``[B, *]``.
        dx: Tangents of the input, ``[k, B, *]``; None for none.
        dstate: Tangents of the state.
        last: Nobody asks for the tangents of the output.
    """
    with torch.enable_grad():
        sources = [part.detach().requires_grad_() for part in (x_t, *state)]
        output, following = step(sources[0], tuple(sources[1:]))
        tangents = (dx, *dstate)
        pushed = tuple(_given(_pushed(result, sources, tangents)) for result in following)
        dy = None if last else _pushed(output, sources, tangents)
    return output.detach(), tuple(part.detach() for part in following), dy, pushed


def _pushed(result: Tensor, sources: list[Tensor], tangents: tuple[Tensor | None, ...]) -> Tensor | None:
    """Return the tangents of ``result`` from those of its ``sources``; None if none has any."""
    slopes: tuple[Tensor | None, ...] = (None,) * len(sources)
    if result.requires_grad:
        ones = torch.ones_like(result)
        slopes = torch.autograd.grad(result, sources, ones, retain_graph=True, allow_unused=True)
    pairs = zip(slopes, tangents, strict=True)
    terms = [slope * part for slope, part in pairs if slope is not None and part is not None]
    if terms:
        return functools.reduce(torch.add, terms)
    return next((torch.zeros_like(part) for part in tangents if part is not None), None)


def _given(tangent: Tensor | None) -> Tensor:
    assert tangent is not None, "a state has tangents"
    return tangent


class Recurrent(Protocol):
    """Units that see each other through a linear map of their spikes alone."""

    def spikes(self, u: Tensor) -> Tensor:
        """Return the spikes ``[B, *]`` of the step before, from the first part of the state."""
        ...

    def mix(self, s: Tensor) -> Tensor:
        """Return the linear map of spikes, or of their tangents, ``[rows, *] -> [rows, *]``."""
        ...

    def advance(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        """Return the output and next state from ``(mix(spikes), spikes, *state)``, unit by unit."""
        ...


def push_recurrent(
    units: Recurrent, x_t: Tensor, state: State, dx: Tensor | None, dstate: State, *, last: bool
) -> Pushed:
    """As ``push_elementwise``, for units that are ``Recurrent``."""

    def spikes(x_t: Tensor, first: State) -> tuple[Tensor, State]:
        return x_t, (units.spikes(first[0]),)

    _, (s,), _, (ds,) = push_elementwise(spikes, x_t, state[:1], None, dstate[:1], last=True)
    mixed = units.mix(ds.flatten(0, 1)).view_as(ds)
    return push_elementwise(
        units.advance, x_t, (units.mix(s), s, *state), dx, (mixed, ds, *dstate), last=last
    )


def is_affine(layer: nn.Module) -> bool:
    """Return whether ``push_affine`` knows the layer."""
    if type(layer) is nn.Conv2d:
        return layer.padding_mode == "zeros"
    if type(layer) is nn.BatchNorm2d:
        return not layer.training and layer.running_var is not None
    return type(layer) in {nn.Linear, nn.Flatten, nn.AvgPool2d, nn.Identity}


def push_affine(layer: nn.Module, dx: Tensor) -> Tensor:
    """Return what ``layer``, without its offset, makes of the tangents ``dx`` ``[k, B, *]``."""
    rows = dx.flatten(0, 1)
    match layer:
        case nn.Linear():
            rows = F.linear(rows, layer.weight)
        case nn.Conv2d():
            rows = F.conv2d(
                rows, layer.weight, None, layer.stride, layer.padding, layer.dilation, layer.groups
            )
        case nn.BatchNorm2d():
            assert layer.running_var is not None
            gain = (layer.running_var + layer.eps).rsqrt()
            gain = gain if layer.weight is None else gain * layer.weight
            rows = rows * gain[:, None, None]
        case _:
            rows = layer(rows)
    return rows.view(*dx.shape[:2], *rows.shape[1:])
