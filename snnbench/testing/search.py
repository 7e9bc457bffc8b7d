"""Looking for the smallest input that breaks a claim."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

import numpy as np
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import Tensor

T = TypeVar("T")

QUARTERS: Final = 8
"""Inputs are −2 … 2 in quarters of a neuron's unit: dyadic, hence exact in every dtype."""


def falsify(strategy: st.SearchStrategy[T], check: Callable[[T], None], examples: int) -> None:
    """Run ``check`` on drawn cases, the same at every call; raise what the smallest failing one raises."""

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def run(case: T) -> None:
        check(case)

    run()


@st.composite
def sequences(
    draw: st.DrawFn, unit: float = 1.0, *, steps: int = 8, batch: int = 3, width: int = 3, least: int = 1
) -> Tensor:
    """Inputs ``[T, B, width]``, float64, of 1 to ``steps`` steps and ``least`` to ``batch`` samples."""
    shape = draw(st.integers(1, steps)), draw(st.integers(least, batch)), draw(st.integers(1, width))
    quarters = draw(arrays(np.int8, shape, elements=st.integers(-QUARTERS, QUARTERS)))
    return torch.from_numpy(quarters.astype(np.float64)) * (unit / 4)


def show(x: Tensor, name: str = "x") -> str:
    """``x`` as an author can type it: ``x = torch.tensor([[[1.0]]], dtype=torch.float64)``."""
    return f"{name} = torch.tensor({x.tolist()}, dtype={x.dtype})"
