"""Plugins whose import ends, hangs or changes the process, found out in a process of their own."""

import os
import random
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import platformdirs
import pytest
import torch

from snnbench.errors import PluginError
from snnbench.plugin import trial, verdicts
from snnbench.plugin.host import Host
from snnbench.plugin.sources import Source, find_sources

Install = Callable[..., None]

posix = pytest.mark.skipif(os.name != "posix", reason="Windows has no signals and no C library of that name")
GOOD = "@hookimpl\ndef snnbench_neurons():\n    return [neuron()]\n"
DEADLY = {
    "crashes": ("import ctypes\nctypes.string_at(0)", "its import crashed with SIGSEGV (probe_snn_a.py:"),
    "leaves": ("import ctypes\nctypes.CDLL(None)._exit(0)", "its import ended the process, with exit code 0"),
    "kills": ("import os\nos.kill(os.getpid(), 9)", "its import crashed with SIGKILL"),
}
ENDING = {
    "exits": ("import os\nos._exit(0)", "it called os._exit(0)"),
    "spoils the exit": (
        "import atexit, os\natexit.register(os._exit, 9)\n" + GOOD,
        "a process that has imported it ends with exit code 9",
    ),
}


def reason(host: Host, name: str = "snn-a") -> str:
    return next(one.reason for one in host.plugins if one.name == name)


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda name: tmp_path / "cache" / name)


@pytest.mark.parametrize(
    ("code", "says"),
    [
        *(pytest.param(*one, marks=posix, id=name) for name, one in DEADLY.items()),
        *(pytest.param(*one, id=name) for name, one in ENDING.items()),
    ],
)
def test_an_import_that_ends_the_process_is_named_and_the_others_are_there(
    install: Install, code: str, says: str
) -> None:
    install("snn-a", code)
    install("snn-b", GOOD)
    host = Host.load()
    assert (
        reason(host).removeprefix("import failed: ").startswith(says.removeprefix("import failed: Fault: "))
    )
    assert host.find("neuron", "leaky").distribution == "snn-b"


@posix  # where it hangs is told by a signal
@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("while True:\n    pass", r"its import did not end within 3 s \(probe_snn_a.py:\d+\)"),
        pytest.param(  # keeps the interpreter's lock
            "import re\nre.match('(a*)*b', 'a' * 60)",
            "its import did not end within 3 s",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_an_import_that_hangs_is_named(
    install: Install, monkeypatch: pytest.MonkeyPatch, code: str, says: str
) -> None:
    monkeypatch.setattr(trial, "IMPORT_SECONDS", 3.0)
    install("snn-a", code)
    host = Host.load()
    assert re.match(says, reason(host))


def test_an_import_that_hangs_is_named_where_no_signal_can_be_sent(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(process: object, number: int) -> None:  # as Windows does
        raise ValueError(f"Unsupported signal: {number}")

    monkeypatch.setattr(subprocess.Popen, "send_signal", refuse)
    monkeypatch.setattr(subprocess.Popen, "kill", lambda process: os.kill(process.pid, signal.SIGTERM))
    monkeypatch.setattr(trial, "IMPORT_SECONDS", 1.0)
    install("snn-a", "while True:\n    pass")
    assert reason(Host.load()) == "its import did not end within 1 s"


def test_an_import_that_keeps_a_command_from_ending_is_named(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "EXIT_SECONDS", 1.0)
    install(
        "snn-a", "import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()\n" + GOOD
    )
    assert reason(Host.load()).startswith("its import starts a thread, no daemon, that keeps every command")


@posix
def test_a_module_that_was_asked_for_and_ends_the_process_is_an_error(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (site / "probe_leaves.py").write_text("import ctypes\nctypes.CDLL(None)._exit(0)")
    monkeypatch.chdir(site)
    with pytest.raises(PluginError, match=r"'probe_leaves'.*ended the process, with exit code 0"):
        Host.load(["probe_leaves"])


def tries(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Which plugins are tried from here on, by process."""
    seen: list[list[str]] = []
    run = trial._run

    def counted(sources: list[Source], said: Path, errors: Path) -> int | None:
        seen.append([one.entry.name for one in sources])
        return run(sources, said, errors)

    monkeypatch.setattr(trial, "_run", counted)
    return seen


@posix
def test_a_plugin_is_tried_again_only_when_its_code_has_changed(
    install: Install, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = tries(monkeypatch)
    (site / "probe_helper.py").write_text("x = 1")
    install("snn-a", GOOD + "import probe_helper")
    install("snn-b", GOOD.replace("neuron()", "neuron('other')"))
    install("snn-c", "import ctypes\nctypes.CDLL(None)._exit(0)")
    first = Host.load()
    assert seen.pop(0) == ["snn-a", "snn-b", "snn-c"]
    assert reason(Host.load(), "snn-c") == reason(first, "snn-c") != ""
    assert not seen
    (site / "probe_helper.py").write_text("x = 2")
    Host.load()
    assert seen == [["snn-a"]]
    Host.load(fresh=True)
    assert seen[1] == ["snn-a", "snn-b", "snn-c"]


def test_a_verdict_is_not_kept_past_a_change_of_what_is_installed(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("snn-a", GOOD)
    (source,) = [one for one in find_sources() if not one.builtin]
    verdicts.remember(source, trial.judge([source])[source])
    assert verdicts.recall(source) is not None
    monkeypatch.setattr(verdicts, "version", lambda name: "another")
    assert verdicts.recall(source) is None


CHANGES = """
import os, random, signal, sys, warnings, torch
torch.set_num_threads(3)
torch.set_default_dtype(torch.float64)
torch.manual_seed(5)
random.seed(5)
os.chdir("/")
os.environ["PROBE"] = "1"
del os.environ["HOME"]
sys.path.clear()
signal.signal(signal.SIGTERM, signal.SIG_IGN)
warnings.simplefilter("error")
"""


def state() -> tuple[object, ...]:
    return (
        torch.get_num_threads(),
        torch.get_default_dtype(),
        torch.get_rng_state().tolist(),
        random.getstate(),
        Path.cwd(),
        dict(os.environ),
        list(sys.path),
        signal.getsignal(signal.SIGTERM),
    )


@pytest.mark.slow  # imports torch twice
def test_what_an_import_changes_is_put_back_and_said(install: Install) -> None:
    install("snn-a", CHANGES + GOOD)
    before = state()
    host = Host.load()
    assert state() == before
    assert host.find("neuron", "leaky").distribution == "snn-a"
    (warning,) = host.warnings
    for what in (
        "torch's number of threads",
        "torch's default dtype",
        "torch's random numbers",
        "Python's random numbers",
        "the current directory",
        "environment variables",
        "sys.path",
        "signal handlers",
        "warning filters",
    ):
        assert what in warning
    assert Host.load().warnings == host.warnings  # from the cache


@pytest.mark.parametrize("path", ["None", "[]", "[7, None]"])
def test_an_import_that_spoils_the_search_path_ends_nothing(install: Install, path: str) -> None:
    install(
        "snn-a", f"import sys\nsys.path = {path}\n" + GOOD.replace("neuron()", "neuron(factory='probe_x:y')")
    )
    before = list(sys.path)
    host = Host.load()
    assert sys.path == before
    assert host.find("neuron", "leaky").distribution == "snn-a"
    assert "sys.path" in host.warnings[0]
