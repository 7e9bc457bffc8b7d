"""The shape that sequence encoders accept."""

from __future__ import annotations

from torch import Tensor

from snnbench.components.encoders.intensity import check_finite, check_floats
from snnbench.data.dataset import Samples
from snnbench.data.sequences import Sequences
from snnbench.errors import UsageError


def lengths(x: Samples) -> Tensor | None:
    """Return the real steps of each sequence, ``[B]``; None where all have the same length."""
    return x.lengths if isinstance(x, Sequences) else None


def time_first(x: Tensor | Sequences, encoder: str) -> Tensor:
    """Return sequences ``x`` ``[B, T, *features]`` with time first, ``[T, B, *features]``: a view.

    Raises:
        UsageError: There are no steps or no features, or a value is not a number.
    """
    x = x.values if isinstance(x, Sequences) else x
    check_floats(x, encoder)
    if x.ndim < 3 or x.shape[1] == 0:
        raise UsageError(
            f"encoder {encoder!r} takes sequences [B, T, *features], got shape {list(x.shape)}",
            "an image has no time axis: choose the encoder 'rate' or 'direct'",
        )
    check_finite(x, encoder)
    return x.movedim(1, 0)
