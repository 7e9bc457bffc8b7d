"""``snnbench run`` as a person meets it: output, exit codes, interruption, bad input."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from results import timeless
from snnbench.store.journal import CELLS, Journal, read

SMALL = """
summary = "the smallest run"
datasets = ["yin_yang(train=40)"]
encoders = ["direct"]
networks = ["dense(hidden=[4])"]
neurons = ["lif", "relu"]
surrogates = ["atan"]
seeds = {seeds}
[train]
batch_size = 20
steps = 3
epochs = {epochs}
[measure]
throughput = false
memory = false
stability = false
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return _write(tmp_path)


def _write(directory: Path, *, seeds: int = 2, epochs: int = 1) -> Path:
    file = directory / "small.toml"
    file.write_text(SMALL.format(seeds=seeds, epochs=epochs))
    return file


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    """A run from start to end, and the directory it was started in."""
    here = tmp_path_factory.mktemp("finished")
    return snnbench("run", _write(here), cwd=here), here


def snnbench(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        _command(*arguments), cwd=cwd, capture_output=True, text=True, timeout=120, check=False, env=_plain()
    )


def _command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "snnbench", *map(str, arguments)]


def _plain() -> dict[str, str]:
    return {**os.environ, "NO_COLOR": "1", "COLUMNS": "120"}


Finished = tuple[subprocess.CompletedProcess[str], Path]


def test_a_run_ends_with_the_table_and_the_page(finished: Finished) -> None:
    done, here = finished
    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    assert lines[0] == "compiling loops: 2 neurons, surrogates and networks"
    assert [line.split()[0] for line in lines[1:]] == ["[1/4]", "[2/4]", "[3/4]", "[4/4]"]
    assert all("  done  accuracy 0." in line for line in lines[1:])
    assert "lif" in done.stdout
    assert "relu" in done.stdout
    assert done.stdout.splitlines()[-1] == "leaderboard: results/small/leaderboard.html"
    out = here / "results" / "small"
    files = ["cells.jsonl", "leaderboard.html", "leaderboard.md", "run.json", "table.csv", "table.parquet"]
    assert sorted(path.name for path in out.iterdir() if not path.name.startswith(".")) == files
    header, results, _ = read(out)
    assert header.matrix == "small"
    assert header.environments.keys() == {result.environment for result in results}
    assert {result.status for result in results} == {"done"}


def test_again_does_nothing_and_shows_the_same(finished: Finished) -> None:
    first, here = finished
    before = (here / "results" / "small" / CELLS).read_bytes()
    second = snnbench("run", here / "small.toml", cwd=here)
    assert second.returncode == 0
    assert "4 of 4 cells are in the journal already" in second.stderr
    assert second.stdout == first.stdout
    assert (here / "results" / "small" / CELLS).read_bytes() == before


def test_the_same_command_twice_gives_identical_numbers(finished: Finished, tmp_path: Path) -> None:
    _, here = finished
    assert snnbench("run", _write(tmp_path), "-o", "b", "--workers", "2", cwd=tmp_path).returncode == 0
    runs = [read(directory)[1] for directory in (here / "results" / "small", tmp_path / "b")]
    first, second = ({r.cell.key: (r.series, timeless(r)) for r in results} for results in runs)
    assert len(first) == 4
    assert first == second


def faulty(directory: Path, neurons: str) -> None:
    """Write a matrix of neurons that go wrong, and the plugin that provides them."""
    text = SMALL.format(seeds=1, epochs=1).replace('"lif", "relu"', neurons)
    (directory / "bad.toml").write_text(text)
    plugin = Path(__file__).parents[1] / "faults" / "faulty.py"
    (directory / "faulty.py").write_text(plugin.read_text())


def test_a_failed_cell_is_exit_code_1_and_the_rest_is_reported(tmp_path: Path) -> None:
    faulty(tmp_path, '"lif", "raising"')
    done = snnbench("run", "bad.toml", "-p", "faulty", cwd=tmp_path)
    assert done.returncode == 1
    assert "RuntimeError: this neuron is broken" in done.stderr
    assert "1 of 2 cells are not done; --rerun failed runs the failed ones again" in done.stderr
    assert "lif" in done.stdout


def test_a_run_in_which_nothing_succeeds_still_has_a_report(tmp_path: Path) -> None:
    faulty(tmp_path, '"raising"')
    done = snnbench("run", "bad.toml", "-p", "faulty", cwd=tmp_path)
    assert done.returncode == 1
    assert "internal error" not in done.stderr
    assert "1 of 1 cells are not done" in done.stderr
    page = (tmp_path / "results" / "bad" / "leaderboard.html").read_text()
    assert "RuntimeError: this neuron is broken" in page


def test_skipped_cells_are_on_the_page_with_their_reason(tmp_path: Path) -> None:
    exclude = '[[exclude]]\nwhen = "relu"\nreason = "it was told not to"\n'
    (tmp_path / "less.toml").write_text(SMALL.format(seeds=1, epochs=1) + exclude)
    for _ in range(2):
        assert snnbench("run", "less.toml", cwd=tmp_path).returncode == 0
    _, results, _ = read(tmp_path / "results" / "less")
    assert [(r.cell.neuron.name, r.status) for r in results] == [("relu", "skipped"), ("lif", "done")]
    assert "it was told not to" in (tmp_path / "results" / "less" / "leaderboard.html").read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted_keeps_what_is_finished_and_continues(
    number: signal.Signals, small: Path, tmp_path: Path
) -> None:
    _write(tmp_path, seeds=30, epochs=3)
    process = _start(small, tmp_path)
    os.kill(process.pid, number)
    _, talk = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted: results/small keeps every finished cell" in talk
    kept = len(read(tmp_path / "results" / "small")[1])
    assert 0 < kept < 60
    again = snnbench("run", small, "-k", "lif and (s0 or s29)", cwd=tmp_path)
    assert again.returncode == 0
    assert "cells are in the journal already" in again.stderr


def test_killed_outright_leaves_no_process_and_an_intact_journal(small: Path, tmp_path: Path) -> None:
    _write(tmp_path, seeds=30, epochs=3)
    process = _start(small, tmp_path)
    family = psutil.Process(process.pid).children(recursive=True)
    assert family
    process.kill()
    process.communicate(timeout=60)
    _, alive = psutil.wait_procs(family, timeout=20)
    assert alive == []
    header, results, _ = read(tmp_path / "results" / "small")
    assert header.matrix == "small"
    assert results
    with Journal.open(tmp_path / "results" / "small") as journal:  # the lock died with its holder
        assert len(journal.results) == len(results)


def _heed_interrupts() -> None:
    """A shell starts what runs in its background with SIGINT ignored, and that is inherited."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _start(matrix: Path, cwd: Path) -> subprocess.Popen[str]:
    """A run under way, with one cell finished."""
    process = subprocess.Popen(
        _command("run", matrix),
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=_plain(),
        preexec_fn=_heed_interrupts,  # noqa: PLW1509
    )
    assert process.stderr is not None
    assert process.stderr.readline().startswith("compiling loops: ")
    first = process.stderr.readline()
    assert first.startswith("[ 1/60]"), first
    return process


BAD = {
    "no such matrix": (["run", "qick"], "quick"),
    "no such neuron": (["run", "--neuron", "lyf"], "lif"),
    "no such parameter": (["run", "--neuron", "lif(bata=0.9)"], "beta"),
    "out of range": (["run", "--neuron", "lif(beta=1.5)"], "0 … 1"),
    "malformed component": (["run", "--neuron", "lif(beta="], "lif(beta="),
    "malformed selection": (["run", "-k", "lif and"], "lif and"),
    "malformed duration": (["run", "--timeout", "soon"], "30m"),
    "a size without a unit": (["run", "--memory-limit", "8"], "8GiB"),
    "malformed size": (["run", "--memory-limit", "8 elephants"], "8GiB"),
    "unknown device": (["run", "--device", "cuda:77"], "cpu"),
    "unwritable": (["run", "-o", "/proc/nowhere"], "/proc/nowhere"),
    "a file in the way": (["run", "-o", "small.toml"], "small.toml"),
    "unknown plugin": (["run", "-p", "no_such_module"], "no_such_module"),
}


@pytest.mark.parametrize("arguments, expected", BAD.values(), ids=BAD)
def test_bad_input_is_two_lines_and_exit_code_2(
    arguments: list[str], expected: str, small: Path, tmp_path: Path
) -> None:
    done = snnbench(*arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) <= 2, done.stderr
    assert lines[0].startswith("error: ")
    assert expected in done.stderr
    assert done.stdout == ""
    assert not (tmp_path / "results" / "quick" / "run.json").exists()


def test_a_directory_in_use_is_refused(small: Path, tmp_path: Path) -> None:
    with Journal.open(tmp_path / "taken"):
        done = snnbench("run", small, "-o", "taken", cwd=tmp_path)
    assert done.returncode == 2
    assert "in use" in done.stderr


def test_a_directory_that_is_no_run_is_left_alone(small: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "table.csv").write_text("mine")
    done = snnbench("run", small, "-o", "mine", cwd=tmp_path)
    assert done.returncode == 2
    assert "mine is not a run and not empty: it holds 'table.csv'" in done.stderr
    assert [path.read_text() for path in (tmp_path / "mine").iterdir()] == ["mine"]


def test_nothing_selected_is_exit_code_5(small: Path, tmp_path: Path) -> None:
    done = snnbench("run", small, "-k", "lif and relu", cwd=tmp_path)
    assert done.returncode == 5
    assert len(done.stderr.splitlines()) == 2


def test_from_a_script_without_a_main_guard(small: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import json, snnbench\n"
        f"frame = snnbench.run({str(small)!r}, out='out')\n"
        "board = snnbench.leaderboard(frame)\n"
        "print(json.dumps([len(frame), len(board), float(frame['accuracy.test'].max())]))\n"
    )
    done = subprocess.run(
        [sys.executable, script], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=True
    )
    cells, combinations, best = json.loads(done.stdout)
    assert (cells, combinations) == (4, 2)
    assert 0 < best <= 1
