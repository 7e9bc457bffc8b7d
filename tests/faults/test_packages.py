"""Installed packages that go wrong, each in its own way, on one board with a neuron that does not.

Each is a distribution with its metadata and its entry point, found and run by the real command.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent, indent

import pytest

from snnbench.records import CellResult
from snnbench.store.journal import read

HEAD = """
import ctypes, threading, time
import torch
from snnbench import Neuron, NeuronSpec, hookimpl

def spec(factory, **said):
    name = factory.__name__.lower() if callable(factory) else "probe"
    common = {"name": name, "version": "1", "summary": "a neuron", "factory": factory, "spike": "none"}
    return NeuronSpec(**(common | said))

class Base(Neuron):
    states = ()

    def __init__(self, features, surrogate, generator):
        super().__init__()

    def initial_state(self, x_t):
        return ()
"""

STEPS = {
    "prints": """
        print("noise from a step")
        return x_t.relu(), state
    """,
    "threads": """
        threading.Thread(target=time.sleep, args=(600,)).start()
        return x_t.relu(), state
    """,
    "segfaults": """
        print("last words")
        ctypes.string_at(0)
    """,
    "leaks": """
        self.last = x_t.detach().relu().mean() + getattr(self, "last", 0)
        return x_t.relu() + self.last, state
    """,
    "gives_nan": "return x_t * float('nan'), state",
    "hoards": """
        hoard = []
        while True:
            hoard.append(torch.ones(2**22))
            time.sleep(0.001)
    """,
    "raises": 'raise OSError("no such device")',
}
"""What a neuron does in each step."""

PACKAGES = {
    "fails-at-import": "raise ImportError('libfoo.so is missing')",
    "fails-in-a-hook": "@hookimpl\ndef snnbench_neurons():\n    return [spec(1 / 0)]",
    "malformed-spec": "@hookimpl\ndef snnbench_neurons():\n    return [spec(Base, spike='spiky')]",
    "misspelt-hook": "@hookimpl\ndef snnbench_neuron():\n    return [spec(Base)]",
    "twin-a": "@hookimpl\ndef snnbench_neurons():\n    return [spec(Base, name='twin')]",
    "twin-b": "@hookimpl\ndef snnbench_neurons():\n    return [spec(Base, name='twin')]",
    "claims-lif": "@hookimpl\ndef snnbench_neurons():\n    return [spec(Base, name='lif')]",
    "prints-at-import": "print('noise at import')\n@hookimpl\ndef snnbench_neurons():\n    return []",
    "fails-when-told": "@hookimpl\ndef snnbench_cell_finished(result):\n    raise KeyError('result')",
}

BROKEN = {
    "fails-at-import": "import failed: ImportError: libfoo.so is missing (fails_at_import.py:",
    "fails-in-a-hook": "snnbench_neurons failed: ZeroDivisionError: division by zero (fails_in_a_hook.py:",
    "malformed-spec": "neuron 'base': spike='spiky' is not one of",
    "misspelt-hook": "there is no hook 'snnbench_neuron': did you mean snnbench_neurons",
}

BOARD = """
summary = "the smallest run"
datasets = ["yin_yang(train=40)"]
encoders = ["direct"]
networks = ["dense(hidden=[4])"]
neurons = [{neurons}]
surrogates = ["atan"]
seeds = 1
[train]
batch_size = 20
steps = 3
epochs = 1
[measure]
throughput = false
memory = false
stability = false
"""

Board = tuple[subprocess.CompletedProcess[str], Path]


def install(site: Path, distribution: str, code: str) -> None:
    """What an installer would leave behind."""
    module = distribution.replace("-", "_")
    (site / f"{module}.py").write_text(HEAD + code)
    info = site / f"{module}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[snnbench]\n{distribution} = {module}\n")


def neuron(name: str) -> str:
    body = indent(dedent(STEPS[name]).strip(), " " * 8)
    return (
        f"class {name.title()}(Base):\n    def step(self, x_t, state):\n{body}\n"
        f"@hookimpl\ndef snnbench_neurons():\n    return [spec({name.title()}, name='{name}')]\n"
    )


def snnbench(site: Path | None, *arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"NO_COLOR": "1", "COLUMNS": "200"}
    environment |= {"PYTHONPATH": str(site)} if site else {}
    environment.pop("PYTHONUNBUFFERED", None)
    return subprocess.run(
        [sys.executable, "-m", "snnbench", *map(str, arguments)],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def write_board(directory: Path, *neurons: str) -> None:
    (directory / "small.toml").write_text(BOARD.format(neurons=", ".join(f'"{name}"' for name in neurons)))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All the packages, installed together."""
    directory = tmp_path_factory.mktemp("site")
    for distribution, code in PACKAGES.items():
        install(directory, distribution, code)
    for name in STEPS:
        install(directory, f"it-{name.replace('_', '-')}", neuron(name))
    return directory


@pytest.fixture(scope="module")
def board(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Board:
    """One board with all their neurons and one that is well."""
    here = tmp_path_factory.mktemp("board")
    write_board(here, "lif", *STEPS)
    limits = ("--memory-limit", "1500MiB", "--timeout", "120s")
    return snnbench(site, "run", "small.toml", *limits, cwd=here), here / "results" / "small"


@pytest.fixture(scope="module")
def results(board: Board) -> dict[str, CellResult]:
    return {result.cell.neuron.name: result for result in read(board[1])[1]}


@pytest.mark.parametrize(
    ("name", "status", "reason"),
    [
        ("lif", "done", ""),
        ("prints", "done", ""),
        ("threads", "done", ""),
        ("leaks", "done", ""),
        ("segfaults", "failed", "the process was killed by SIGSEGV"),
        ("gives_nan", "diverged", "the training loss is nan"),
        ("hoards", "oom", "over the limit of 1500 MiB"),
        ("raises", "failed", "OSError: no such device"),
    ],
)
def test_each_row_says_what_happened(
    board: Board, results: dict[str, CellResult], name: str, status: str, reason: str
) -> None:
    assert results[name].status == status, results[name].reason
    assert reason in results[name].reason
    page = (board[1] / "leaderboard.html").read_text(encoding="utf-8")
    assert name in page
    assert reason in page


def test_the_rest_of_the_board_is_unharmed(
    board: Board, results: dict[str, CellResult], tmp_path: Path
) -> None:
    write_board(tmp_path, "lif")
    assert snnbench(None, "run", "small.toml", cwd=tmp_path).returncode == 0
    (alone,) = read(tmp_path / "results" / "small")[1]
    assert alone.series == results["lif"].series
    assert alone.metrics["accuracy.test"] == results["lif"].metrics["accuracy.test"]
    assert board[0].returncode == 1
    assert "4 of 8 cells are not done" in board[0].stderr


def test_a_neuron_that_leaks_state_between_batches_is_marked(
    board: Board, results: dict[str, CellResult]
) -> None:
    checks = {
        name: result.metrics["accuracy.repeat_check"].value
        for name, result in results.items()
        if result.status == "done"
    }
    assert checks == {"lif": 1, "prints": 1, "threads": 1, "leaks": 0}
    table = (board[1] / "leaderboard.md").read_text(encoding="utf-8")
    marked = [line for line in table.splitlines() if line.startswith("|") and "not repeatable" in line]
    assert len(marked) == 1
    assert "leaks" in marked[0]


def test_what_packages_print_stays_out_of_the_results(board: Board) -> None:
    assert "noise" not in board[0].stdout
    assert "noise at import" in board[0].stderr
    assert "noise from a step" not in board[0].stderr
    assert "noise from a step" in (board[1] / "output.log").read_text("utf-8")


def test_a_crash_tells_where_it_was_and_what_was_printed_before(results: dict[str, CellResult]) -> None:
    trace = results["segfaults"].traceback
    assert "last words" in trace
    assert "it_segfaults.py" in trace and "in step" in trace


@pytest.mark.parametrize("distribution", BROKEN)
def test_a_broken_package_is_one_warning_and_nothing_more(board: Board, distribution: str) -> None:
    start = f"warning: plugin '{distribution}' ({distribution} 1.0) is broken: {BROKEN[distribution]}"
    assert len([line for line in board[0].stderr.splitlines() if line.startswith(start)]) == 1


def test_an_observer_that_raises_is_noted_for_each_cell(board: Board) -> None:
    notes = [line for line in board[0].stderr.splitlines() if "'fails-when-told'" in line]
    assert len(notes) == 8
    assert "KeyError: 'result'" in notes[0]


def test_plugins_tells_all_of_them(site: Path, tmp_path: Path) -> None:
    done = snnbench(site, "plugins", cwd=tmp_path)
    assert done.returncode == 0
    for distribution in (*PACKAGES, *(f"it-{name.replace('_', '-')}" for name in STEPS)):
        (line,) = [line for line in done.stdout.splitlines() if line.strip().startswith(f"{distribution} ")]
        assert ("broken" in line) == (distribution in BROKEN)


@pytest.mark.parametrize(
    ("neuron", "says"),
    [
        ("twin", "neuron 'twin' is provided by twin-a 1.0 and twin-b 1.0"),
        ("fails-at-import:any", "which is broken: import failed: ImportError: libfoo.so is missing"),
        ("malformed-spec:base", "which is broken: neuron 'base': spike='spiky' is not one of"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_any_work(
    site: Path, tmp_path: Path, neuron: str, says: str
) -> None:
    write_board(tmp_path, "lif", neuron)
    done = snnbench(site, "run", "small.toml", cwd=tmp_path)
    assert done.returncode == 2
    assert says in done.stderr
    assert not (tmp_path / "results").exists()


def test_a_package_cannot_take_a_built_in_s_name(site: Path, results: dict[str, CellResult]) -> None:
    assert results["lif"].labels["spike"] == "binary"  # the package's says none


ENDINGS = {
    "leaves": ("import ctypes\nctypes.CDLL(None)._exit(0)", "its import ended the process, with exit code 0"),
    "crashes": ("import ctypes\n\nctypes.string_at(0)", "its import crashed with SIGSEGV (crashes.py:"),
}


@pytest.mark.parametrize(("distribution", "code", "says"), [(name, *said) for name, said in ENDINGS.items()])
def test_an_import_that_ends_the_process_is_one_warning_and_no_result_is_spoilt(
    tmp_path: Path, distribution: str, code: str, says: str
) -> None:
    install(tmp_path, distribution, "")
    (tmp_path / f"{distribution}.py").write_text(code)
    done = snnbench(tmp_path, "list", "neurons", "--format", "json", cwd=tmp_path)
    assert done.returncode == 0
    assert "lif" in {row["name"] for row in json.loads(done.stdout)}
    warning = f"warning: plugin '{distribution}' ({distribution} 1.0) is broken: {says}"
    assert len([line for line in done.stderr.splitlines() if line.startswith(warning)]) == 1


def test_a_plugin_that_was_asked_for_and_ends_the_process_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "leaves.py").write_text(ENDINGS["leaves"][0])
    done = snnbench(None, "plugins", "-p", "leaves", cwd=tmp_path)
    assert done.returncode == 2
    assert "error: plugin 'leaves' (leaves dev) is broken: its import ended the process" in done.stderr


def test_output_below_python_on_import_does_not_spoil_json(tmp_path: Path) -> None:
    noise = "import ctypes, os\nos.system('echo noise')\nctypes.CDLL(None).puts(b'noise')\n"
    install(tmp_path, "loud", "")
    (tmp_path / "loud.py").write_text(
        f"{noise}import snnbench\n@snnbench.hookimpl\ndef snnbench_neurons():\n    return []"
    )
    done = snnbench(tmp_path, "plugins", "--format", "json", cwd=tmp_path)
    assert "loud" in {row["name"] for row in json.loads(done.stdout)}
    assert "noise" in done.stderr


def test_a_thread_that_a_hook_starts_does_not_keep_the_command_from_ending(tmp_path: Path) -> None:
    thread = "    threading.Thread(target=time.sleep, args=(3600,)).start()\n"
    install(tmp_path, "lingers", f"@hookimpl\ndef snnbench_skip(cell):\n{thread}    return None\n")
    write_board(tmp_path, "lif")
    done = snnbench(tmp_path, "plan", "small.toml", "--format", "json", cwd=tmp_path)
    assert done.returncode == 0
    assert json.loads(done.stdout)
