"""When auto compiles, what a cell records of it, and that seeds agree."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import test_compiled
import torch
from hypothesis import given
from hypothesis import strategies as st
from test_cell import job
from torch import Tensor

from snnbench.compiler import chunks, warm
from snnbench.compiler.choice import (
    Work,
    best_chunk,
    compile_seconds,
    currents,
    eager_seconds,
    pays,
    running_seconds,
)
from snnbench.compiler.chunks import MOST_STEPS
from snnbench.compiler.engine import Compiled
from snnbench.components.neurons.lif import LIF
from snnbench.core.eager import EAGER, State
from snnbench.execute import engine as module
from snnbench.execute.build import Builder
from snnbench.execute.engine import choose, expected_calls
from snnbench.execute.job import Settings
from snnbench.factory.make import make_network, make_neuron
from snnbench.measure import Trained
from snnbench.measure.accuracy import EVALUATION_BATCH
from snnbench.records import Cell, CellResult, Component, Status
from snnbench.session.run import _is_answer
from snnbench.settings import Budget, EngineChoice
from snnbench.training import Trainer

WORKS = st.builds(
    Work,
    steps=st.integers(1, 1000),
    calls=st.floats(0, 1e6),
    seconds=st.floats(1e-5, 10),
    loops=st.integers(0, 3),
    chunked_seconds=st.floats(1e-5, 10),
    chunked=st.integers(1, 3),
    warm=st.frozensets(st.integers(0, MOST_STEPS)),
)


@given(WORKS)
def test_auto_compiles_only_where_it_saves_twice_its_cost(work: Work) -> None:
    chunk = pays(work)
    if chunk:
        assert 1 <= chunk <= min(MOST_STEPS, work.steps)
        assert running_seconds(work, chunk) + 2 * compile_seconds(work, chunk) < work.eager
    if work.eager < 14:
        assert not chunk or chunk in work.warm


@given(WORKS, st.floats(1, 100))
def test_more_work_never_speaks_for_eager(work: Work, factor: float) -> None:
    if pays(work):
        assert pays(replace(work, calls=work.calls * factor))
        assert pays(replace(work, warm=frozenset(range(MOST_STEPS + 1))))


def test_short_cells_stay_eager_and_long_ones_get_long_chunks() -> None:
    quick = Work(steps=25, calls=350, chunked_seconds=0.01, chunked=1)  # digits for 15 epochs
    assert pays(quick) == 0
    long = Work(steps=100, calls=20_000, chunked_seconds=0.1, chunked=1)
    assert pays(long) == 25
    assert best_chunk(quick) < best_chunk(long)
    middling = replace(long, calls=200)
    assert pays(middling) == 0
    assert pays(replace(middling, warm=frozenset({2, 4, 10, 25}))) > 0


def test_a_loop_pays_much_sooner_than_chunks() -> None:
    work = Work(steps=100, calls=200, seconds=0.1, loops=1)
    assert pays(work)
    assert not pays(replace(work, calls=50))
    assert pays(replace(work, calls=50, warm=frozenset({0})))
    assert not pays(replace(work, chunked=1, chunked_seconds=0.01))  # a layer beside it has to be unrolled


def test_expected_calls_count_what_a_trainer_does() -> None:
    _, trained = built()
    calls = 0

    def count(*args: object) -> None:
        nonlocal calls
        calls += 1

    trained.network.register_forward_pre_hook(count)
    budget = replace(trained.cell.budget, epochs=2)
    Trainer(
        trained.network, trained.encoder, trained.data, budget=budget, key="00", device=trained.device
    ).run()
    steps = 2 * -(-len(trained.data.train) // budget.batch_size)
    evaluated = [len(trained.data.validation), len(trained.data.test)]
    assert calls == steps + 2 * sum(-(-size // EVALUATION_BATCH) for size in evaluated)
    samples = sum(evaluated)
    assert expected_calls(budget, trained.data) == pytest.approx(steps + 2 * samples / budget.batch_size / 3)


def test_what_populations_cost_is_timed_on_their_own_currents(monkeypatch: pytest.MonkeyPatch) -> None:
    network = make_network("dense(hidden=[6,5])", (4,), 3, neuron="lif")
    x = torch.rand(16, 2, 4)
    fed = currents(network, x)
    assert [neuron for neuron, _ in fed] == network.neurons
    torch.testing.assert_close(fed[1][1], network.layers[3](network.outputs(x)[0]))
    ticks = iter(range(1000))
    monkeypatch.setattr(time, "perf_counter", lambda: float(next(ticks)))
    assert eager_seconds(*fed[0]) == 16 / 8  # a tick, for 8 of 16 steps
    assert currents(make_network("dense", (4,), 3, neuron="relu"), x) == []


@pytest.fixture(autouse=True)
def _light(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without the code generator, and with marks of its own."""
    monkeypatch.setattr(chunks, "by_inductor", test_compiled.by_aot_eager)
    monkeypatch.setattr(warm, "cache_dir", lambda: str(tmp_path / "inductor"))
    chunks._compile.cache_clear()


def built() -> tuple[Builder, Trained]:
    one = job()
    build = Builder(one.cell, one.specs, None)
    network = build.network()
    return build, Trained(one.cell, network, build.encoder, build.data, torch.device("cpu"))


def settings(engine: str, ledger: Path | None = None) -> Settings:
    return Settings("cpu", 1, None, {}, engine=EngineChoice(engine), ledger=ledger)


def test_what_is_asked_for_is_what_runs() -> None:
    assert choose(settings("eager"), *built()).engine is EAGER
    assert choose(settings("auto"), *built()).engine is EAGER  # 40 samples
    chosen = choose(settings("compiled"), *built())
    assert isinstance(chosen.engine, Compiled)
    assert (chosen.name, chosen.fallback) == ("compiled", "")


def test_where_speed_alone_is_measured_the_fastest_chunk_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Compiled, "loop", lambda *given: None)
    build, trained = built()
    budget = replace(trained.cell.budget, epochs=0)
    untrained = replace(trained, cell=replace(trained.cell, budget=budget))
    chosen = choose(settings("compiled"), build, untrained)
    assert isinstance(chosen.engine, Compiled)
    assert chosen.engine.chunk == budget.steps == 3
    assert best_chunk(Work(steps=3, calls=0, chunked_seconds=1.0, chunked=1)) < 3


def test_a_second_process_knows_that_it_was_compiled() -> None:
    build, trained = built()
    neuron = trained.network.neurons[0]
    assert not warm.is_marked([neuron], 3)
    chosen = choose(settings("compiled"), build, trained)
    assert isinstance(chosen.engine, Compiled)
    assert chosen.engine.chunk is not None
    assert warm.is_marked([neuron], chosen.engine.chunk)
    assert warm.is_marked([make_neuron("lif", (9,), surrogate="atan")], chosen.engine.chunk)
    assert not warm.is_marked([make_neuron("lif(beta=0.5)", (9,), surrogate="atan")], chosen.engine.chunk)
    assert not warm.is_marked([make_neuron("lif", (9,), surrogate="atan(alpha=3)")], chosen.engine.chunk)


def test_the_first_seed_decides_for_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build, trained = built()
    decisions = iter([3, 0, 0])
    monkeypatch.setattr(module, "_decide", lambda asked, trained, engine: next(decisions))
    auto = settings("auto", tmp_path / "ledger")
    assert isinstance(choose(auto, build, trained).engine, Compiled)
    other = replace(trained, cell=replace(trained.cell, seed=1, key="ff"))
    assert isinstance(choose(auto, build, other).engine, Compiled)
    elsewhere = replace(trained, cell=replace(trained.cell, neuron=Component("lif", (("beta", 0.5),))))
    assert choose(auto, build, elsewhere).engine is EAGER
    assert [len(path.suffix) for path in (tmp_path / "ledger").iterdir()] == [0, 0]


def test_the_ledger_needs_no_hard_links_and_heals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SMB and exFAT have no hard links; a killed cell leaves an empty file."""

    def no_link(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_link)
    build, trained = built()
    decisions = iter([3, 0, 2])
    monkeypatch.setattr(module, "_decide", lambda asked, trained, engine: next(decisions))
    auto = settings("auto", tmp_path / "ledger")
    assert isinstance(choose(auto, build, trained).engine, Compiled)
    (entry,) = (tmp_path / "ledger").iterdir()
    entry.write_text("")
    assert choose(auto, build, trained).engine is EAGER  # decided anew
    assert choose(auto, build, trained).engine is EAGER  # and that holds
    assert entry.read_text() == "0"


def test_of_two_seeds_at_once_one_decides(tmp_path: Path) -> None:
    entry = tmp_path / "entry"
    assert module._publish(entry, 3) == 3
    assert module._publish(entry, 0) == 3  # it decided before it saw the other's


class Branching(LIF):
    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        if x_t.sum() > 1e9:
            return x_t, state
        return super().step(x_t, state)


class OwnKernel(LIF):
    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        return super().forward(x, state)


def swapped(kind: Callable[..., LIF]) -> tuple[Builder, Trained]:
    """A cell whose neuron is of another class."""
    build, trained = built()
    spec = replace(build.specs["neuron"], factory=kind)
    build.specs = {**build.specs, "neuron": spec}
    return build, replace(trained, network=build.network())


def test_a_refusal_and_a_kernel_are_told_with_the_result() -> None:
    refused = choose(settings("compiled"), *swapped(Branching))
    assert refused.engine is EAGER
    assert refused.name == "eager"
    assert "cannot be compiled" in refused.fallback
    native = choose(settings("compiled"), *swapped(OwnKernel))
    assert (native.engine, native.name, native.fallback) == (EAGER, "native", "")
    assert choose(settings("eager"), *swapped(OwnKernel)).name == "native"


def test_choosing_changes_neither_network_nor_random_numbers() -> None:
    build, trained = built()
    before = {name: value.clone() for name, value in trained.network.state_dict().items()}
    torch.manual_seed(5)
    random = torch.random.get_rng_state()
    choose(settings("compiled"), build, trained)
    assert torch.equal(torch.random.get_rng_state(), random)
    for name, value in trained.network.state_dict().items():
        assert torch.equal(value, before[name])
    assert all(p.grad is None for p in trained.network.parameters())


@pytest.mark.parametrize(
    ("asked", "engine", "fallback", "stands"),
    [
        ("auto", "eager", False, True),
        ("auto", "compiled", False, True),
        ("eager", "eager", False, True),
        ("eager", "compiled", False, False),
        ("compiled", "compiled", False, True),
        ("compiled", "eager", False, False),
        ("compiled", "eager", True, True),
        ("eager", "native", False, True),
        ("compiled", "native", False, True),
    ],
)
def test_no_engine_answers_for_another(asked: str, engine: str, fallback: bool, stands: bool) -> None:
    cell = Cell(*[Component("x")] * 4, None, Budget(), 0, "k")
    labels = {"fallback": "it cannot be compiled"} if fallback else {}
    result = CellResult(cell, Status.DONE, engine=engine, labels=labels)
    assert _is_answer(result, EngineChoice(asked)) is stands
