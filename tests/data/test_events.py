"""Recordings of unequal length: indexed as a tensor is, and carried through a whole cell."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from snnbench.components import datasets, encoders, networks, neurons, surrogates
from snnbench.components.datasets.splits import cut
from snnbench.data.dataset import Dataset, Split
from snnbench.data.events import Events
from snnbench.errors import DataError
from snnbench.execute.cell import run_cell
from snnbench.execute.job import Job, Settings
from snnbench.measure import fitting
from snnbench.records import Cell, Component, Status
from snnbench.settings import Budget, Measure

SENSOR = (5, 3, 2)

lengths = st.lists(st.integers(0, 6), min_size=1, max_size=8)


def recordings(counts: list[int]) -> list[np.ndarray]:
    """Each event is like no other."""
    rows = np.arange(sum(counts))
    rows = np.stack([rows, rows % 5, rows % 3, rows % 2], axis=1)
    return np.split(rows, np.cumsum(counts)[:-1])


def as_lists(events: Events) -> list[list[list[int]]]:
    return [rows.tolist() for rows in events]


@given(counts=lengths, data=st.data())
def test_an_index_tensor_picks_recordings_in_its_order(counts: list[int], data: st.DataObject) -> None:
    index = data.draw(st.lists(st.integers(0, len(counts) - 1), max_size=10))
    whole = recordings(counts)
    chosen = Events.of(whole, SENSOR)[torch.tensor(index, dtype=torch.int64)]
    assert as_lists(chosen) == [whole[place].tolist() for place in index]
    assert chosen.shape == (len(index), 2, 3, 5)


@given(counts=lengths, start=st.integers(0, 9), stop=st.integers(0, 9))
def test_a_slice_is_a_slice_of_the_list(counts: list[int], start: int, stop: int) -> None:
    whole = recordings(counts)
    chosen = Events.of(whole, SENSOR)[start:stop]
    assert as_lists(chosen) == [rows.tolist() for rows in whole[start:stop]]
    assert len(chosen) == len(whole[start:stop])


def test_no_recordings_at_all() -> None:
    assert as_lists(Events.of([], SENSOR)) == []
    assert Events.of([], SENSOR).shape == (0, 2, 3, 5)


@pytest.mark.parametrize(
    ("event", "field"),
    [((0, 5, 0, 0), "x"), ((0, 0, -1, 0), "y"), ((0, 0, 0, 2), "polarity"), ((2**31, 0, 0, 0), "time")],
)
def test_an_event_outside_the_sensor_is_refused(event: tuple[int, ...], field: str) -> None:
    with pytest.raises(DataError, match=f"the {field} of events"):
        Events.of([np.array([[0, 0, 0, 0], event])], SENSOR)


ROWS = np.array([[0, 1, 2, 1], [500_000, 4, 0, 0], [1_250_000, 0, 1, 1]])


@pytest.mark.parametrize(
    ("names", "kinds"),
    [
        ("xytp", (np.int16, np.int16, np.int64, bool)),  # tonic.io.events_struct
        ("txyp", (np.uint64, np.uint16, np.uint16, bool)),  # aedat
        ("txyp", (np.float64,) * 4),  # tonic's ST-MNIST
        (("time", "x", "y", "polarity"), (np.int32,) * 4),
    ],
)
def test_structured_recordings_are_taken(names: Sequence[str], kinds: tuple[type, ...]) -> None:
    recording = np.zeros(len(ROWS), np.dtype(list(zip(names, kinds, strict=True))))
    for name in names:
        recording[name] = ROWS[:, "txyp".index(name[0])]
    assert as_lists(Events.of([recording, recording[:0]], SENSOR)) == [ROWS.tolist(), []]


@pytest.mark.parametrize("kind", [np.uint64, np.int32, np.float32, np.float64])
def test_plain_recordings_of_any_numbers_are_taken(kind: type) -> None:
    given = [ROWS.astype(kind), ROWS.tolist(), torch.from_numpy(ROWS), []]
    assert as_lists(Events.of(given, SENSOR)) == [ROWS.tolist()] * 3 + [[]]


@pytest.mark.parametrize(("tick", "name"), [(1e6, "s"), (1e3, "ms")])
@pytest.mark.parametrize("start", [0, 1.6e15])
def test_times_in_other_units_and_since_1970(tick: float, name: str, start: float) -> None:
    recording = ROWS.astype(np.float64)
    recording[:, 0] = (recording[:, 0] + start) / tick
    found = as_lists(Events.of([recording], SENSOR, tick_us=tick, from_start=True))
    np.testing.assert_allclose(found[0], ROWS, atol=0.3 if start else 0)  # float64 holds 1.6e9 s to 0.24 µs


def test_times_since_1970_are_whole_numbers_in_aedat() -> None:
    recording = ROWS.astype(np.uint64)
    recording[:, 0] += np.uint64(1_605_537_493_718_345)
    assert as_lists(Events.of([recording], SENSOR, from_start=True)) == [ROWS.tolist()]
    with pytest.raises(DataError, match="the time of events runs from 1605537493718345") as caught:
        Events.of([recording], SENSOR)
    assert "from_start=True" in caught.value.hint


@pytest.mark.parametrize(
    ("recording", "message"),
    [
        (np.array([[0.5, 0, 0, 0]]), "recording 1: the time of an event is 0.5"),
        (np.array([[0, 0, 0.5, 0]]), "recording 1: the y of an event is 0.5, no whole number"),
        (np.array([[0, 0, 0, np.nan]]), "recording 1: the polarity of an event is nan"),
        (np.array([[np.inf, 0, 0, 0]]), "recording 1: the time of an event is inf"),
        (np.array([[1e300, 0, 0, 0]]), "the time of events runs from 0 to 4611686018427387904"),
        (
            np.array([[2**64 - 1, 0, 0, 0]], np.uint64),
            "the time of events runs from 0 to 4611686018427387904",
        ),
        (np.zeros((5, 3), int), r"recording 1: it is int64 \[5, 3\]"),
        (np.zeros(4), r"recording 1: it is float64 \[4\]"),
        (np.array([["a"] * 4]), "recording 1: it is <U1"),
        (np.zeros(3, [("t", int), ("x", int)]), "recording 1: it has the fields t, x"),
    ],
)
def test_other_recordings_are_refused_in_words(recording: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Events.of([ROWS, recording], SENSOR)


def test_a_cut_keeps_the_recordings_of_each_class() -> None:
    whole = Split(Events.of(recordings([3, 0, 1, 4, 2, 5, 1, 1, 2, 6]), SENSOR), torch.arange(10) % 2)
    rest, held = cut(whole, 0.4)
    assert (rest.y.bincount().tolist(), held.y.bincount().tolist()) == ([3, 3], [2, 2])
    known = [(rows, k) for rows, k in zip(as_lists(whole.x), whole.y.tolist(), strict=True)]
    parts = [pair for part in (rest, held) for pair in zip(as_lists(part.x), part.y.tolist(), strict=True)]
    assert sorted(parts) == sorted(known)


def test_the_checksum_sees_times_borders_and_the_sensor() -> None:
    def checksum(first: list[np.ndarray], sensor: tuple[int, int, int] = SENSOR) -> str:
        split = Split(Events.of(first, sensor), torch.zeros(len(first), dtype=torch.int64))
        return Dataset(split, split, split, classes=1).checksum

    a, b = recordings([3, 4])
    later = b + np.array([1, 0, 0, 0])
    moved = [np.concatenate([a, b[:1]]), b[1:]]
    found = [checksum([a, b]), checksum([a, later]), checksum(moved), checksum([a, b], (5, 3, 3))]
    assert len(set(found)) == 4
    assert checksum([a.copy(), b.copy()]) == found[0]


def job_on_events() -> Job:
    names = {
        "dataset": (datasets, Component("synthetic_events", (("train", 40),))),
        "encoder": (encoders, Component("frames")),
        "network": (networks, Component("dense", (("hidden", (8,)),))),
        "neuron": (neurons, Component("lif")),
        "surrogate": (surrogates, Component("atan")),
    }
    cell = Cell(
        **{kind: component for kind, (_, component) in names.items()},
        budget=Budget(steps=10, epochs=1, batch_size=20),
        seed=0,
        key="0123456789abcdef",
    )
    specs = {
        kind: next(spec for spec in listing.SPECS if spec.name == component.name)
        for kind, (listing, component) in names.items()
    }
    return Job(cell, specs, (), Measure(throughput_seconds=0.01), Settings("cpu", 1, None, {}))


def test_what_cannot_be_told_of_the_recordings_is_missing_and_the_cell_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("no recordings")

    monkeypatch.setattr(fitting, "real_steps", fail)
    nothing = Measure(throughput=False, memory=False, stability=False)
    result = run_cell(replace(job_on_events(), measure=nothing), lambda *_: None, nullcontext)
    assert result.status is Status.DONE, result.reason
    for name in (fitting.DURATION, fitting.OUTSIDE, fitting.PADDING):
        assert result.metrics[name].reason == "ZeroDivisionError: no recordings"


def test_a_cell_on_events_has_every_measurement() -> None:
    result = run_cell(job_on_events(), lambda epoch, accuracy: None, nullcontext)
    assert result.status is Status.DONE, result.reason
    values = {name: metric.value for name, metric in result.metrics.items()}
    missing = {name.removeprefix("initial.") for name, value in values.items() if value is None}
    # 8 neurons may have no band of growth or the same spikes, and too little memory to be seen
    small = ("stability.growth", "stability.lambda_spike", "memory.inference_peak", "memory.training_peak")
    assert not [name for name in missing if not name.startswith(small)]
    groups = {name.removeprefix("initial.").partition(".")[0] for name, v in values.items() if v is not None}
    measured = {"accuracy", "data", "memory", "stability", "throughput", "training"}
    assert groups == {*measured, "activity", "gradient"}
