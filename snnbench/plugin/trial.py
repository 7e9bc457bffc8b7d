"""Plugins are imported in a process of their own, which may crash, hang or end, before they are in ours."""

from __future__ import annotations

import faulthandler
import importlib
import json
import os
import re
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from snnbench.plugin import verdicts
from snnbench.plugin.hookspecs import PROJECT
from snnbench.plugin.loading import load
from snnbench.plugin.sources import Source
from snnbench.plugin.verdicts import Verdict

IMPORT_SECONDS = 60.0
"""How long one plugin's import may take."""

EXIT_SECONDS = 10.0
"""How long a process that has imported its plugins may take to end."""

_START = (
    "import json, sys; task = json.loads(sys.argv[1]); sys.path[:] = task['path']; "
    "from snnbench.plugin.trial import main; main(task)"
)


def judge(
    sources: Sequence[Source], *, fresh: bool = False, tell: Callable[[str], None] = lambda plugin: None
) -> dict[Source, Verdict]:
    """Return the verdict on each of ``sources``, from the cache where nothing has changed.

    Args:
        sources: Plugins that are not blocked.
        fresh: Try all of them, whatever the cache says.
        tell: Told the plugins that are about to be tried.
    """
    known = {} if fresh else {source: verdicts.recall(source) for source in sources}
    found = {source: verdict for source, verdict in known.items() if verdict is not None}
    while left := [source for source in sources if source not in found]:
        tell(", ".join(map(str, left)))
        tried = _try(left)
        for source, verdict in tried.items():
            verdicts.remember(source, verdict)
        found |= tried
    return found


def _try(sources: Sequence[Source]) -> dict[Source, Verdict]:
    """Import ``sources`` in one process; the verdicts on those up to the first that ends it."""
    with tempfile.TemporaryDirectory(prefix="snnbench-") as folder:
        said, errors = Path(folder, "said"), Path(folder, "errors")
        said.touch()
        code = _run(sources, said, errors)
        lines = _verdicts(said)
        place = _place(errors.read_text(errors="replace"))
    found = dict(zip(sources, lines, strict=False))
    if len(found) < len(sources):
        culprit = sources[len(found)]
        found[culprit] = Verdict(_import_failed(code) + place, (), verdicts.files_behind(culprit))
    elif code != 0 and len(sources) > 1:
        return {source: verdict for one in sources for source, verdict in _try([one]).items()}
    elif code != 0:
        found[sources[0]] = replace(found[sources[0]], refusal=_exit_failed(code) + place)
    return found


def _run(sources: Sequence[Source], said: Path, errors: Path) -> int | None:
    """Run the process; return its exit code, or None if it was killed because it took too long."""
    plugins = [(one.entry.name, one.entry.value, one.distribution, one.version) for one in sources]
    task = {"path": [str(entry) for entry in sys.path], "plugins": plugins, "said": str(said), "torch": False}
    with errors.open("wb") as stderr:
        process = subprocess.Popen(
            _command(task),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            start_new_session=True,
        )
    try:
        return _watch(process, said, len(sources))
    finally:
        if hasattr(os, "killpg"):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)  # what a plugin started belongs to the trial
        process.kill()
        process.wait()


def _verdicts(said: Path) -> list[Verdict]:
    """Return what the process has said, without a line that it is still writing."""
    return [Verdict(**json.loads(line)) for line in said.read_text("utf-8").split("\n")[:-1] if line]


def _command(task: dict[str, Any]) -> list[str]:
    return [sys.executable, "-P", "-c", _START, json.dumps(task)]


def _watch(process: subprocess.Popen[bytes], said: Path, count: int) -> int | None:
    """Wait until the process ends, or shows no progress for too long."""
    progress, since = 0, time.monotonic()
    while (code := process.poll()) is None:
        if (size := said.stat().st_size) != progress:
            progress, since = size, time.monotonic()
        limit = IMPORT_SECONDS if len(_verdicts(said)) < count else EXIT_SECONDS
        if time.monotonic() - since > limit:
            with suppress(ValueError):  # Windows sends no such signal
                process.send_signal(signal.SIGABRT)  # faulthandler writes down what it was doing
            with suppress(subprocess.TimeoutExpired):
                process.wait(1.0)
            return None
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
    return code


def _import_failed(code: int | None) -> str:
    if code is None:
        return f"its import did not end within {IMPORT_SECONDS:g} s"
    if code < 0:
        return f"its import crashed with {signal.Signals(-code).name}"
    return f"its import ended the process, with exit code {code}"


def _exit_failed(code: int | None) -> str:
    if code is None:
        return "its import starts a thread, no daemon, that keeps every command from ending"
    if code < 0:
        return f"a process that has imported it crashes with {signal.Signals(-code).name} when it ends"
    return f"a process that has imported it ends with exit code {code}"


def _place(stacks: str) -> str:
    """Return where the process was, by what faulthandler wrote.

    That is the innermost line of the plugin's own.
    """
    machinery = ("<", sysconfig.get_path("stdlib"), str(Path(__file__).parent))
    for name, line in re.findall(r'^  File "(.+)", line (\d+)', stacks, re.MULTILINE):
        if not name.startswith(machinery) or "site-packages" in name:
            return f" ({Path(name).name}:{line})"
    return ""


def main(task: dict[str, Any]) -> None:
    """Load the plugins of ``task`` one after the other, and write down a verdict on each that lets us go on.

    Torch is imported first as soon as a plugin imports it, so that what the plugin changes in it is seen.
    """
    faulthandler.enable()
    if task["torch"]:
        importlib.import_module("torch")
    _say(task, "")  # from here on, time counts for the first plugin
    while task["plugins"]:
        name, value, distribution, version = task["plugins"][0]
        source = Source(EntryPoint(name, value, PROJECT), distribution, version)
        before = set(sys.modules)
        changes = load(source).changes
        if "torch" in sys.modules and not task["torch"] and os.name == "posix":
            os.execv(sys.executable, _command(task | {"torch": True}))
        verdict = Verdict("", changes, verdicts.files_behind(source, set(sys.modules) - before))
        _say(task, json.dumps(asdict(verdict)))
        del task["plugins"][0]


def _say(task: dict[str, Any], line: str) -> None:
    with Path(task["said"]).open("a", encoding="utf-8") as said:
        said.write(f"{line}\n")
