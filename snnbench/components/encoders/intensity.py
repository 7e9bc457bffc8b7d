"""The values that encoders accept."""

from __future__ import annotations

from torch import Tensor

from snnbench.errors import UsageError

ROUNDING = 1e-6
"""How far a value may be from what it should be, relative to the largest: 0.6 is 0.60000002 in float32."""


def check_floats(x: object, encoder: str) -> None:
    """Refuse what is no tensor of floats: recordings of events, bytes.

    Raises:
        UsageError: It is not.
    """
    if isinstance(x, Tensor) and x.is_floating_point():
        return
    found = x.dtype if isinstance(x, Tensor) else f"an object {type(x).__name__}"
    raise UsageError(
        f"encoder {encoder!r} takes a tensor of floats, got {found}",
        "x.float() / 255 makes intensities of bytes; the encoder 'frames' takes events, 'none' sequences",
    )


def check_finite(x: Tensor, encoder: str) -> None:
    """Refuse samples that are infinite or not a number.

    Raises:
        UsageError: A value is, or it is no tensor of floats.
    """
    check_floats(x, encoder)
    if not bool(x.isfinite().all()):
        raise UsageError(f"encoder {encoder!r} takes finite values, got inf or nan", "repair the dataset")


def check_intensity(x: Tensor, encoder: str, low: float = 0.0, high: float = 1.0) -> None:
    """Refuse samples outside [``low``, ``high``].

    Raises:
        UsageError: A value is outside, or not a number, or it is no tensor of floats.
    """
    check_floats(x, encoder)
    if not bool(((x >= low) & (x <= high)).all()):
        least, greatest = x.min().item(), x.max().item()
        raise UsageError(
            f"encoder {encoder!r} takes intensities in [{low:g}, {high:g}], "
            f"got values from {least!r} to {greatest!r}",
            "scale the dataset, or choose the encoder 'direct'",
        )
