"""A disturbance that is let go: larger than at the start, still there, or gone."""

from __future__ import annotations

import math

import maps
import numpy as np
import pytest
import torch
from maps import F64, uniform
from scipy.stats import binomtest
from test_stability_cell import cell, rlif
from torch import Tensor

from snnbench.components.encoders.direct import Direct
from snnbench.components.neurons.relu import ReLU
from snnbench.errors import UsageError
from snnbench.lyapunov import survival
from snnbench.measure.stability.forgetting import forgetting


def start(batch: int = 12, width: int = 4) -> tuple[Tensor]:
    return (torch.zeros(batch, width, dtype=F64),)


def test_a_contraction_is_never_larger_and_is_gone_when_it_has_shrunk_to_a_millionth() -> None:
    result = survival(lambda _, s: (None, (0.9 * s[0],)), start(), 200, (0.01, 1.0))
    assert (result.larger == 0).all()
    last = math.floor(math.log(1e-6) / math.log(0.9))  # steps after which it is still above a millionth
    assert (result.there[:last, :] == 1).all()
    assert (result.there[last:, :] == 0).all()
    assert result.control_ok
    assert result.flags == ()


def test_an_expansion_is_always_larger() -> None:
    result = survival(lambda _, s: (None, (1.1 * s[0],)), start(), 50, (0.01,))
    assert (result.larger == 1).all()
    assert (result.there == 1).all()


def test_a_rotation_is_there_and_not_larger() -> None:
    turn = torch.tensor([[math.cos(1), -math.sin(1)], [math.sin(1), math.cos(1)]], dtype=F64)
    result = survival(lambda _, s: (None, (s[0] @ turn.T,)), start(width=2), 50, (0.01,))
    assert (result.larger == 0).all()
    assert (result.there == 1).all()


def test_a_step_that_forgets_its_state_coalesces_at_once() -> None:
    result = survival(lambda x, s: (None, (0 * s[0] + x,)), start(), uniform(20, 12, 4), (0.1,))
    assert (result.there == 0).all()


def test_an_lif_that_is_wiped_by_its_spikes_coalesces_exactly() -> None:
    """Reset to zero: with a strong input every membrane fires in each step, and is wiped, alike in both."""
    result = survival(maps.lif(0.9, reset="zero"), start(), torch.full((20, 12, 4), 3.0, dtype=F64), (0.1,))
    assert float(result.there[0]) == 1
    assert (result.there[1:] == 0).all(), "the reset follows the first spike by a step"
    silent = survival(maps.lif(0.9, reset="zero"), start(), torch.zeros(20, 12, 4, dtype=F64), (0.1,))
    assert (silent.there == 1).all()


def test_shares_are_of_entries_with_wilson_s_interval() -> None:
    """Half of the entries expand, the others are wiped."""
    gain = torch.zeros(12, 1, dtype=F64)
    gain[:3] = 2.0
    result = survival(lambda _, s: (None, (gain.repeat(len(s[0]) // 12, 1) * s[0],)), start(), 5, (0.1,))
    assert float(result.larger[0]) == 3 / 12
    known = binomtest(3, 12).proportion_ci(0.95, method="wilson")
    np.testing.assert_allclose(result.larger_interval[0, 0], [known.low, known.high], rtol=1e-12)
    assert survival(lambda _, s: (None, s), start(9), 5, (0.1,)).there_interval.isnan().all()


def test_a_unit_scales_the_disturbance() -> None:
    """Below 1 it dies out, above it grows: a rescaled map has the same fate in its own units."""
    for scale in (1.0, 0.1):
        result = survival(
            lambda _, s, c=scale: (None, ((s[0] / c).pow(2) * c,)), start(), 30, (0.5, 3.0), unit=(scale,)
        )
        assert float(result.there[-1, 0]) == 0
        assert result.flags == ()


def test_hidden_randomness_voids_it() -> None:
    hidden = torch.Generator().manual_seed(0)

    def noisy(_: None, state: tuple[Tensor, ...]) -> tuple[None, tuple[Tensor, ...]]:
        return None, (0.9 * state[0] + torch.randn(state[0].shape, dtype=F64, generator=hidden),)

    result = survival(noisy, start(), 20, (0.1,))
    assert result.flags == ("control",)
    assert result.larger.isnan().all()
    diverged = survival(lambda _, s: (None, (s[0] ** 2 + 2,)), start(), 50, (0.1,))
    assert diverged.flags == ("diverged",)


def test_it_prints_in_a_line_and_checks_its_arguments() -> None:
    result = survival(lambda _, s: (None, (0.9 * s[0],)), start(), 200, (0.01, 1.0))
    assert repr(result) == "Survival(after 200 steps: δ=0.01: larger 0%, there 0%; δ=1: larger 0%, there 0%)"
    with pytest.raises(UsageError, match="transient"):
        survival(lambda _, s: (None, s), start(), 5, (0.1,), transient=5)


def test_a_cell_has_both_shares_and_their_curves() -> None:
    metrics, series = forgetting(cell(rlif, encoder=Direct(10)), streams=12, steps=80)
    steps = series["stability.survival.step"]
    assert steps[0] == 1
    assert steps[-1] == 80
    for name in ("larger", "there"):
        low, value, high = (series[f"stability.survival.{name}{end}"] for end in ("_low", "", "_high"))
        assert len(low) == len(value) == len(high) == len(steps)
        assert all(a <= b <= c for a, b, c in zip(low, value, high, strict=True))
        assert metrics[f"stability.{name}"].value == value[-1]
        assert metrics[f"stability.{name}"].low == low[-1]
    metrics, series = forgetting(cell(lambda f, g: ReLU(f, None, g)))
    assert metrics["stability.larger"].reason
    assert series == {}
