"""A search looks for the smallest input that breaks a claim."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Final

import numpy as np
import torch
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import Tensor

from snnbench.testing.outcomes import Violation

QUARTERS: Final = 8
"""Inputs are −2 … 2 in quarters of a neuron's unit: dyadic, hence exact in every dtype."""


def falsify(check: Callable[[Tensor], None], unit: float, examples: int, *, batch: int = 1) -> None:
    """Run ``check`` on sequences, the same at every call; raise what the smallest that breaks it raises.

    Args:
        check: Given a sequence, raises ``Violation`` if it breaks the claim.
        unit: What a value of 1 stands for.
        examples: How many sequences to try.
        batch: Fewest samples of a batch.

    Raises:
        Violation: Of the smallest sequence that was found.
    """
    inputs = sequences(unit, least=batch)
    try:
        _search(check, inputs, examples, Phase.generate)
    except Violation:
        for x in smallest(unit, batch):
            check(x)
        _search(check, inputs, examples, Phase.generate, Phase.shrink)
        raise


def _search(
    check: Callable[[Tensor], None], inputs: st.SearchStrategy[Tensor], examples: int, *phases: Phase
) -> None:
    @settings(
        max_examples=examples,
        phases=phases,
        derandomize=True,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(inputs)
    def search(x: Tensor) -> None:
        check(x)

    search()


@st.composite
def sequences(draw: st.DrawFn, unit: float, *, least: int) -> Tensor:
    """Return inputs ``[T, B, H]``, float64: up to 8 steps, ``least`` to 3 samples, up to 3 neurons."""
    shape = draw(st.integers(1, 8)), draw(st.integers(least, 3)), draw(st.integers(1, 3))
    quarters = draw(arrays(np.int8, shape, elements=st.integers(-QUARTERS, QUARTERS)))
    return torch.from_numpy(quarters.astype(np.float64)) * (unit / 4)


def smallest(unit: float, batch: int) -> Iterator[Tensor]:
    """Yield all inputs of one neuron with one or two values, the smallest first."""
    values = sorted(range(-QUARTERS, QUARTERS + 1), key=lambda value: (abs(value), value < 0))
    for count in sorted({batch, 2}):
        combined = sorted(product(values, repeat=count), key=lambda row: sum(map(abs, row)))
        for row in combined:
            yield torch.tensor(row, dtype=torch.float64).view(-1, batch, 1) * (unit / 4)


def show(x: Tensor, name: str = "x") -> str:
    """Return ``x`` as an author can type it: ``x = torch.tensor([[[1.0]]], dtype=torch.float64)``."""
    return f"{name} = torch.tensor({x.tolist()}, dtype={x.dtype})"
