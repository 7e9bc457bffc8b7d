from __future__ import annotations

import io
import itertools
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from results import HERE, cells_of, make_cell, make_metrics, make_result, make_run, make_seeds
from snnbench.errors import UsageError
from snnbench.records import PROTOCOL, CellResult, Component, Metric, Status
from snnbench.report.board import make_board
from snnbench.report.columns import IDENTITY
from snnbench.report.frame import DataFrame, to_frame
from snnbench.report.statistics import summarise
from snnbench.report.tables import csv
from snnbench.report.view import sections
from snnbench.reserved import TAKEN
from snnbench.results import leaderboard
from snnbench.settings import Budget


def board_of(*results: CellResult) -> DataFrame:
    return leaderboard(to_frame(results))


def only_row(*results: CellResult) -> Any:
    board = board_of(*results)
    assert len(board) == 1
    return board.iloc[0]


def marks(row: Any) -> list[str]:
    return [] if pd.isna(row["marks"]) else row["marks"].split("; ")


def test_a_row_is_the_mean_over_seeds() -> None:
    row = only_row(*make_seeds([0.90, 0.92, 0.97]))
    assert row["accuracy.test"] == pytest.approx(0.93)
    known = summarise([0.90, 0.92, 0.97], "fraction", samples=360)
    assert (row["accuracy.test.low"], row["accuracy.test.high"]) == (known.low, known.high)
    rate = summarise([row["throughput.training"] / 0.93 * value for value in (0.90, 0.92, 0.97)], "rate")
    assert row["throughput.training.low"] == pytest.approx(rate.low)
    assert (row["seeds"], row["accuracy.test.n"], row["status.done"]) == (3, 3, 3)
    assert (row["neuron"], row["surrogate"], row["device"], row["environment"]) == (
        "lif",
        "atan",
        "cpu",
        HERE,
    )
    assert row["label.spike"] == "binary"


def test_a_lost_seed_is_counted_and_not_averaged() -> None:
    row = only_row(*make_seeds([0.90, None, 0.96]))
    assert row["accuracy.test"] == pytest.approx(0.93)
    assert (row["seeds"], row["accuracy.test.n"], row["status.done"], row["status.diverged"]) == (3, 2, 2, 1)
    assert {"1 of 3 diverged", "few seeds"} <= set(marks(row))


def test_a_number_missing_from_one_seed_is_counted_for_that_number() -> None:
    first, *others = make_seeds([0.9, 0.9, 0.93])
    gone = {**first.metrics, "throughput.training": Metric.missing("implausible", "samples/s")}
    row = only_row(replace(first, metrics=gone), *others)
    assert (row["throughput.training.n"], row["accuracy.test.n"]) == (2, 3)
    assert row["throughput.training.reason"] == "implausible"
    assert row["throughput.training"] == pytest.approx(
        np.mean([other.metrics["throughput.training"].value for other in others])
    )


@pytest.mark.parametrize(
    "other",
    [
        {"environment": "elsewhere"},
        {"device": "cuda:0"},
        {"engine": "compiled"},
        {"protocol": PROTOCOL + 1},
        {"budget": Budget(epochs=3)},
        {"budget": Budget(learning_rate=0.1)},
        {"dataset": Component("digits", (("noise", 0.1),))},
        {"neuron": Component("lif", (("beta", 0.5),))},
        {"surrogate": None},
    ],
    ids=str,
)
def test_nothing_unlike_is_averaged(other: dict[str, Any]) -> None:
    here = make_seeds([0.90, 0.92])
    there = [
        replace(one, cell=replace(one.cell, seed=one.cell.seed + 2, **other))
        if set(other) & {"budget", "dataset", "neuron", "surrogate"}
        else replace(one, cell=replace(one.cell, seed=one.cell.seed + 2), **other)
        for one in make_seeds([0.50, 0.52])
    ]
    board = board_of(*here, *there)
    assert sorted(board["accuracy.test"]) == pytest.approx([0.51, 0.91])
    assert board["seeds"].tolist() == [2, 2]


def test_two_versions_of_one_seed_have_no_mean() -> None:
    old, new = make_seeds([0.9, 0.92, 0.94]), make_seeds([0.1, 0.2, 0.3])
    changed = [replace(one, cell=replace(one.cell, key=f"new{one.cell.seed}")) for one in new[:2]]
    row = only_row(*old, *changed)
    assert math.isnan(row["accuracy.test"])
    assert row["accuracy.test.n"] == 0
    assert row["rank"] is pd.NA
    assert "versions" in marks(row)


def test_newer_code_takes_the_row_of_older_code() -> None:
    """An edited plugin's cells have another version: neither a second row, nor a mean of both."""
    old = make_seeds([0.9, 0.92, 0.94])
    new = [
        replace(one, cell=replace(one.cell, version="edited", key=f"new{seed}"), started="2025-04-01")
        for seed, one in enumerate(make_seeds([0.1, 0.3]))
    ]
    for results in ((*old, *new), (*new, *old)):
        row = only_row(*results)
        assert (row["accuracy.test"], row["seeds"]) == (pytest.approx(0.2), 2)
        assert "renewed" in marks(row)
    assert "renewed" not in marks(only_row(*old))


@pytest.mark.parametrize(
    "ended", [{"engine": "eager"}, {"engine": "eager", "environment": ""}, {"device": "", "environment": ""}]
)
def test_a_cell_that_ended_early_counts_in_the_row_of_its_seeds(ended: dict[str, str]) -> None:
    done = [replace(one, engine="compiled", device="cuda:0") for one in make_seeds([0.9, 0.92])]
    lost = make_result(make_cell(seed=2), None, status=Status.OOM, device="cuda:0", reason="too big")
    row = only_row(*done, replace(lost, **ended))
    assert (row["seeds"], row["accuracy.test.n"], row["engine"]) == (3, 2, "compiled")
    assert "1 of 3 oom" in marks(row)


def test_a_cell_that_failed_elsewhere_stays_there() -> None:
    done = make_seeds([0.9, 0.92, 0.93])
    lost = [make_result(make_cell(seed=seed), None, status=Status.OOM, device="cuda:0") for seed in (3, 4)]
    board = board_of(*done, *lost)
    assert board["device"].tolist() == ["cpu", "cuda:0"]
    assert board["seeds"].tolist() == [3, 2]
    assert board["accuracy.test.n"].tolist() == [3, 0]


def test_a_failed_seed_that_succeeded_on_another_engine_is_not_counted_twice() -> None:
    done = [replace(one, engine="compiled") for one in make_seeds([0.9, 0.92, 0.93])]
    lost = make_result(make_cell(seed=0), None, status=Status.FAILED)
    board = board_of(*done, lost)
    assert board["seeds"].tolist() == [3, 1]
    assert board["accuracy.test"].iloc[0] == pytest.approx(np.mean([0.9, 0.92, 0.93]))


def test_a_combination_that_was_only_skipped_is_not_on_the_board() -> None:
    assert "gru" not in set(leaderboard(to_frame(make_run()))["neuron"])


def test_a_combination_of_which_every_seed_failed_is_on_the_board_without_a_rank() -> None:
    row = board_of(*make_seeds([0.9, 0.91, 0.92]), *make_seeds([None, None, None], "adlif")).iloc[1]
    assert row["neuron"] == "adlif"
    assert row["rank"] is pd.NA
    assert math.isnan(row["accuracy.test"])
    assert pd.isna(row["accuracy.test.standing"])
    assert "3 of 3 diverged" in marks(row)


def test_rows_are_ranked_within_a_dataset_protocol_and_budget() -> None:
    longer = [
        replace(one, cell=replace(one.cell, budget=Budget(epochs=50)))
        for one in make_seeds([0.99, 0.98, 0.97])
    ]
    newer = [replace(one, protocol=PROTOCOL + 1) for one in make_seeds([0.99, 0.98, 0.97], "alif")]
    board = board_of(*make_run(), *longer, *newer)
    for _, contest in board.groupby(["dataset", "protocol", "epochs"]):
        ranked = contest.dropna(subset="rank")
        assert ranked["rank"].iloc[0] == 1
        assert ranked["accuracy.test"].is_monotonic_decreasing
        assert (ranked["accuracy.test.standing"] == "best").sum() == 1
    assert (board["rank"] == 1).sum() == 4


def test_equal_accuracies_share_a_rank() -> None:
    board = board_of(
        *make_seeds([0.9, 0.92], "lif"), *make_seeds([0.92, 0.9], "alif"), *make_seeds([0.8, 0.9], "if")
    )
    assert board["rank"].tolist() == [1, 1, 3]


def test_standing_says_what_a_test_can_tell() -> None:
    board = board_of(
        *make_seeds([0.970, 0.968, 0.972], "lif"),
        *make_seeds([0.967, 0.969, 0.971], "alif"),
        *make_seeds([0.700, 0.702, 0.698], "adlif"),
        *make_seeds([0.960], "rlif"),
    ).set_index("neuron")
    assert board["accuracy.test.standing"].to_dict() == {
        "lif": "best",
        "alif": "tied",
        "adlif": "worse",
        "rlif": "untested",
    }
    assert board.loc["alif", "accuracy.test.p"] > 0.5
    assert board.loc["adlif", "accuracy.test.p"] < 0.01
    assert math.isnan(board.loc["rlif", "accuracy.test.p"])


def test_with_a_tie_for_the_best_the_verdicts_do_not_depend_on_the_order_of_rows() -> None:
    rows = [
        make_seeds([0.899, 0.900, 0.901], "lif"),
        make_seeds([0.80, 0.90, 1.00], "alif"),
        make_seeds([0.85, 0.86, 0.87], "adlif"),
    ]
    found = []
    for order in itertools.permutations(rows):
        board = board_of(*itertools.chain(*order)).set_index("neuron").sort_index()
        found.append(board[["rank", "accuracy.test.p", "accuracy.test.standing"]])
    for other in found[1:]:
        pd.testing.assert_frame_equal(other, found[0], check_exact=True)
    assert found[0]["accuracy.test.standing"].to_dict() == {"adlif": "worse", "alif": "best", "lif": "best"}


def test_beside_a_best_row_of_one_seed_nothing_is_tested() -> None:
    board = board_of(*make_seeds([0.99], "lif"), *make_seeds([0.5, 0.51, 0.52], "alif"))
    assert board["accuracy.test.standing"].tolist() == ["best", "untested"]
    assert "few seeds" in marks(board.iloc[0])


def test_how_equal_a_row_is_to_the_reference_stands_at_its_ratio_or_else_beside_it() -> None:
    result = make_result(make_cell(), labels={"equivalence": "C", "reference": "lif"})
    assert "class C" in marks(only_row(result))
    ratio = {"throughput.training_ratio": Metric(1.2, "", 1.1, 1.3, flags=("class C",))}
    assert "class C" not in marks(only_row(replace(result, metrics={**result.metrics, **ratio})))


def test_a_ratio_to_a_reference_with_another_surrogate_than_its_row_is_marked() -> None:
    def row(neuron: str, surrogate: str) -> CellResult:
        return make_result(make_cell(neuron, surrogate), labels={"reference": "lif"})

    given = [row("lif", "atan"), row("alif", "atan"), row("lif_box", "super")]
    board = board_of(*given).set_index("neuron")
    marked = {name for name in board.index if "other surrogate" in marks(board.loc[name])}
    assert marked == {"lif_box"}
    assert not board_of(*given, row("lif", "super"))["marks"].str.contains("other").any()
    assert not board_of(*given[1:])["marks"].str.contains("other").any()


def test_flags_of_the_cells_become_marks_of_the_row() -> None:
    results = []
    for one in make_seeds([0.9, 0.91, 0.92]):
        metrics = {
            **one.metrics,
            "throughput.training": Metric(9.0, "samples/s", flags=("unstable",)),
            "stability.leak_check": Metric(float(one.cell.seed != 1)),
        }
        results.append(replace(one, metrics=metrics, labels={"spike": "graded"}))
    row = only_row(*results)
    assert set(marks(row)) == {"graded", "leak check failed", "unstable", "finite-time"}
    assert row["throughput.training.flags"] == "unstable, identical"


def test_a_cell_that_fell_back_to_eager_is_marked() -> None:
    fell, ran = make_seeds([0.9, 0.91])
    fell = replace(fell, labels={"fallback": "it cannot be compiled"})
    assert "fallback" in marks(only_row(fell, ran))
    assert "fallback" not in marks(only_row(ran))


def test_sentences_of_several_seeds_stay_whole() -> None:
    told = "'weight' of shape [4, 3, 3, 3], more than 0.1", "its norm, more than 0.1"
    results = [
        replace(one, labels={"fallback": text, "spike": "binary, graded"})
        for one, text in zip(make_seeds([0.9, 0.91]), told, strict=True)
    ]
    row = only_row(*results)
    assert row["label.fallback"] == "; ".join(told)
    assert row["label.spike"] == "binary, graded"


def test_seeds_without_any_spread_are_marked() -> None:
    assert "identical" in marks(only_row(*make_seeds([0.9, 0.9, 0.9])))
    assert "identical" not in marks(only_row(*make_seeds([0.9, 0.9, 0.91])))


def test_an_exponent_of_minus_infinity_has_no_interval() -> None:
    results = [
        replace(one, metrics={**one.metrics, "stability.lambda_grad": Metric(value, "nats/step")})
        for one, value in zip(make_seeds([0.9, 0.91, 0.92]), [-0.1, -math.inf, -0.2], strict=True)
    ]
    row = only_row(*results)
    assert row["stability.lambda_grad"] == -math.inf
    assert math.isnan(row["stability.lambda_grad.low"])
    assert "infinite" in marks(row)


def test_a_plugins_number_is_on_the_board_and_other_details_are_not() -> None:
    results = [
        replace(one, metrics={**one.metrics, "sparsity": Metric(0.5 + one.cell.seed, "mJ")})
        for one in make_seeds([0.9, 0.91, 0.92])
    ]
    board = board_of(*results)
    assert board["sparsity"].tolist() == [1.5]
    assert board["sparsity.n"].tolist() == [3]
    assert board.attrs["units"]["sparsity"] == "mJ"
    assert "memory.parameters" not in board
    assert "accuracy.validation" not in board


def test_deltas_are_in_the_order_of_their_size() -> None:
    deltas = [1e-6, 0.001, 0.1, 1.0, 20.0]
    metrics = {
        f"stability.lambda_delta[{delta}]": Metric(delta, "nats/step") for delta in reversed(deltas)
    } | make_metrics(0.9)
    columns = list(board_of(make_result(make_cell(), metrics=metrics)).columns)
    places = [columns.index(f"stability.lambda_delta[{delta}]") for delta in deltas]
    assert places == sorted(places)


def test_the_order_of_the_cells_changes_nothing() -> None:
    frame = to_frame(make_run())
    expected = leaderboard(frame)
    for seed in range(3):
        shuffled = leaderboard(frame.sample(frac=1, random_state=np.random.default_rng(seed)))
        same = ["rank", "neuron", "accuracy.test.n", "accuracy.test.standing"]
        pd.testing.assert_frame_equal(shuffled[same], expected[same])
        assert shuffled["accuracy.test"].tolist() == pytest.approx(
            expected["accuracy.test"].tolist(), nan_ok=True
        )


@pytest.mark.parametrize("results", [[], [CellResult(make_cell(), Status.SKIPPED, "no")]])
def test_nothing_measured_is_a_board_without_rows(results: list[CellResult]) -> None:
    board = board_of(*results)
    assert len(board) == 0
    assert {"rank", "neuron", "accuracy.test", "marks"} <= set(board.columns)


def test_the_given_frame_is_left_alone() -> None:
    frame = to_frame(make_run())
    before = frame.copy(deep=True)
    leaderboard(frame)
    pd.testing.assert_frame_equal(frame, before)


def failed_elsewhere() -> list[CellResult]:
    """Another run, of which one seed failed before it knew where it was."""
    *done, last = make_seeds([0.7, 0.72, 0.71], "rlif")
    lost = replace(
        last, status=Status.FAILED, reason="boom", metrics={}, series={}, environment="", engine="eager"
    )
    return [*(replace(one, environment="there", engine="compiled") for one in done), lost]


def test_frames_put_together_are_one_table_of_results() -> None:
    """``pd.concat`` repeats row numbers; a finished cell was torn out of its row."""
    a, b = make_seeds([0.9, 0.91, 0.92]), failed_elsewhere()
    board = leaderboard(pd.concat([to_frame(a), to_frame(b)]))
    pd.testing.assert_frame_equal(board, leaderboard(to_frame([*a, *b])))
    assert board["seeds"].tolist() == [3, 3]
    assert board["engine"].tolist() == ["eager", "compiled"]


def test_a_cell_that_two_frames_have_counts_once() -> None:
    results = make_seeds([0.9, 0.91, 0.92])
    frame = to_frame(results)
    pd.testing.assert_frame_equal(leaderboard(pd.concat([frame, frame])), leaderboard(frame))
    ghost = make_result(results[0].cell, None, status=Status.TIMEOUT, reason="slow", engine="compiled")
    pd.testing.assert_frame_equal(
        leaderboard(pd.concat([to_frame([ghost]), frame])), leaderboard(frame), check_like=True
    )


def test_a_table_read_back_from_csv_is_a_table_of_results() -> None:
    frame = to_frame(make_run())
    back = pd.read_csv(io.BytesIO(csv(frame)))
    pd.testing.assert_frame_equal(leaderboard(back), leaderboard(frame))


def test_columns_of_ones_own_do_not_break_the_board() -> None:
    frame = to_frame(make_run())
    more = frame.assign(note="mine", tags=[["a"]] * len(frame), checked=True)
    pd.testing.assert_frame_equal(leaderboard(more), leaderboard(frame))


def test_what_is_no_table_of_results_is_told_so() -> None:
    with pytest.raises(UsageError, match="no column 'id', 'combination'"):
        leaderboard(pd.DataFrame({"a": [1]}))


def test_a_ratio_of_one_seed_may_have_no_interval() -> None:
    ratio = Metric(2.0, "×", flags=("unstable",))
    metrics = {**make_metrics(0.9), "throughput.training_ratio": ratio}
    row = only_row(make_result(make_cell(), metrics=metrics))
    assert row["throughput.training_ratio"] == 2.0
    assert math.isnan(row["throughput.training_ratio.low"])


def test_the_board_has_the_types_that_are_documented() -> None:
    board = board_of(*make_run())
    assert str(board["rank"].dtype) == "Int64"
    assert {str(board[name].dtype) for name in ("contest", "seeds", "accuracy.test.n")} == {"int64"}
    assert board["surrogate"].notna().all()


@pytest.mark.parametrize("name", ["rank", "seeds", "contest", "marks", "ranked_by", "index"])
def test_no_measurement_overwrites_a_column_of_the_board(name: str) -> None:
    """0.123 was shown as 1.000 ± 0, or every report broke."""
    results = [
        replace(one, metrics={**one.metrics, name: Metric(0.123)}) for one in make_seeds([0.9, 0.91, 0.92])
    ]
    row = only_row(*results)
    assert row[f"measured_{name}"] == pytest.approx(0.123)
    assert (row["rank"], row["seeds"], row["contest"]) == (1, 3, 0)
    (section,) = sections(make_board(cells_of(results)))
    assert section.rows[0].rank == 1


def test_the_names_that_are_taken_are_those_of_the_board() -> None:
    board = board_of(*make_run())
    plain = {name for name in board.columns if "." not in name}
    assert plain | set(IDENTITY) | {"index"} == TAKEN


@pytest.mark.parametrize(
    ("ratio", "low", "high", "off"),
    [(0.714, 0.70, 0.73, True), (0.97, 0.96, 0.98, False), (0.80, 0.6, 1.1, False), (1.2, 1.1, 1.3, True)],
)
def test_a_reference_that_is_not_as_fast_as_itself_puts_the_ratios_in_doubt(
    ratio: float, low: float, high: float, off: bool
) -> None:
    """0.714 for lif against lif stood on the board without a word."""

    def timed(neuron: str, value: float, low: float, high: float, device: str = "cpu") -> CellResult:
        one = make_result(make_cell(neuron), device=device)
        metrics = {**one.metrics, "throughput.training_ratio": Metric(value, "×", low, high)}
        return replace(one, metrics=metrics, labels={**one.labels, "reference": "lif"})

    board = board_of(
        timed("lif", ratio, low, high), timed("alif", 0.5, 0.4, 0.6), timed("rlif", 0.5, 0.4, 0.6, "cuda:0")
    ).set_index("neuron")
    found = {name: marks(row) for name, row in board.iterrows()}
    assert ("reference off" in found["lif"]) is off
    assert ("ratio in doubt" in found["alif"]) is off
    assert "ratio in doubt" not in found["rlif"], "another device"
    assert board["accuracy.test.flags"].isna().all()
