from __future__ import annotations

import json
import math
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from results import HEADER, make_cell, make_result, make_run
from snnbench.records import Cell, CellResult, Component, Metric, RunHeader, Status
from snnbench.settings import Budget
from snnbench.store.journal import CELLS, Journal, latest, read

numbers = st.floats(allow_nan=False)
# A parameter is written by a person in a matrix; "Infinity" there would come back as text.
scalars = (
    st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
letters = st.characters(exclude_categories=("C", "Z")) | st.just(" ")
names = st.text(letters)
given_names = st.text(letters, min_size=1)
params = st.lists(st.tuples(given_names, scalars | st.lists(scalars).map(tuple))).map(tuple)
components = st.builds(Component, given_names, params)
budgets = st.builds(Budget, learning_rate=st.floats(1e-9, 1))
cells = st.builds(
    Cell,
    components,
    components,
    components,
    components,
    st.none() | components,
    budgets,
    st.integers(0, 99),
    names,
)
metrics = st.builds(
    lambda ends, **rest: Metric(low=ends[0], high=ends[1], **rest),
    ends=st.tuples(numbers, numbers).map(sorted) | st.sampled_from([(None, None), (1.0, None), (None, 2.0)]),
    value=st.none() | numbers,
    unit=names,
    flags=st.lists(given_names).map(tuple),
    reason=st.none() | st.text(),
)
results = st.builds(
    CellResult,
    cells,
    st.sampled_from(Status),
    st.text(),
    st.dictionaries(given_names, metrics),
    # those of one family, as "train.loss" and "train.accuracy", are of one length
    st.dictionaries(given_names.filter(lambda name: "." not in name), st.lists(numbers).map(tuple)),
    st.dictionaries(given_names, st.text()),
    traceback=st.text(),
    seconds=st.floats(0, 1e9),
)


def write(directory: Path, *given: CellResult, header: RunHeader = HEADER) -> Path:
    with Journal.open(directory) as journal:
        journal.write_header(header)
        for result in given:
            journal.append(result)
    return directory


def refuse_constant(text: str) -> None:
    raise AssertionError(f"{text} is not JSON")


@given(result=results)
def test_what_is_appended_is_read_back(tmp_path_factory: pytest.TempPathFactory, result: CellResult) -> None:
    directory = write(tmp_path_factory.mktemp("run"), result)
    assert read(directory) == (HEADER, [result], [])
    for line in (directory / CELLS).read_text().split("\n")[:-1]:
        json.loads(line, parse_constant=refuse_constant)


@given(kind=st.sampled_from([0.0, 1, True, "1", (1, 2.0, True, "x"), (), ((1, 2.0), (True,))]))
def test_a_parameter_keeps_its_type(tmp_path_factory: pytest.TempPathFactory, kind: object) -> None:
    cell = replace(make_cell(), neuron=Component("lif", (("p", kind),)))  # type: ignore[arg-type]
    _, (result,), _ = read(write(tmp_path_factory.mktemp("run"), make_result(cell)))
    assert repr(result.cell.neuron.params) == repr(cell.neuron.params)


def test_infinite_and_undefined_numbers_survive(tmp_path: Path) -> None:
    odd = {"a": Metric(-math.inf, low=math.nan, high=math.inf)}
    _, (result,), _ = read(
        write(tmp_path, make_result(make_cell(), metrics=odd, series={"s": (-math.inf, 1.0)}))
    )
    assert result.metrics["a"].value == -math.inf
    assert result.metrics["a"].high == math.inf
    assert math.isnan(result.metrics["a"].low or 0.0)
    assert result.series["s"] == (-math.inf, 1.0)


def test_text_that_is_not_unicode_is_kept_readable(tmp_path: Path) -> None:
    broken = make_result(
        make_cell(), None, status=Status.FAILED, reason="no file \udcff.npy", traceback="\ud800"
    )
    _, (result,), _ = read(write(tmp_path, broken))
    assert result.reason == "no file ?.npy"


def test_a_reason_for_a_missing_number_is_cut_and_kept_readable(tmp_path: Path) -> None:
    """An exception of a plugin's measurement may quote anything; it ended the run, all cells of it."""
    missing = {"a": Metric.missing("bad \udce9"), "b": Metric.missing("x" * 300_000)}
    _, (loaded,), _ = read(write(tmp_path, make_result(make_cell(), metrics=missing)))
    assert loaded.metrics["a"].reason == "bad ?"
    assert len(loaded.metrics["b"].reason or "") < 11_000


def test_the_journal_is_opened_for_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows has a flag for it, without which a newline becomes two bytes on disk."""
    asked = []
    real = os.open
    monkeypatch.setattr(os, "O_BINARY", 1 << 30, raising=False)
    monkeypatch.setattr(
        os, "open", lambda path, flags, *mode: asked.append(flags) or real(path, flags & ~(1 << 30), *mode)
    )
    write(tmp_path, make_result(make_cell()))
    assert any(flags & os.O_BINARY and flags & os.O_RDWR for flags in asked)


def test_the_latest_result_of_a_cell_wins(tmp_path: Path) -> None:
    cell, other = make_cell(seed=0), make_cell(seed=1)
    first = make_result(cell, None, status=Status.FAILED, reason="out of luck")
    again = make_result(cell, 0.9)
    directory = write(tmp_path, first, make_result(other, 0.8), again)
    assert read(directory)[1] == [again, make_result(other, 0.8)]
    with Journal.open(directory) as journal:
        assert journal.results == [again, make_result(other, 0.8)]


@pytest.mark.parametrize(
    "place", [{"device": "cuda:0"}, {"engine": "compiled"}, {"environment": "elsewhere"}]
)
def test_one_cell_in_two_places_is_two_results(place: dict[str, str]) -> None:
    here = make_result(make_cell())
    there = replace(here, **place)  # type: ignore[arg-type]
    assert latest([here, there]) == [here, there]


@pytest.mark.parametrize("lost", [Status.TIMEOUT, Status.FAILED, Status.OOM, Status.SKIPPED])
def test_a_lost_cell_that_succeeded_later_leaves_no_ghost(lost: Status) -> None:
    """It never got as far as its engine and says "eager"; its row stayed on the board for good."""
    ghost = make_result(make_cell(), None, status=lost, reason="took longer than 5 s", engine="eager")
    other = make_result(make_cell(seed=1))
    done = make_result(make_cell(), engine="compiled")
    assert latest([ghost, other, done]) == [done, other]
    elsewhere = replace(ghost, device="cuda:0")
    assert latest([elsewhere, done]) == [elsewhere, done], "another machine says nothing about it"


def test_a_finished_cell_outlives_a_later_loss_of_another_engine() -> None:
    done = make_result(make_cell(), engine="compiled")
    lost = make_result(make_cell(), None, status=Status.OOM, reason="too big", engine="eager")
    assert latest([done, lost]) == [done, lost]
    assert latest([done, lost, replace(done, seconds=1.0)]) == [replace(done, seconds=1.0)]


def test_what_could_not_be_read_back_is_kept_as_a_failure(tmp_path: Path) -> None:
    """A plugin's flag with a line break would be skipped on load, and its cell run again for ever."""
    odd = make_result(make_cell(), metrics={"a": Metric(1.0, flags=("one\ntwo",))})
    _, (found,), warnings = read(write(tmp_path, odd))
    with Journal.open(tmp_path / "another") as journal:
        assert journal.append(odd) == found, "whoever watches the run is told what the journal has"
    assert (found.status, found.cell, found.metrics, warnings) == (Status.FAILED, odd.cell, {}, [])
    assert found.reason == "what it measured cannot be kept: a, a flag: 'one\\ntwo' is not a name"


def test_cells_without_a_key_are_told_apart() -> None:
    skipped = [CellResult(replace(make_cell(seed=seed), key=""), Status.SKIPPED, "no") for seed in (0, 1)]
    assert latest(skipped) == skipped


def test_continuing_keeps_the_environments_of_earlier_cells(tmp_path: Path) -> None:
    write(tmp_path)
    there = {"gpu-ffff": {"gpu": "Example GPU"}}
    write(tmp_path, header=replace(HEADER, environments=there, command="again"))
    header, _, _ = read(tmp_path)
    assert header.environments == {**HEADER.environments, **there}
    assert header.command == "again"


def test_a_new_journal_has_no_header_and_an_old_one_has(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "new" / "run") as journal:
        assert journal.header is None
        assert journal.results == []
    write(tmp_path / "old", *make_run())
    with Journal.open(tmp_path / "old") as journal:
        assert journal.header == HEADER
        assert journal.results == make_run()


def test_a_run_without_a_finished_cell_can_be_read(tmp_path: Path) -> None:
    with Journal.open(tmp_path) as journal:
        journal.write_header(HEADER)
    assert read(tmp_path) == (HEADER, [], [])
