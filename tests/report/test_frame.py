from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd
import pytest

from results import make_cell, make_metrics, make_result, make_run, make_seeds
from snnbench.records import PROTOCOL, CellResult, Component, Metric, Status
from snnbench.report.columns import IDENTITY
from snnbench.report.frame import to_frame
from snnbench.report.imported import metrics
from snnbench.reserved import TAKEN


def test_a_row_a_cell_with_what_was_run() -> None:
    cell = replace(make_cell(beta=0.9), encoder=Component("latency", (("linear", True), ("tau", 5.0))))
    row = to_frame([make_result(cell)]).iloc[0]
    assert row["id"] == "digits/latency[linear=true,tau=5.0]/dense/lif[beta=0.9]/atan/s0"
    assert row["encoder"] == "latency[linear=true,tau=5.0]"
    assert row["neuron"] == "lif[beta=0.9]"
    assert (row["seed"], row["status"], row["protocol"]) == (0, "done", PROTOCOL)
    assert (row["steps"], row["epochs"], row["learning_rate"]) == (25, 20, 1e-3)
    assert row["label.spike"] == "binary"
    assert row["accuracy.test"] == 0.9


def test_what_is_missing_is_null_and_never_zero() -> None:
    frame = to_frame(make_run())
    lost = frame[frame["status"] != "done"]
    assert len(lost) == 5
    assert lost[metrics(frame)].isna().all(axis=None)
    assert frame.loc[frame["status"] == "done", "reason"].isna().all()
    assert (lost["reason"].str.len() > 0).all()
    assert not (frame[metrics(frame)] == 0).any(axis=None)
    gru = frame[frame["neuron"] == "gru"].iloc[0]
    assert gru["surrogate"] == "none", "a word: a groupby leaves out what is null"


def test_a_missing_metric_has_its_reason_and_a_flagged_one_its_flags() -> None:
    given = {
        "throughput.training": Metric(8.0, "samples/s", 7.0, 9.0, flags=("unstable", "busy")),
        "throughput.inference": Metric.missing("implausible", "samples/s"),
        "stability.lambda_grad": Metric(math.nan, "nats/step"),
        "memory.training_peak": Metric(5.0, "B", low=4.0),
    }
    row = to_frame([make_result(make_cell(), metrics=given)]).iloc[0]
    assert row["throughput.training.flags"] == "unstable, busy"
    assert (row["throughput.training.low"], row["throughput.training.high"]) == (7.0, 9.0)
    assert math.isnan(row["throughput.inference"])
    assert row["throughput.inference.reason"] == "implausible"
    assert row["stability.lambda_grad.reason"] == "not a number"
    assert row["memory.training_peak.low"] == 4.0
    assert "memory.training_peak.flags" not in row


def test_minus_infinity_is_a_number() -> None:
    dead = {"stability.lambda_grad": Metric(-math.inf, "nats/step")}
    frame = to_frame([make_result(make_cell(), metrics=dead)])
    assert frame["stability.lambda_grad"].tolist() == [-math.inf]
    assert "stability.lambda_grad.reason" not in frame


def test_every_metric_is_a_column_of_floats_with_a_unit() -> None:
    frame = to_frame(make_run())
    assert metrics(frame) == list(make_metrics(0.5))
    assert (frame[metrics(frame)].dtypes == "float64").all()
    assert frame.attrs["units"]["stability.lambda_delta[0.1]"] == "nats/step"


@pytest.mark.parametrize("name", IDENTITY)
def test_a_plugin_cannot_overwrite_what_a_cell_is(name: str) -> None:
    plain = to_frame([make_result(make_cell(), metrics={})]).iloc[0]
    frame = to_frame([make_result(make_cell(), metrics={name: Metric(7.0, "mJ")})])
    assert pd.isna(frame.loc[0, name]) if pd.isna(plain[name]) else frame.loc[0, name] == plain[name]
    assert frame.loc[0, f"measured_{name}"] == 7.0
    assert metrics(frame) == [f"measured_{name}"]
    assert frame.attrs["units"] == {f"measured_{name}": "mJ"}


def test_cells_keep_their_order_and_seeds_their_number() -> None:
    results = make_seeds([0.9, None, 0.8])
    frame = to_frame(results)
    assert frame["id"].tolist() == [result.cell.id for result in results]
    assert frame["seed"].tolist() == [0, 1, 2]
    assert frame["status"].tolist() == ["done", "diverged", "done"]


def test_no_results_are_a_frame_without_rows() -> None:
    frame = to_frame([])
    assert len(frame) == 0
    assert list(frame.columns) == list(IDENTITY)


def test_a_cell_that_never_started_has_no_environment() -> None:
    frame = to_frame([CellResult(make_cell(), Status.SKIPPED, "no surrogate")])
    assert pd.isna(frame.loc[0, "environment"])
    assert pd.isna(frame.loc[0, "started"])


def test_columns_have_the_types_that_are_documented() -> None:
    frame = to_frame(make_run())
    assert frame["started"].dtype == "datetime64[us, UTC]"
    assert frame["started"].iloc[0] == pd.Timestamp("2025-03-01T12:00:00Z")
    assert {str(frame[name].dtype) for name in ("seed", "protocol", "steps", "epochs")} == {"int64"}
    assert {str(frame[name].dtype) for name in ("neuron", "surrogate", "reason", "label.spike")} == {"str"}


def test_a_groupby_keeps_the_rows_of_neurons_without_a_surrogate() -> None:
    results = [make_result(make_cell("relu", None, seed=seed)) for seed in range(3)] + make_seeds([0.9, 0.8])
    sizes = to_frame(results).groupby(["neuron", "surrogate"]).size()
    assert sizes.to_dict() == {("relu", "none"): 3, ("lif", "atan"): 2}


@pytest.mark.parametrize("name", ["label.spike", "status.done", "a.low", "a.flags", "a.n", "rank", "marks"])
def test_no_metric_takes_the_place_of_another_column(name: str) -> None:
    plain = to_frame(make_seeds([0.9]))
    frame = to_frame([make_result(make_cell(), metrics={**make_metrics(0.9), name: Metric(0.123)})])
    added = set(frame.columns) - set(plain.columns)
    assert len(added) == 1
    assert not added & TAKEN
    assert metrics(frame) == [*metrics(plain), *added]
