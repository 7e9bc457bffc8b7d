"""``snnbench doctor`` tells whether this installation and this machine can run the suite."""

from __future__ import annotations

import json
import multiprocessing
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import typer

from snnbench.cli import app
from snnbench.cli.tables import FormatOption, TableFormat, show_table

PROBE_SECONDS = 180
GIB = 2**30
REINSTALL = "reinstall both together: pip install --force-reinstall torch torchvision"
MISMATCH = ("torchvision::nms", "load custom C++ ops", "compiled with different CUDA")
"""What torchvision says when its build does not fit torch's."""

TORCH = """
import json, torch
facts = {"version": torch.__version__, "cuda": torch.version.cuda, "device": None, "error": None}
try:
    if torch.cuda.is_available():
        torch.ones(1, device="cuda").add_(1).item()
        facts["device"] = torch.cuda.get_device_name(0)
except Exception as error:
    facts["error"] = str(error).splitlines()[0]
print(json.dumps(facts))
"""
TORCHVISION = """
import torch, torchvision
torchvision.ops.nms(torch.tensor([[0.0, 0.0, 1.0, 1.0]]), torch.ones(1), 0.5)
print(torchvision.__version__)
"""
PLUGINS = "from snnbench.cli import main; main()"


@dataclass(frozen=True)
class Check:
    """A check of the installation found this.

    Attributes:
        hint: What to do unless it is ``ok``.
    """

    check: str
    status: Literal["ok", "warn", "fail"]
    detail: str
    hint: str = ""


@app.command()
def doctor(format: FormatOption = TableFormat.TABLE) -> None:
    """Check this installation and machine; exit code 1 if any fails."""
    with ThreadPoolExecutor() as pool:
        found = list(pool.map(_safely, CHECKS))
    show_table("", ["check", "status", "detail"], [asdict(one) for one in found], format)
    for one in found:
        if one.hint and format is TableFormat.TABLE:
            typer.echo(f"{one.check}: {one.hint}")
    if any(one.status == "fail" for one in found):
        raise typer.Exit(1)


def _safely(check: Callable[[], Check]) -> Check:
    try:
        return check()
    except Exception as error:
        name = getattr(check, "__name__", "check").replace("_", " ")
        return Check(name, "fail", f"the check itself failed: {error!r}", "reinstall snnbench")


def probe(code: str, *arguments: str) -> tuple[bool, str]:
    """Run ``code`` in a fresh interpreter, which may crash or hang.

    Returns:
        True and what it printed, or False and why it failed, in one line.
    """
    command = [sys.executable, "-P", "-c", code, *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PROBE_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return False, f"no answer within {PROBE_SECONDS} s"
    if done.returncode < 0:
        return False, f"crashed with {signal.Signals(-done.returncode).name}"
    if done.returncode:
        return False, (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
    return True, done.stdout.strip()


def python() -> Check:
    """Check the interpreter."""
    return Check("python", "ok", f"{platform.python_version()}, {sys.executable}")


def dependencies() -> Check:
    """Check that every required package is there, in a new enough version. None of them is imported."""
    from importlib.metadata import PackageNotFoundError, requires, version

    wanted = [line for line in requires("snnbench") or [] if "extra ==" not in line]
    faults = []
    for line in wanted:
        name, _, least = line.partition(">=")
        try:
            if _numbers(version(name)) < _numbers(least):
                faults.append(f"{name} {version(name)} is older than {least}")
        except PackageNotFoundError:
            faults.append(f"{name} is not installed")
    if faults:
        return Check("dependencies", "fail", "; ".join(faults), "pip install --upgrade snnbench")
    return Check("dependencies", "ok", f"all {len(wanted)} packages are new enough")


def _numbers(version: str) -> tuple[int, ...]:
    match = re.match(r"\d+(\.\d+)*", version)
    return tuple(int(part) for part in match[0].split(".")) if match else ()


def torch() -> Check:
    """Torch can be imported, and uses the GPU if there is one."""
    works, said = probe(TORCH)
    if not works:
        return Check("torch", "fail", said, REINSTALL)
    facts = json.loads(said.splitlines()[-1])
    build = f"{facts['version']}, " + (f"CUDA {facts['cuda']}" if facts["cuda"] else "CPU build")
    if facts["device"]:
        return Check("torch", "ok", f"{build} on {facts['device']}")
    if facts["error"]:
        return Check(
            "torch", "warn", f"{build}: {facts['error']}", "only the CPU can be used; see nvidia-smi"
        )
    if Path("/dev/nvidiactl").exists():
        hint = "the driver may be too old for this CUDA: see nvidia-smi" if facts["cuda"] else REINSTALL
        return Check("torch", "warn", f"{build}, which cannot use this machine's NVIDIA GPU", hint)
    return Check("torch", "ok", f"{build}; no GPU")


def torchvision() -> Check:
    """Torchvision can be imported and its compiled operators fit torch."""
    return _importable("torchvision", TORCHVISION, REINSTALL)


def _importable(name: str, code: str = "", hint: str = "") -> Check:
    works, said = probe(code or f"import {name}; print({name}.__version__)")
    if works:
        return Check(name, "ok", (said.splitlines() or ["version unknown"])[-1])
    if any(text in said for text in MISMATCH):
        said = f"torchvision's build does not fit torch's, such as one for CPU and one for CUDA: {said}"
        return Check(name, "fail", said, REINSTALL)
    return Check(name, "fail", said, hint or f"pip install --force-reinstall {name}")


def aedat() -> Check:
    """Check that the reader of CIFAR10-DVS, an extra, is there."""
    if find_spec("aedat") is None:
        hint = "pip install 'snnbench[aedat]', if you need that dataset"
        return Check("aedat", "warn", "not installed: cifar10_dvs cannot be read", hint)
    return _importable("aedat", "import aedat")


def plugins() -> Check:
    """Check that every installed plugin loads."""
    works, said = probe(PLUGINS, "plugins", "--format", "json")
    if not works:
        return Check("plugins", "fail", said, "'snnbench plugins' says more")
    found = json.loads(said)
    broken = [f"{one['name']}: {one['reason']}" for one in found if one["status"] == "broken"]
    if broken:
        return Check("plugins", "warn", "; ".join(broken), "repair, uninstall or leave out with -p no:NAME")
    return Check("plugins", "ok", f"{len(found)} beside the built-in components")


def forkserver() -> Check:
    """Check that cells can start from a process that has already imported torch."""
    if "forkserver" in multiprocessing.get_all_start_methods():
        return Check("forkserver", "ok", "cells start in a fork of a warm process")
    return Check("forkserver", "warn", "not on this platform", "each cell takes about 2 s longer to start")


def compiler() -> Check:
    """Check that ``torch.compile`` finds a C and a C++ compiler."""
    c = _first(os.environ.get("CC"), "gcc", "clang", "cc")
    cpp = _first(os.environ.get("CXX"), "g++", "clang++", "c++")
    if c and cpp:
        return Check("compiler", "ok", f"{c}, {cpp}")
    hint = "the compiled engine cannot be used; install gcc and g++, or set CC and CXX"
    return Check("compiler", "warn", "no C or no C++ compiler", hint)


def _first(*programs: str | None) -> str | None:
    return next((found for program in programs if program and (found := shutil.which(program))), None)


def results_folder() -> Check:
    """Check that a run here could write its results."""
    return folder("results folder", Path.cwd(), "go to a folder you may write to, or use -o DIR")


def cache_folder() -> Check:
    """Downloaded datasets can be kept."""
    import platformdirs

    hint = "use --data-root DIR"
    return folder("cache folder", platformdirs.user_cache_path("snnbench"), hint)


def folder(name: str, path: Path, hint: str) -> Check:
    """Return whether ``path`` can be written to or created, and the space left."""
    existing = next(parent for parent in (path, *path.parents) if parent.exists())
    try:
        with tempfile.TemporaryFile(dir=existing) as file:
            file.write(b"snnbench")
    except OSError as error:
        return Check(name, "fail", f"{path}: {error.strerror}", hint)
    free = shutil.disk_usage(existing).free / GIB
    status: Literal["ok", "warn", "fail"] = "fail" if free < 0.5 else "warn" if free < 10 else "ok"
    advice = "" if status == "ok" else f"little space left: free some, or {hint}"
    return Check(name, status, f"{path}, {free:.1f} GiB free", advice)


def memory() -> Check:
    """Check that there is enough memory for a cell of the standard matrix."""
    import psutil

    facts = psutil.virtual_memory()
    detail = f"{facts.available / GIB:.1f} of {facts.total / GIB:.1f} GiB available"
    if facts.available < 4 * GIB:
        return Check("memory", "warn", detail, "cells may end as 'oom': use fewer workers or smaller batches")
    return Check("memory", "ok", detail)


tonic, pandas, pyarrow = (partial(_importable, name) for name in ("tonic", "pandas", "pyarrow"))
_PACKAGES = (torch, torchvision, tonic, pandas, pyarrow)
_MACHINE = (forkserver, compiler, results_folder, cache_folder, memory)
CHECKS: tuple[Callable[[], Check], ...] = (python, dependencies, *_PACKAGES, aedat, plugins, *_MACHINE)
