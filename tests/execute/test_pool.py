"""Who runs when: a cell that is timed runs alone, and every place is used otherwise."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snnbench.execute import pool
from snnbench.execute.job import EpochDone, Finished, Job, Settings, WantsAlone
from snnbench.execute.limits import Limits
from snnbench.execute.pool import execute
from snnbench.plugin.specs import NeuronSpec
from snnbench.records import Cell, CellResult, Component, Status
from snnbench.settings import Budget, Measure


def job(index: int) -> Job:
    part = Component("x")
    cell = Cell(part, part, part, Component(f"n{index}"), None, Budget(), 0, key=f"k{index}")
    spec = NeuronSpec(name="x", version="1", summary="", factory=dict)
    return Job(cell, {"neuron": spec}, (), Measure(), Settings("cpu", 1, None, {}, environment="here"))


@dataclass
class Stage:
    """Stands in for the processes: who is training, waiting or being timed."""

    rng: random.Random
    training: set[str] = field(default_factory=set)
    timed: set[str] = field(default_factory=set)
    most_training: int = 0
    log: list[str] = field(default_factory=list)


class FakeChild:
    """A child whose messages come in chance order; it checks that timing is alone."""

    stage: Stage

    def __init__(self, target: str, argument: Job, *, quiet: bool, news: threading.Event) -> None:
        assert quiet
        self.job = argument
        self.key = argument.cell.key
        news.set()
        self.state = "training"
        assert not self.stage.timed, "a cell started beside one that is being timed"
        self.stage.training.add(self.key)
        self.stage.most_training = max(self.stage.most_training, len(self.stage.training))

    def send(self, message: str) -> None:
        assert (message, self.state) == ("go", "waiting")
        assert not self.stage.training
        assert not self.stage.timed
        self.state = "timed"
        self.stage.timed.add(self.key)

    def messages(self) -> Iterator[object]:
        if self.stage.rng.random() < 0.6 or self.state == "waiting":
            return
        if self.state == "training":
            yield EpochDone(0, 0.5)
            self.stage.training.remove(self.key)
            if self.stage.rng.random() < 0.2:
                raise EOFError
            self.state = "waiting"
            yield WantsAlone()
        else:
            self.stage.timed.remove(self.key)
            yield Finished(CellResult(self.job.cell, Status.DONE, started="0001-01-01", seconds=-5.0))

    def memory(self, enough: int) -> int:
        return 0

    def printed(self) -> str:
        return f"hello from {self.key}"

    def fate(self) -> str:
        return "the process was killed by SIGSEGV"

    def kill(self) -> None:
        self.stage.log.append(f"killed {self.key}")

    def close(self) -> None:
        self.stage.log.append(f"closed {self.key}")


@pytest.fixture(autouse=True)
def _no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "Child", FakeChild)
    monkeypatch.setattr(pool, "POLL_SECONDS", 0)


@given(cells=st.integers(0, 12), workers=st.integers(1, 4), seed=st.integers(0, 10_000))
def test_all_cells_end_and_timing_is_alone(cells: int, workers: int, seed: int) -> None:
    FakeChild.stage = Stage(random.Random(seed))
    printed: list[tuple[str, str]] = []
    results = list(
        execute(
            map(job, range(cells)),
            workers=workers,
            limits=Limits(),
            on_epoch=lambda cell, event: None,
            on_output=lambda cell, text: printed.append((cell.key, text)),
        )
    )
    assert sorted(printed) == sorted((f"k{index}", f"hello from k{index}") for index in range(cells))
    assert sorted(result.cell.key for result in results) == sorted(f"k{index}" for index in range(cells))
    assert {result.status for result in results} <= {Status.DONE, Status.FAILED}
    assert all(0 <= result.seconds < 60 for result in results), "whatever the cell's own clock says"
    assert all(datetime.fromisoformat(result.started).year > 2000 for result in results)
    assert FakeChild.stage.most_training <= workers
    assert FakeChild.stage.most_training == min(workers, cells) or cells > workers


def test_closing_kills_what_runs() -> None:
    FakeChild.stage = Stage(random.Random(1))
    results = execute(
        map(job, range(6)),
        workers=3,
        limits=Limits(),
        on_epoch=lambda cell, event: None,
        on_output=lambda cell, text: None,
    )
    next(results)
    results.close()
    ended = {line.split()[1] for line in FakeChild.stage.log}
    assert FakeChild.stage.training | FakeChild.stage.timed <= ended
    assert any(line.startswith("killed") for line in FakeChild.stage.log)


def test_a_silent_cell_is_killed_at_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(1000))
    monkeypatch.setattr(pool.time, "monotonic", lambda: float(next(clock)))
    monkeypatch.setattr(FakeChild, "messages", lambda self: iter(()))
    FakeChild.stage = Stage(random.Random(1))
    (result,) = execute(
        [job(0)],
        workers=1,
        limits=Limits(10),
        on_epoch=lambda cell, event: None,
        on_output=lambda cell, text: None,
    )
    assert result.traceback == "hello from k0"
    assert (result.status, result.environment) == (Status.TIMEOUT, "here")
    assert FakeChild.stage.log == ["killed k0"]
    assert result.seconds > 10
