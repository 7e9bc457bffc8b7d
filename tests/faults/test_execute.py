"""Cells that crash, hang or hoard: what is recorded, and that the others are unharmed."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from results import timeless
from snnbench.errors import DataError, StoreError, UsageError
from snnbench.execute.job import EpochDone
from snnbench.execute.limits import Limits
from snnbench.execute.output import KEPT_BYTES
from snnbench.matrix.plan import plan
from snnbench.matrix.read import load as load_matrix
from snnbench.matrix.spec import Matrix
from snnbench.plugin.host import Host
from snnbench.records import Cell, CellResult, Status
from snnbench.session.run import OUTPUT, Options, Rerun, perform
from snnbench.settings import EngineChoice
from snnbench.store.journal import Journal, read

HERE = Path(__file__).parent

MATRIX = """
summary = "the smallest run"
datasets = ["{dataset}"]
encoders = ["direct"]
networks = ["dense(hidden=[4])"]
neurons = [{neurons}]
surrogates = ["atan"]
measurements = [{measurements}]
seeds = {seeds}
[train]
batch_size = 20
steps = 3
epochs = 2
[measure]
throughput = false
memory = false
stability = false
"""


class Listener:
    def __init__(self) -> None:
        self.started: list[str] = []
        self.epochs: list[tuple[str, int]] = []
        self.results: list[CellResult] = []
        self.notes: list[str] = []

    def compiling(self, done: int, total: int) -> None: ...

    def begin(self, planned: int, pending: int) -> None:
        self.planned, self.pending = planned, pending

    def epoch(self, cell: Cell, event: EpochDone | None) -> None:
        if event is None:
            self.started.append(cell.id)
        else:
            self.epochs.append((cell.id, event.epoch))

    def result(self, result: CellResult) -> None:
        self.results.append(result)

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    monkeypatch.syspath_prepend(HERE)
    yield Host.load(["faulty"])


def matrix(
    tmp_path: Path, neurons: str, seeds: int = 1, measurements: str = "", dataset: str = "yin_yang(train=40)"
) -> Matrix:
    listed = ", ".join(f'"{name}"' for name in neurons.split())
    extra = ", ".join(f'"{name}"' for name in measurements.split())
    file = tmp_path / "small.toml"
    file.write_text(MATRIX.format(neurons=listed, seeds=seeds, measurements=extra, dataset=dataset))
    return load_matrix(str(file))


def run(
    host: Host,
    chosen: Matrix,
    out: Path,
    *,
    limits: Limits | None = None,
    rerun: Rerun = Rerun.MISSING,
    workers: int = 1,
    maxfail: int | None = None,
    engine: EngineChoice = EngineChoice.EAGER,
) -> tuple[dict[str, CellResult], Listener]:
    listener = Listener()
    options = Options(
        out,
        device="cpu",
        engine=engine,
        limits=limits or Limits(),
        rerun=rerun,
        workers=workers,
        maxfail=maxfail,
    )
    results = perform(chosen, plan(chosen, host), host, options, listener)
    return {f"{result.cell.neuron}/{result.cell.seed}": result for result in results}, listener


def test_every_way_to_go_wrong_is_recorded_and_the_others_go_on(host: Host, tmp_path: Path) -> None:
    names = "base raising notanumber notanumberinevaluation segfault exit"
    names += " systemexits interrupts noexception nomemory missing lif"
    results, _ = run(host, matrix(tmp_path, names), tmp_path / "out")
    outcome = {name.removesuffix("/0"): (result.status, result.reason) for name, result in results.items()}
    assert outcome.pop("base") == (Status.DONE, "")
    assert outcome.pop("lif") == (Status.DONE, "")
    assert outcome.pop("raising") == (Status.FAILED, "RuntimeError: this neuron is broken")
    assert outcome.pop("notanumber")[0] is Status.DIVERGED
    assert outcome.pop("notanumberinevaluation")[0] is Status.DIVERGED
    assert outcome.pop("segfault") == (Status.FAILED, "the process was killed by SIGSEGV")
    assert outcome.pop("exit") == (Status.FAILED, "the process exited with code 0 before the cell was done")
    assert outcome.pop("systemexits")[0] is Status.FAILED
    assert outcome.pop("interrupts") == (Status.FAILED, "KeyboardInterrupt")
    assert outcome.pop("noexception") == (Status.FAILED, "Unusual: not an Exception")
    assert outcome.pop("nomemory")[0] is Status.OOM
    status, reason = outcome.pop("missing")
    assert status is Status.FAILED
    assert "no_such_module:X" in reason
    assert not outcome
    assert "this neuron is broken" in results["raising/0"].traceback
    for result in results.values():
        assert bool(result.metrics) == (result.status is Status.DONE)
        assert result.environment
        assert result.seconds > 0


def test_a_hanging_cell_is_killed_with_what_it_started(host: Host, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    neurons = f"hang(pids='{pids}') base"
    results, _ = run(host, matrix(tmp_path, neurons), tmp_path / "out", limits=Limits(seconds=5))
    hung = results.pop(f"hang[pids={pids}]/0")
    assert (hung.status, hung.reason) == (Status.TIMEOUT, "took longer than 5 s")
    assert results["base/0"].status is Status.DONE
    for pid in pids.read_text().split():
        assert not _alive(int(pid))


def _alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_hoarding_cell_is_stopped_at_the_memory_limit(host: Host, tmp_path: Path) -> None:
    limits = Limits(seconds=120, bytes=1500 * 2**20)
    results, _ = run(host, matrix(tmp_path, "hoard base"), tmp_path / "out", limits=limits)
    assert results["hoard/0"].status is Status.OOM
    assert "over the limit of 1500 MiB" in results["hoard/0"].reason
    assert results["base/0"].status is Status.DONE


def test_what_a_cell_prints_is_kept_from_the_terminal(
    host: Host, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    results, listener = run(host, matrix(tmp_path, "base printing"), tmp_path / "out")
    assert results["printing/0"].status is Status.DONE
    out, error = capfd.readouterr()
    assert out == ""
    assert "printed by a neuron" not in error
    log = tmp_path / "out" / OUTPUT
    of_base, of_printing = log.read_text().split("\n\n", 1)
    assert of_base == f"== {results['base/0'].cell.id} ==\nprinted at import"
    head, *lines = of_printing.split("\n")
    assert head == f"== {results['printing/0'].cell.id} =="
    assert set(lines) == {"printed at import", "printed by a neuron", ""}
    assert listener.notes[-1] == f"what 2 cells printed is in {log}"


def test_of_a_cell_that_prints_without_end_the_end_is_kept(host: Host, tmp_path: Path) -> None:
    run(host, matrix(tmp_path, "flooding"), tmp_path / "out")
    text = (tmp_path / "out" / OUTPUT).read_text()
    assert "bytes left out]" in text
    assert KEPT_BYTES < len(text) < KEPT_BYTES + 200
    assert text.strip().endswith("last line")


def test_a_fatal_error_says_where_it_was(host: Host, tmp_path: Path) -> None:
    results, _ = run(host, matrix(tmp_path, "segfault"), tmp_path / "out")
    trace = results["segfault/0"].traceback
    assert "Fatal Python error: Segmentation fault" in trace
    assert 'faulty.py", line' in trace
    assert "in misbehave" in trace


def test_a_cell_that_cuts_its_line_is_killed(host: Host, tmp_path: Path) -> None:
    results, _ = run(host, matrix(tmp_path, "closesdescriptors base"), tmp_path / "out")
    cut = results["closesdescriptors/0"]
    assert (cut.status, cut.reason) == (
        Status.FAILED,
        "the process closed its connection before the cell was done",
    )
    assert results["base/0"].status is Status.DONE


def test_rubbish_in_a_connection_ends_its_cell_alone(host: Host, tmp_path: Path) -> None:
    out, limits = tmp_path / "out", Limits(seconds=20)
    chosen = matrix(tmp_path, "rubbish unending strange closesoutput base")
    results, _ = run(host, chosen, out, limits=limits, workers=2)
    for name in ("rubbish", "strange"):
        cell = results[f"{name}/0"]
        assert cell.status is Status.FAILED
        assert "something wrote into the cell's connection to the run" in cell.reason
    assert results["unending/0"].status in {Status.FAILED, Status.TIMEOUT}
    assert results["closesoutput/0"].status is Status.DONE
    assert results["base/0"].status is Status.DONE
    assert run(host, chosen, out, limits=limits)[1].pending == 0


@pytest.mark.parametrize("ends", ["false", "true"])
def test_a_daemon_of_a_cell_holds_nothing_up(host: Host, tmp_path: Path, ends: str) -> None:
    pid = tmp_path / "pid"
    results, _ = run(host, matrix(tmp_path, f"daemon(pid='{pid}',end={ends}) base"), tmp_path / "out")
    daemon, base = results.values()
    assert base.status is Status.DONE
    if ends == "true":
        assert daemon.reason == "the process exited with code 0 before the cell was done"
        psutil.Process(int(pid.read_text())).kill()
    else:
        assert daemon.status is Status.DONE
        assert sys.platform != "linux" or not _alive(int(pid.read_text()))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells shared memory apart")
def test_memory_that_processes_share_counts_once(host: Host, tmp_path: Path) -> None:
    limits = Limits(seconds=120, bytes=1100 * 2**20)
    results, _ = run(host, matrix(tmp_path, "sharing"), tmp_path / "out", limits=limits)
    assert (results["sharing/0"].status, results["sharing/0"].reason) == (Status.DONE, "")


TOO_MUCH = {
    "asleep": (Limits(seconds=2), "dataset asleep: reading it took longer than 2 s"),
    "hoarding": (Limits(bytes=1000 * 2**20), "dataset hoarding: reading it used 1"),
}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_the_limits_hold_for_reading_a_dataset(name: str, host: Host, tmp_path: Path) -> None:
    limits, expected = TOO_MUCH[name]
    with pytest.raises(DataError, match=expected):
        run(host, matrix(tmp_path, "base", dataset=name), tmp_path / "out", limits=limits)


@pytest.mark.parametrize("name", ["crashing", "leaving"])
def test_a_dataset_whose_process_ends_is_named_and_left_to_the_cells(
    name: str, host: Host, tmp_path: Path
) -> None:
    results, listener = run(host, matrix(tmp_path, "base", dataset=name), tmp_path / "out")
    assert any(note.startswith(f"the data of {name} could not be checked") for note in listener.notes)
    assert results["base/0"].status is Status.FAILED


def test_a_plugin_that_draws_from_the_global_generator_is_reproducible(host: Host, tmp_path: Path) -> None:
    chosen = matrix(tmp_path, "globallyrandom", seeds=2)
    first, _ = run(host, chosen, tmp_path / "a")
    remembering = replace(chosen, measure=replace(chosen.measure, memory=True))
    second, _ = run(host, remembering, tmp_path / "b")
    for name, result in first.items():
        assert result.series == second[name].series
    losses = [result.series["train.loss"] for result in first.values()]
    assert losses[0] != losses[1]


def test_a_measurement_that_is_asked_for_later_is_made(host: Host, tmp_path: Path) -> None:
    chosen = matrix(tmp_path, "base")
    run(host, chosen, tmp_path / "out")
    more = replace(chosen, measure=replace(chosen.measure, stability=True))
    results, listener = run(host, more, tmp_path / "out")
    assert listener.pending == 1
    assert (
        results["base/0"].metrics["stability.lambda_grad"].reason
        == "no population of the network has a memory"
    )
    assert run(host, more, tmp_path / "out")[1].pending == 0
    assert run(host, chosen, tmp_path / "out")[1].pending == 0  # nothing that is asked for is missing
    other = replace(more, measure=replace(more.measure, stability_exponents=2))
    assert run(host, other, tmp_path / "out")[1].pending == 1
    extra = matrix(tmp_path, "base", measurements="width")
    assert run(host, extra, tmp_path / "out")[1].pending == 1


def test_what_is_finished_is_not_run_again(host: Host, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(host, matrix(tmp_path, "base"), out)
    results, listener = run(host, matrix(tmp_path, "base raising"), out)
    assert (listener.planned, listener.pending) == (2, 1)
    assert [result.cell.neuron.name for result in listener.results] == ["raising"]
    assert list(results) == ["base/0", "raising/0"]
    _, listener = run(host, matrix(tmp_path, "base raising"), out)
    assert listener.pending == 0
    _, listener = run(host, matrix(tmp_path, "base raising"), out, rerun=Rerun.FAILED)
    assert [result.cell.neuron.name for result in listener.results] == ["raising"]
    results, listener = run(host, matrix(tmp_path, "base raising"), out, rerun=Rerun.ALL)
    assert listener.pending == len(results) == 2
    assert len(read(out)[1]) == 2


def test_the_same_cells_twice_give_the_same_numbers(host: Host, tmp_path: Path) -> None:
    chosen = matrix(tmp_path, "lif rlif", seeds=2)
    first, _ = run(host, chosen, tmp_path / "a")
    second, listener = run(host, chosen, tmp_path / "b", workers=2)
    assert listener.epochs
    for name, result in first.items():
        assert result.series == second[name].series
        assert timeless(result) == timeless(second[name])
    assert first["lif/0"].series != first["lif/1"].series


def test_maxfail_stops_the_run(host: Host, tmp_path: Path) -> None:
    results, listener = run(host, matrix(tmp_path, "raising segfault base"), tmp_path / "out", maxfail=1)
    assert list(results) == ["raising/0"]
    assert "stopped after 1 failed cell" in listener.notes


def test_a_run_in_use_is_refused_before_any_work(host: Host, tmp_path: Path) -> None:
    with Journal.open(tmp_path / "out"), pytest.raises(StoreError, match="in use"):
        run(host, matrix(tmp_path, "base"), tmp_path / "out")


def test_an_unknown_device_is_refused_before_any_work(host: Host, tmp_path: Path) -> None:
    chosen = matrix(tmp_path, "base")
    options = Options(tmp_path / "out", device="cuda:99")
    with pytest.raises(UsageError, match="cuda:99"):
        perform(chosen, plan(chosen, host), host, options, Listener())


def test_extra_measurements_are_columns_and_their_failures_cost_nothing_else(
    host: Host, tmp_path: Path
) -> None:
    chosen = matrix(tmp_path, "base", measurements="width(add=2) nothing raises")
    result = run(host, chosen, tmp_path / "out")[0]["base/0"]
    assert result.status is Status.DONE
    assert result.metrics["width[add=2]"].value == 3
    assert result.metrics["nothing"].reason == "the measurement returned nothing"
    assert result.metrics["raises"].reason == "ValueError: cannot measure"
    assert result.metrics["accuracy.test"].value is not None


def test_an_observer_that_raises_is_noted(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SNNBENCH_TEST_OBSERVER", "1")
    results, listener = run(host, matrix(tmp_path, "base"), tmp_path / "out")
    assert results["base/0"].status is Status.DONE
    assert any("observer of" in note for note in listener.notes)


def test_an_epoch_is_chosen_on_validation_and_reported_for_test(host: Host, tmp_path: Path) -> None:
    result = run(host, matrix(tmp_path, "lif"), tmp_path / "out")[0]["lif/0"]
    ranks = list(
        zip(result.series["validation.accuracy"], [-x for x in result.series["validation.loss"]], strict=True)
    )
    chosen = ranks.index(max(ranks))
    assert result.metrics["accuracy.epoch"].value == chosen
    assert result.metrics["accuracy.test"].value == result.series["test.accuracy"][chosen]
    assert result.metrics["accuracy.test_last"].value == result.series["test.accuracy"][-1]
    assert all(math.isfinite(value) for values in result.series.values() for value in values)


def test_no_process_is_left_behind(host: Host, tmp_path: Path) -> None:
    run(host, matrix(tmp_path, "segfault base"), tmp_path / "out")
    servers = psutil.Process(os.getpid()).children()
    assert [cell for server in servers for cell in server.children(recursive=True)] == []


def test_a_probe_imports_no_torch_into_the_run(tmp_path: Path) -> None:
    code = (
        "import sys; from snnbench.execute import prepare; from snnbench.execute.job import Settings\n"
        "prepare.probe(Settings('cpu', 1, None, {})); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
