"""Inputs of another shape than was meant, named before torch stumbles over them."""

from __future__ import annotations

from torch import Tensor

from snnbench.errors import UsageError

NO_TIME = "samples have no time axis: encode them first, make_encoder('direct', steps=25)(x)"
NO_BATCH = "a single sample needs a batch axis: x.unsqueeze(0)"


def check_shape(x: Tensor, axes: tuple[str, ...], shape: tuple[int, ...] | None, lacking: str) -> None:
    """Refuse what is not ``[*axes, *shape]``.

    Args:
        x: The input.
        axes: Names of the first axes, of any size: ``("T", "B")``.
        shape: Of what follows; None for any.
        lacking: What to do if there is one axis too few.

    Raises:
        UsageError: It has another shape.
    """
    if shape is None or (x.ndim >= len(axes) and tuple(x.shape[len(axes) :]) == shape):
        return
    one_less = tuple(x.shape[len(axes) - 1 :]) == shape
    raise UsageError(
        f"the network takes inputs [{', '.join([*axes, *map(str, shape)])}], got {list(x.shape)}",
        lacking if one_less else "make it for another input_shape, or lay the input out so",
    )
