"""Journals that someone else wrote or damaged: a line is skipped with a reason, or the whole report works."""

from __future__ import annotations

import copy
import io
import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from results import HEADER, board_of, make_cell, make_metrics, make_result, make_seeds
from snnbench.records import CellResult, Metric
from snnbench.report import tables
from snnbench.report.frame import board_frame, to_frame
from snnbench.report.leaderboard import page
from snnbench.report.markdown import markdown
from snnbench.report.numbers import interval, mean_text, number
from snnbench.report.plot import Axis, ticks
from snnbench.results import leaderboard
from snnbench.settings import Budget
from snnbench.store.lines import Damage, read_line, seal, write_line

odd_numbers = st.sampled_from(
    [0, -1, 1, 2**31, 2**53 + 1, -(2**63), 2**64, 10**400, 0.0, -0.0, 5e-324, 1e-300, 1e300, 1e308, -1e308]
)
odd_texts = st.sampled_from(
    [
        "",
        "Infinity",
        "-Infinity",
        "NaN",
        "nan",
        "1e999",
        "\x1b[2J",
        "a\rb\nc",
        "=1+1",
        "]",
        "x[",
        "é" * 600,
        "none",
    ]
)
odd_values = (
    odd_numbers
    | odd_texts
    | st.sampled_from([None, True, [], {}, [1, 2, 3], [[]], {"a": 1}, [1e308, -1e308], ["NaN", 1.0]])
)
odd_names = st.sampled_from(
    ["", "rank", "seeds", "accuracy.test.n", "accuracy.test", "label.x", "stability.lambda_delta[x]",
     "stability.lambda_delta[1e308]", "stability.epochs", "stability.spectrum[0]", "\x1b[31m", "a.low",
     "throughput.training_ratio", "initial.stability.lambda_grad"]
)  # fmt: skip


def stability_result(seed: int, neuron: str = "lif") -> CellResult:
    result = make_seeds([0.9, 0.91, 0.92], neuron)[seed]
    metrics = {
        **result.metrics,
        "throughput.training_updates": Metric(1e6, "updates/s"),
        "throughput.training_ratio": Metric(1.0, "×", 0.9, 1.1, ("class A", "unstable")),
        "stability.spectrum[1]": Metric(-0.1),
        "stability.spectrum[2]": Metric(-0.2),
    }
    series = {"stability.epochs": (0.0, 1.0, 2.0), "stability.lambda_grad": (0.1, 0.2, 0.3)}
    budget = Budget(epochs=0) if neuron == "growth" else result.cell.budget
    return replace(result, metrics=metrics, series=series, cell=replace(result.cell, budget=budget))


VALID = [stability_result(seed, neuron) for neuron in ("lif", "growth") for seed in range(2)]
CONTENT = [json.loads(write_line(result)) for result in VALID]


def whole_report(results: list[CellResult]) -> None:
    board = board_of(results)
    page("a run", board, [HEADER])
    markdown("a run", board)
    frame = to_frame(results)
    pd.testing.assert_frame_equal(leaderboard(frame), board_frame(board))
    tables.parquet(frame)
    back = pd.read_csv(io.BytesIO(tables.csv(frame)))
    assert list(back.columns) == list(frame.columns)
    assert len(back) == len(frame)


def places(content: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value."""
    inner = (
        content.items()
        if isinstance(content, dict)
        else enumerate(content)
        if isinstance(content, list)
        else ()
    )
    return [path, *(place for key, value in inner for place in places(value, (*path, key)))]


PLACES = [place for place in places(CONTENT[0]) if place]


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_changed_line_is_skipped_with_a_reason_or_the_whole_report_works(data: st.DataObject) -> None:
    results = []
    for content in data.draw(st.permutations(CONTENT)):
        changed = copy.deepcopy(content)
        for _ in range(data.draw(st.integers(0, 2))):
            mutate(data, changed)
        changed.pop("checksum", None)
        try:
            results.append(read_line(seal(json.dumps(changed).encode())))
        except Damage as damage:
            assert str(damage)
    with np.errstate(all="ignore"):
        whole_report(results)


def mutate(data: st.DataObject, content: Any) -> None:
    *path, last = data.draw(st.sampled_from(PLACES))
    for key in path:
        try:
            content = content[key]
        except (KeyError, IndexError, TypeError):
            return
    if not isinstance(content, dict | list) or (isinstance(content, list) and last >= len(content)):
        return
    kind = data.draw(st.sampled_from(["value", "drop", "name"]))
    if kind == "value":
        content[last] = data.draw(odd_values)
    elif kind == "drop":
        content.pop(last) if isinstance(content, list) else content.pop(last, None)
    elif isinstance(content, dict) and last in content:
        content[data.draw(odd_names)] = content.pop(last)


EXTREME = (1e300, 1e308, -1e308, 5e-324, -5e-324, 0.0, math.inf, -math.inf, math.nan, 1e-300)


@pytest.mark.parametrize("value", EXTREME)
def test_any_number_can_be_reported(value: float) -> None:
    """λ of 1e308 hung the ticks of an axis, and 5e-324 divided by 10^-324, which is 0."""
    names = [*make_metrics(0.9), "plain", "throughput.training_ratio", "throughput.training_updates",
             "stability.lambda_delta[0.5]", "stability.spectrum[1]", "stability.spectrum[2]"]  # fmt: skip
    low, high = (None, None) if math.isnan(value) else (-math.inf, math.inf)
    results = [
        make_result(
            make_cell(neuron, seed=seed),
            metrics={name: Metric(value, low=low, high=high) for name in names},
            series={"stability.epochs": (0.0, 1.0), "stability.lambda_grad": (value, -value)},
        )
        for neuron in ("lif", "alif")
        for seed in range(2)
    ]
    growing = [
        replace(one, cell=replace(one.cell, key=f"{steps}", budget=Budget(epochs=0, steps=steps)))
        for one in results[:1]
        for steps in (10, 20, 40, 80)
    ]
    with np.errstate(all="ignore"):
        whole_report([*results, *growing])


@pytest.mark.parametrize("kind", ["fraction", "rate", "ratio", "bytes", "exponent", "plain"])
@pytest.mark.parametrize("value", EXTREME)
def test_no_number_takes_more_than_a_cell_of_a_table(kind: Any, value: float) -> None:
    for ends in ((value, value), (-abs(value), abs(value)), (math.nan, math.nan)):
        assert len(number(kind, value)) <= 24
        assert len(interval(kind, value, *ends)) <= 40
        assert len(mean_text(kind, value, *ends)) <= 50


def test_powers_of_ten_are_written_once() -> None:
    assert number("plain", 5e-324) == "4.941e-324"
    assert number("plain", 1e300) == "1.000e+300"
    assert mean_text("plain", 1e300, 1e300, 1e300) == "1.000e+300 ± 0"
    assert mean_text("plain", 2e300, 1.5e300, 2.5e300) == "(2.000 ± 0.500)e+300"


@pytest.mark.parametrize("span", [1e-12, 0.03, 1.0, 37.0, 1e6, 1e308])
@pytest.mark.parametrize("low", [-1.0, 0.0, 5.0])
def test_an_axis_has_few_round_ticks_whatever_its_size(low: float, span: float) -> None:
    found = ticks(Axis(low, low + span, 0.0, 100.0))
    assert 1 <= len(found) <= 8
    slack = 1e-9 * max(abs(low), span)
    assert all(low - slack <= tick <= low + span + slack for tick in found)
