"""Averages over time have intervals: successive steps are correlated, so single ones never count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeVar

import torch
from scipy.special import stdtrit
from torch import Tensor

T = TypeVar("T")

CONFIDENCE: Final = 0.95
BLOCKS: Final = 20
"""Blocks that a window is cut into, and the fewest that give an interval."""
MOST_ALIKE: Final = 0.9
"""Largest correlation of successive blocks that is believed: twenty are then worth one."""
ENTRIES: Final = 10
"""Independent batch entries from which the interval is taken over them instead of over blocks."""
ASYMPTOTIC_STEPS: Final = 100
"""A shorter window is labelled ``finite-time``."""


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """Means ``[*]``, their standard errors ``[*]`` and 95 % intervals ``[*, 2]``, all float64."""

    mean: Tensor
    stderr: Tensor
    interval: Tensor


def blocks(steps: Sequence[T]) -> list[Sequence[T]]:
    """Return ``steps`` cut into ``BLOCKS`` parts, or into single ones if there are fewer; equal up to one."""
    count = min(BLOCKS, len(steps))
    cuts = [-(-index * len(steps) // count) for index in range(count + 1)]
    return [steps[start:stop] for start, stop in pairwise(cuts)]


def estimate(sums: Tensor, counts: Tensor) -> Estimate:
    """Return the average per step, with an interval from the spread between independent groups.

    The groups are the batch entries where there are at least ``ENTRIES`` that are not all equal,
    else the blocks where there are ``BLOCKS``, else there is no interval: NaN. Entries are independent;
    blocks count as fewer the more successive ones are alike (see ``_blocks_apart``). Groups of unequal
    counts are a ratio estimate (Cochran 1977, Sampling Techniques, eq. 6.13).

    Args:
        sums: Sum over each block's steps, ``[blocks, B, *]``, float64.
        counts: Number of steps in it, broadcastable to ``sums``.
    """
    counts = counts.expand_as(sums)
    mean = sums.sum((0, 1)) / counts.sum((0, 1))
    over = 0 if _entries_differ(sums.sum(0) / counts.sum(0)) else 1
    totals, steps = sums.sum(over), counts.sum(over)
    groups = len(totals)
    stderr = freedom = torch.full_like(mean, torch.nan)
    if over == 0 or groups >= BLOCKS:
        residuals = (totals - mean * steps) / steps.mean(0)
        apart = torch.full_like(mean, groups) if over == 0 else _blocks_apart(residuals)
        freedom = (apart - 1).clamp(min=1)
        stderr = (residuals.square().sum(0) / (groups - groups / apart) / apart).sqrt()
    half = torch.from_numpy(stdtrit(freedom.numpy(), (1 + CONFIDENCE) / 2)) * stderr
    interval = torch.stack([mean - half, mean + half], -1)
    return Estimate(mean, stderr, torch.where(mean[..., None].isneginf(), -torch.inf, interval))


def _blocks_apart(residuals: Tensor) -> Tensor:
    """Return how many independent blocks ``residuals`` ``[blocks, *]`` are worth, ``[*]``.

    n blocks with a correlation ρ of successive ones are worth n·(1 − ρ)/(1 + ρ) (Bartlett 1935), where ρ is
    that of the sample, freed of its bias of −(1 + 3ρ)/n (Kendall 1954), and not below 0. So intervals
    cover where the memory of the steps is as long as half a block; far longer ones they cannot see.
    """
    count = len(residuals)
    found = (residuals[1:] * residuals[:-1]).sum(0) / residuals.square().sum(0)
    rho = (found + (1 + 3 * found.clamp(min=0)) / count).nan_to_num(0.0).clamp(0, MOST_ALIKE)
    return count * (1 - rho) / (1 + rho)


def _entries_differ(rates: Tensor) -> bool:
    """Return whether ``rates`` ``[B, *]`` come from enough entries that are not copies of one."""
    return len(rates) >= ENTRIES and bool((rates != rates[0]).any())


def bootstrap(sums: Tensor, counts: Tensor, generator: torch.Generator, repeats: int = 1000) -> Tensor:
    """Means over batch entries drawn again with replacement, ``[repeats, *]``.

    Args:
        sums: Sum over each block's steps, ``[blocks, B, *]``.
        counts: Number of steps in it, the same shape.
        generator: Draws the entries; on the device of ``sums``.
        repeats: Number of resamples.
    """
    batch = sums.shape[1]
    drawn = torch.randint(batch, (repeats, batch), generator=generator, device=sums.device)
    return sums.sum(0)[drawn].sum(1) / counts.sum(0)[drawn].sum(1)
