"""Runs that are killed, and terminals that close: no process of theirs stays."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs a kernel that ends processes")

HERE = Path(__file__).parent
PATIENCE = 20

SMALL = """
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
RUN = [sys.executable, "-m", "snnbench", "run", "bad.toml", "-p", "faulty", "--workers", "2"]


def until(done: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    while not done():
        assert process.poll() is None, "it ended by itself"
        time.sleep(0.02)


def written(*files: Path) -> bool:
    return all(file.exists() and file.read_text() for file in files)


def gone(processes: list[psutil.Process]) -> bool:
    return psutil.wait_procs(processes, timeout=PATIENCE)[1] == []


@pytest.fixture
def bad(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a run of two cells may begin that heed nothing: one holds the lock, one is stopped."""
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    (tmp_path / "bad.toml").write_text(SMALL.format(neurons='"holdslock", "stopped"'))
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP, signal.SIGQUIT])
def test_cells_that_cannot_act_end_with_their_run(number: signal.Signals, bad: Path) -> None:
    process = subprocess.Popen(RUN, cwd=bad, stderr=subprocess.PIPE, start_new_session=True)
    until(lambda: written(bad / "holdslock", bad / "stopped"), process)
    family = psutil.Process(process.pid).children(recursive=True)
    assert len(family) >= 4  # two cells, their server, and the tracker of multiprocessing
    process.send_signal(number)
    _, talk = process.communicate(timeout=PATIENCE)
    assert gone(family)
    if number == signal.SIGHUP:
        assert process.returncode == 130
        assert b"interrupted: results/bad keeps every finished cell" in talk


@pytest.mark.slow
def test_a_terminal_that_closes_ends_everything_that_ran_in_it(bad: Path) -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(bad)
        os.execv(sys.executable, RUN)
    process = psutil.Process(pid)
    while not written(bad / "holdslock", bad / "stopped"):
        os.read(terminal, 4096)
    family = process.children(recursive=True)
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 130
    assert gone(family)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_server_that_is_still_importing_ends_with_the_run(
    number: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    importing = tmp_path / "importing"
    (tmp_path / "takes_long.py").write_text(
        f"import os, pathlib, time\npathlib.Path({str(importing)!r}).write_text(str(os.getpid()))\n"
        "time.sleep(600)\n"
    )
    code = (
        "import signal, time; from snnbench.execute import process\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # not so in the background
        "process.PRELOAD = ('takes_long',); process.context(); time.sleep(600)"
    )
    run = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL, cwd=tmp_path)
    until(lambda: written(importing), run)
    server = psutil.Process(int(importing.read_text()))
    run.send_signal(number)
    run.wait(PATIENCE)
    try:
        assert gone([server])
    finally:
        with suppress(psutil.Error):
            server.kill()
