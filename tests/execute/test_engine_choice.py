"""The rule for engines: what runs a cell, what its result says, and that nothing else changes the answer."""

from __future__ import annotations

import multiprocessing
import random
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from test_cell import job
from torch import Tensor

from snnbench.compiler.engine import Compiled
from snnbench.compiler.native import _library
from snnbench.components.neurons.lif import LIF
from snnbench.core.eager import EAGER, State
from snnbench.execute import compiling, reference_models
from snnbench.execute.build import Builder
from snnbench.execute.cell import run_cell
from snnbench.execute.compiling import Compilation, compile_programs
from snnbench.execute.engine import Chosen, choose
from snnbench.execute.job import Job
from snnbench.execute.limits import Limits
from snnbench.execute.worker import compile_main
from snnbench.measure import CellContext
from snnbench.records import Cell, CellResult, Component, Status
from snnbench.session.standing import is_answer
from snnbench.settings import NO_LOOP, Budget, EngineChoice

LOOP, EAGERLY, COMPILED = EngineChoice.LOOP, EngineChoice.EAGER, EngineChoice.COMPILED


@pytest.fixture(autouse=True)
def cold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of compiled code that is empty."""
    folder = tmp_path / "compiled"
    folder.mkdir(mode=0o700)  # torch would make it at its import, open to others
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(folder))
    monkeypatch.delenv("TRITON_CACHE_DIR", raising=False)
    return folder


def built(one: Job) -> tuple[Builder, CellContext]:
    build = Builder(one.cell, one.specs, None)
    network = build.network()
    return build, CellContext(one.cell, network, build.encoder, build.data, torch.device("cpu"))


def chosen(asked: EngineChoice, one: Job) -> Chosen:
    build, trained = built(one)
    return choose(asked, build.network(), trained)


def of_kind(kind: Callable[..., LIF]) -> Job:
    """A cell whose neuron is of another class."""
    one = job()
    return replace(one, specs={**one.specs, "neuron": replace(one.specs["neuron"], factory=kind)})


class Branching(LIF):
    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        if x_t.sum() > 1e9:
            return x_t, state
        return super().step(x_t, state)


class OwnKernel(LIF):
    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        return super().forward(x, state)


def test_a_neuron_with_a_loop_runs_by_it_and_others_run_eagerly() -> None:
    by_loop, without = chosen(LOOP, job()), chosen(LOOP, of_kind(Branching))
    assert isinstance(by_loop.engine, Compiled)
    assert (by_loop.name, by_loop.labels) == ("loop", {})
    assert (without.engine, without.name) == (EAGER, "eager")
    assert without.labels[NO_LOOP].startswith("Branching: ")


def test_eager_runs_all_neurons_alike() -> None:
    for one in (job(), of_kind(Branching)):
        assert chosen(EAGERLY, one) == Chosen(EAGER, "eager")


def test_compiled_takes_the_loop_where_there_is_one() -> None:
    assert chosen(COMPILED, job()).name == "loop"


def test_a_kernel_of_its_own_is_native_whatever_is_asked_for() -> None:
    assert {chosen(asked, of_kind(OwnKernel)).name for asked in EngineChoice} == {"native"}


def test_neither_order_nor_budget_nor_a_warm_cache_changes_an_engine() -> None:
    jobs = {f"{kind.__name__}/{epochs}": of_kind(kind) for kind in (LIF, Branching) for epochs in (0, 1, 500)}
    for name, one in jobs.items():
        budget = replace(one.cell.budget, epochs=int(name.partition("/")[2]))
        jobs[name] = replace(one, cell=replace(one.cell, budget=budget))
    forwards = {name: chosen(LOOP, one).name for name, one in jobs.items()}
    shuffled = random.Random(1).sample([*jobs], len(jobs))  # the disk has the code by now
    assert {name: chosen(LOOP, jobs[name]).name for name in shuffled} == forwards
    assert {name: "loop" if name.startswith("LIF") else "eager" for name in jobs} == forwards


def test_choosing_changes_neither_network_nor_random_numbers() -> None:
    build, trained = built(job())
    before = {name: value.clone() for name, value in trained.network.state_dict().items()}
    torch.manual_seed(5)
    state = torch.random.get_rng_state()
    choose(LOOP, build.network(), trained)
    assert torch.equal(torch.random.get_rng_state(), state)
    for name, value in trained.network.state_dict().items():
        assert torch.equal(value, before[name])
    assert all(p.grad is None for p in trained.network.parameters())


@pytest.mark.parametrize("broken", ["folder", "compiler"])
def test_where_nothing_can_be_compiled_a_cell_runs_eagerly_and_says_why(
    broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    _library.cache_clear()
    function = {"folder": "secure_code_folder", "compiler": "_compile"}[broken]
    monkeypatch.setattr(f"snnbench.compiler.native.{function}", fail)
    one = job()
    result = run_cell(replace(one, settings=replace(one.settings, engine=LOOP)), lambda *_: None, nullcontext)
    assert result.status is Status.DONE, result.reason
    assert result.engine == "eager"
    assert "No space left" in result.labels["fallback"]


class Mixing(LIF):
    """Units that see each other: no loop is made of them, but chunks are."""

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        return super().step(x_t - 0.1 * x_t.mean(-1, keepdim=True), state)


def reference_of(
    row: Callable[..., LIF], asked: EngineChoice, reference: Callable[..., LIF]
) -> tuple[reference_models._ReferenceModel, bool]:
    """Return the reference's network beside a row's, and whether their ratio is marked."""
    one = of_kind(row)
    one = replace(one, settings=replace(one.settings, engine=asked))
    build, trained = built(one)
    build.engine = choose(asked, build.network(), trained).engine
    spec = replace(one.specs["neuron"], factory=reference)
    row_s = reference_models._engine_asked(one, build, trained)
    made = reference_models._reference(one.cell.neuron, spec, row_s, build, trained)
    assert isinstance(made, reference_models._ReferenceModel)
    return made, reference_models._other_engine(made, build, trained)


@pytest.mark.parametrize(
    ("row", "asked", "reference", "by_loop", "said"),
    [
        (LIF, LOOP, LIF, True, False),
        (LIF, EAGERLY, LIF, False, False),
        (Branching, LOOP, LIF, False, False),
        (LIF, LOOP, Branching, False, True),
        (LIF, LOOP, OwnKernel, False, True),
        (OwnKernel, LOOP, LIF, True, True),
        (OwnKernel, EAGERLY, LIF, False, True),
        (OwnKernel, EAGERLY, OwnKernel, False, False),
        pytest.param(LIF, COMPILED, Mixing, True, True, marks=pytest.mark.slow),
        pytest.param(Mixing, COMPILED, LIF, True, True, marks=pytest.mark.slow),
        pytest.param(Mixing, COMPILED, Mixing, True, False, marks=pytest.mark.slow),
    ],
)
def test_a_reference_runs_by_the_engine_of_its_row(
    row: Callable[..., LIF], asked: EngineChoice, reference: Callable[..., LIF], by_loop: bool, said: bool
) -> None:
    made, marked = reference_of(row, asked, reference)
    assert {isinstance(one.engine, Compiled) for one in made.network.neurons} == {by_loop}
    assert marked is said


class Annealed(LIF):
    """Its slope is a plain number that changes in every call, as that of some published recipes."""

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        return super().forward(x, state)

    native = False

    def initial_state(self, x_t: Tensor) -> State:
        self.beta_now = 0.9 + 1e-3 * random.random()
        return super().initial_state(x_t)

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        return super().step(x_t * self.beta_now, state)


def test_a_neuron_that_is_out_of_loops_later_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("snnbench.compiler.engine.MOST_LOOPS", 3)
    one = of_kind(Annealed)
    result = run_cell(replace(one, settings=replace(one.settings, engine=LOOP)), lambda *_: None, nullcontext)
    assert result.status is Status.DONE, result.reason
    assert "its numbers change: 3 loops were made" in result.labels[NO_LOOP]


def test_a_cell_that_fails_names_the_engine_that_was_asked_for() -> None:
    def failing(*_: object, **__: object) -> LIF:
        raise MemoryError

    one = of_kind(failing)
    result = run_cell(replace(one, settings=replace(one.settings, engine=LOOP)), lambda *_: None, nullcontext)
    assert (result.status, result.engine) == (Status.OOM, "loop")
    assert is_answer(result, LOOP)
    assert not is_answer(result, EAGERLY)


@pytest.mark.parametrize(
    ("asked", "engine", "label", "stands"),
    [
        ("loop", "loop", "", True),
        ("loop", "loop", NO_LOOP, True),
        ("loop", "eager", NO_LOOP, True),
        ("loop", "eager", "fallback", True),
        ("loop", "eager", "", False),
        ("loop", "compiled", "", False),
        ("loop", "native", "", True),
        ("eager", "eager", "", True),
        ("eager", "eager", NO_LOOP, True),
        ("eager", "loop", "", False),
        ("eager", "compiled", "", False),
        ("eager", "native", "", True),
        ("compiled", "compiled", "", True),
        ("compiled", "loop", "", True),
        ("compiled", "loop", NO_LOOP, False),
        ("compiled", "eager", NO_LOOP, False),
        ("compiled", "eager", "fallback", True),
        ("compiled", "eager", "", False),
    ],
)
def test_no_engine_answers_for_another(asked: str, engine: str, label: str, stands: bool) -> None:
    cell = Cell(*[Component("x")] * 4, None, Budget(), 0, "k")
    result = CellResult(cell, Status.DONE, engine=engine, labels={label: "why"} if label else {})
    assert is_answer(result, EngineChoice.of(asked)) is stands


def seeds(engine: EngineChoice, count: int = 3) -> list[Job]:
    one = job()
    settings = replace(one.settings, engine=engine)
    return [replace(one, settings=settings, cell=replace(one.cell, seed=seed)) for seed in range(count)]


def test_programs_are_compiled_once_for_all_seeds() -> None:
    told: list[tuple[int, int]] = []
    compile_programs(seeds(LOOP), Limits(), lambda done, total: told.append((done, total)))
    assert told == [(0, 1), (1, 1)]


def test_what_is_compiled_before_the_first_cell_is_only_loaded_by_it(cold: Path) -> None:
    ours, theirs = multiprocessing.Pipe()
    _library.cache_clear()
    compile_main(compiling._distinct(seeds(LOOP)), theirs)
    assert ours.poll()
    libraries = sorted(cold.glob("loops/*"))
    assert [one.suffix for one in libraries] == [".sha256", ".so"]
    _library.cache_clear()
    assert chosen(LOOP, job()).name == "loop"
    assert sorted(cold.glob("loops/*")) == libraries  # a cell only loads


def test_nothing_is_compiled_for_eager() -> None:
    compile_programs(seeds(EAGERLY), Limits(), lambda *_: pytest.fail("something was to be compiled"))


def test_a_reference_and_a_floor_are_compiled_too() -> None:
    one = seeds(LOOP)[0]
    reference = (Component("lif", (("beta", 0.5),)), one.specs["neuron"])
    one = replace(one, reference=reference, floor=reference, measure=replace(one.measure, throughput=True))
    assert [str(each.neuron) for each in compiling._distinct([one])] == ["lif", "lif[beta=0.5]"]


def test_what_cannot_be_built_is_left_to_its_cell() -> None:
    def failing(*_: object) -> LIF:
        raise RuntimeError("broken")

    one = seeds(LOOP)[0]
    broken = replace(one, specs={**one.specs, "neuron": replace(one.specs["neuron"], factory=failing)})
    told: list[tuple[int, int]] = []
    compile_programs([broken], Limits(), lambda done, total: told.append((done, total)))
    assert told[-1] == (1, 1)


def test_stopping_ends_what_compiles(monkeypatch: pytest.MonkeyPatch) -> None:
    children: list[Watched] = []

    class Watched(compiling.Child):
        def __init__(self, *given: object, **options: object) -> None:
            super().__init__(*given, **options)  # type: ignore[arg-type]
            children.append(self)

    def stop(*_: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(compiling, "Child", Watched)
    monkeypatch.setattr(Limits, "exceeded", stop)
    with pytest.raises(KeyboardInterrupt):
        compile_programs(seeds(LOOP), Limits(), lambda *_: None)
    assert [one._process.is_alive() for one in children] == [False]


def test_compilations_name_the_neuron_they_are_of() -> None:
    (one,) = compiling._distinct(seeds(LOOP))
    assert one == Compilation(one.job, one.job.cell.neuron, one.spec)
