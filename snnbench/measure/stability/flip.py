"""One spike turned over wherever a step uses it: in its output, its synapses and its reset.

A step is seen through the calls of its surrogates, in order. A call is of new spikes, or it repeats
spikes that were already there: a delayed reset or a recurrence asks again for those of the step before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, overload

import torch
from torch import Tensor

from snnbench.core.surrogate import replacing_spikes
from snnbench.errors import UsageError
from snnbench.measure.stability.copies import Copies
from snnbench.measure.stability.flat import FlatMap

PROBES: Final = 64
"""Fewest random states by which a repeated call is told from a new one."""


@dataclass(frozen=True, slots=True)
class Call:
    """A step calls a surrogate: for ``units`` spikes an entry.

    ``repeats``: which call had the same spikes first; its own index where they are new. ``lag``: how
    many steps earlier that was, 0 or 1.
    """

    units: int
    repeats: int
    lag: int

    def is_new(self, index: int) -> bool:
        """Return whether it is of new spikes, being the ``index``-th call."""
        return self.repeats == index and not self.lag


def find_calls(flow: FlatMap, h: Tensor, x_t: Tensor | None) -> list[Call]:
    """Return the calls of a step, from two at random states and inputs around ``h`` ``[B, N]`` and ``x_t``.

    Raises:
        UsageError: The step asks no surrogate, or not the same way each time.
    """
    rows = torch.arange(max(PROBES, len(h)), device=h.device) % len(h)
    generator = torch.Generator(h.device).manual_seed(0)
    h, before = _asked(flow, _stirred(x_t, rows, generator), _stirred(h, rows, generator))
    _, now = _asked(flow, _stirred(x_t, rows, generator), h)
    if not now:
        raise UsageError(
            "no spike was made by a snnbench.Surrogate",
            "make each spike of the step by calling one on [B, ...]",
        )
    if [z.shape for z in before] != [z.shape for z in now]:
        raise UsageError("the step does not ask its surrogates in the same way each time", "make it pure")
    calls = [_call(index, before, now) for index in range(len(now))]
    if not all(calls[call.repeats].is_new(call.repeats) for call in calls):
        raise UsageError("a surrogate is asked for the same spikes in each step", "give the neurons an input")
    return calls


@overload
def _stirred(values: Tensor, rows: Tensor, generator: torch.Generator) -> Tensor: ...
@overload
def _stirred(values: Tensor | None, rows: Tensor, generator: torch.Generator) -> Tensor | None: ...
def _stirred(values: Tensor | None, rows: Tensor, generator: torch.Generator) -> Tensor | None:
    """Return ``values`` of these entries, with noise where they are real numbers."""
    if values is None or not values.is_floating_point():
        return None if values is None else values[rows]
    values = values[rows]
    return values + torch.randn(values.shape, dtype=values.dtype, device=values.device, generator=generator)


def _asked(flow: FlatMap, x_t: Tensor | None, h: Tensor) -> tuple[Tensor, list[Tensor]]:
    """Return the next state, and what each surrogate was asked for, ``[B, units]``."""
    asked: list[Tensor] = []

    def listen(z: Tensor, spikes: Tensor) -> Tensor:
        if z.shape[:1] != h.shape[:1]:
            raise UsageError(
                f"a surrogate was called on {list(z.shape)} in a batch of {len(h)}",
                "call it on tensors whose first axis is the batch",
            )
        asked.append(z.flatten(1) if z.dim() > 1 else z[:, None])
        return spikes

    with replacing_spikes(listen):
        return flow(x_t, h), asked


def _call(index: int, before: Sequence[Tensor], now: Sequence[Tensor]) -> Call:
    z = now[index]
    for lag, earlier in ((1, before), (0, now[:index])):
        for source, other in enumerate(earlier):
            if other.shape == z.shape and _equal(z, other):
                return Call(z.shape[1], source, lag)
    return Call(z.shape[1], index, 0)


def _equal(a: Tensor, b: Tensor) -> bool:
    """Return up to rounding: θ may be taken off in another order."""
    return bool((a - b).abs().amax() <= torch.finfo(a.dtype).eps ** 0.5 * a.abs().amax())


class Flip:
    """Three copies ``[3, P, N]`` are stepped: the reference, the one with a flipped spike, the control.

    Args:
        copies: Of the map.
        calls: What ``find_calls`` found.
        generator: Draws the unit whose spike is flipped, for each entry, from all of them.

    Attributes:
        units: How many units there are: spikes of an entry in one step.
    """

    def __init__(self, copies: Copies, calls: Sequence[Call], generator: torch.Generator) -> None:
        self._copies = copies
        self._calls = calls
        new = [index for index, call in enumerate(calls) if call.is_new(index)]
        widths = [calls[index].units for index in new]
        self.units = sum(widths)
        device = copies.entries.device
        drawn = torch.randint(self.units, (copies.batch,), generator=generator, device=device)
        chosen = drawn[copies.entries, None] == torch.arange(self.units, device=device)
        masks = chosen.split_with_sizes(widths, 1)
        self._masks = dict(zip(new, masks, strict=True))

    def step(self, x_t: Tensor | None, together: Tensor, since: int) -> tuple[Tensor, Tensor]:
        """Take one step, ``since`` steps after that of the flip.

        Returns:
            The next states, ``[3, P, N]``, and in how many spikes the second and the third copy differ
            from the first, ``[2, B]``.
        """
        rest = list(enumerate(self._calls))
        apart = []

        def turn(z: Tensor, spikes: Tensor) -> Tensor:
            if not rest:
                raise UsageError("the step asks its surrogates more often than before", "make it pure")
            index, call = rest.pop(0)
            rows = spikes.reshape(3, together.shape[1], -1)
            if call.lag == since:
                rows = _turned(rows, self._masks[call.repeats])
            if index in self._masks:
                apart.append((rows[1:] != rows[0]).sum(2)[:, : self._copies.batch])
            return rows.reshape(spikes.shape)

        with replacing_spikes(turn):
            following = self._copies.step(x_t, together)
        return following, torch.stack(apart).sum(0)


def _turned(spikes: Tensor, mask: Tensor) -> Tensor:
    """Return ``spikes`` ``[3, P, units]``, the second copy flipped at ``mask`` ``[P, units]``."""
    reference, moved, control = spikes
    if not ((moved == 0) | (moved == 1)).all():
        raise UsageError(
            "spikes that are not 0 or 1 cannot be flipped", "choose a surrogate that is not graded"
        )
    return torch.stack([reference, torch.where(mask, 1 - moved, moved), control])
