"""Describe where a cell runs: machine, software, settings, and nothing that names a person or a place."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np
import psutil
import pynvml
import torch

from snnbench.identity import environment_key
from snnbench.records import Environment

_GIBI = 2**30


def environment(device: torch.device, threads: int, plugins: Mapping[str, str]) -> Environment:
    """Describe this process's surroundings.

    What cannot be read is left out. ``identity`` covers what could change a number: hardware, software
    versions and threads; not what comes and goes (clocks, load, free memory), nor settings that
    the suite fixes by itself, nor plugins: a plugin is part of the keys of the cells that use it.

    Args:
        device: Where tensors are.
        threads: Threads torch may use within one operation.
        plugins: Version of every plugin distribution in use.
    """
    fixed = _processor() | _software() | {"device": device.type, "threads": str(threads)}
    passing = _machine_now() | _settings() | {f"plugin.{name}": text for name, text in plugins.items()}
    if device.type == "cuda":
        fixed |= _gpu(device)
        passing |= _gpu_now(device)
    return Environment(environment_key(fixed), dict(sorted((fixed | passing).items())))


def _processor() -> dict[str, str]:
    """Return the processor: what it is and what torch uses of it."""
    info = _cpuinfo()
    model = info.get("model name") or _sysctl("machdep.cpu.brand_string") or platform.processor()
    return _present(
        {
            "cpu.model": model,
            "cpu.family": " ".join(
                info.get(name, "") for name in ("cpu family", "model", "stepping")
            ).strip(),
            "cpu.architecture": platform.machine(),
            "cpu.instructions": torch.backends.cpu.get_cpu_capability(),
            "cpu.cores": _text(psutil.cpu_count(logical=False)),
            "cpu.processors": _text(psutil.cpu_count()),
        }
    )


def _cpuinfo() -> dict[str, str]:
    """Return the first processor of ``/proc/cpuinfo``; empty where there is none."""
    with suppress(OSError):
        first = Path("/proc/cpuinfo").read_text().split("\n\n")[0]
        pairs = (line.partition(":") for line in first.splitlines())
        return {name.strip(): value.strip() for name, _, value in pairs}
    return {}


def _sysctl(name: str) -> str:
    return _output("sysctl", "-n", name) if platform.system() == "Darwin" else ""


def _software() -> dict[str, str]:
    """Return the versions: operating system, Python, torch and what it was built with, the suite."""
    libraries = re.search(r"BLAS_INFO=(\w+)", torch.__config__.show())
    cudnn = torch.backends.cudnn.version() if torch.cuda.is_available() else None  # type: ignore[no-untyped-call]
    return _present(
        {
            "os": f"{platform.system()} {platform.release()}",
            "libc": " ".join(platform.libc_ver()).strip(),
            "python": f"{platform.python_implementation()} {platform.python_version()}",
            "torch": str(torch.__version__),
            "torch.commit": torch.version.git_version,
            "torch.cuda": torch.version.cuda,
            "torch.cudnn": _text(cudnn),
            "torch.blas": libraries[1] if libraries else None,
            "numpy": np.__version__,
            "suite": version("snnbench"),
            "suite.source": suite_source(),
        }
    )


NOT_IN_A_CELL = {"cli", "report", "testing", "api.py", "models.py", "results.py", "session.py", "store.py"}
"""Parts of the suite that no cell runs: what they do changes no number."""


@cache
def suite_source() -> str:
    """Hash of the suite's code that cells run; an installed version, or a commit with edits, may not tell."""
    package, digest = Path(__file__).parents[1], hashlib.sha256()
    for file in sorted(package.rglob("*.py")):
        name = file.relative_to(package)
        if name.parts[0] not in NOT_IN_A_CELL:  # by bytes: reading all syntax would take each run a second
            digest.update(f"{name}\n".encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def _commit(package: Path) -> str | None:
    """Return the last commit that touched ``package``, ``+changes`` if it has been edited since.

    None unless ``package`` lies at the top of a checkout: an installed one has no commit, whatever
    repository its environment happens to be in.
    """
    if _output("git", "-C", str(package), "rev-parse", "--show-prefix") != f"{package.name}/":
        return None
    commit = _output("git", "-C", str(package), "log", "-1", "--format=%H", "--", ".")
    edited = _output("git", "-C", str(package), "status", "--porcelain", "--", ".")
    return f"{commit}+changes" if commit and edited else commit or None


def _machine_now() -> dict[str, str]:
    """Return the memory, clock and load at this moment."""
    memory = psutil.virtual_memory()
    values = {
        "memory.total": f"{memory.total / _GIBI:.1f} GiB",
        "memory.available": f"{memory.available / _GIBI:.1f} GiB",
    }
    with suppress(OSError):
        values["cpu.load"] = f"{psutil.getloadavg()[0]:.2f}"
    with suppress(AttributeError, OSError, NotImplementedError):
        clock = psutil.cpu_freq()
        values["cpu.clock"] = f"{clock.current:.0f} MHz" if clock else ""
    with suppress(OSError):
        governor = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor").read_text()
        values["cpu.governor"] = governor.strip()
    if hasattr(os, "sched_getaffinity"):
        values["cpu.allowed"] = str(len(os.sched_getaffinity(0)))
    values["suite.commit"] = _commit(Path(__file__).parents[1]) or ""
    return _present(values)


def _settings() -> dict[str, str]:
    """Return what torch was told: determinism, precision, threads between operations."""
    return {
        "deterministic": str(torch.are_deterministic_algorithms_enabled()).lower(),
        "cudnn.deterministic": str(torch.backends.cudnn.deterministic).lower(),
        "cudnn.benchmark": str(torch.backends.cudnn.benchmark).lower(),
        "matmul.precision": torch.get_float32_matmul_precision(),
        "cublas.workspace": os.environ.get("CUBLAS_WORKSPACE_CONFIG", "default"),
        "threads.between": str(torch.get_num_interop_threads()),
    }


def _gpu(device: torch.device) -> dict[str, str]:
    """Return the GPU and its driver."""
    properties = torch.cuda.get_device_properties(device)
    driver: str | None = None
    with suppress(pynvml.NVMLError), _nvml():
        driver = pynvml.nvmlSystemGetDriverVersion()
    return _present(
        {
            "gpu.model": properties.name,
            "gpu.capability": f"{properties.major}.{properties.minor}",
            "gpu.memory": f"{properties.total_memory / _GIBI:.1f} GiB",
            "gpu.driver": driver,
        }
    )


def _gpu_now(device: torch.device) -> dict[str, str]:
    """Return the GPU's clocks, temperature and limit, and what holds its clocks down; empty without NVML."""
    values: dict[str, str] = {}
    with suppress(pynvml.NVMLError), _nvml():
        # by UUID: CUDA_VISIBLE_DEVICES may number the devices otherwise than NVML does
        handle = pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{torch.cuda.get_device_properties(device).uuid}")
        for name, (function, arguments, text) in _GPU_READINGS.items():
            with suppress(pynvml.NVMLError):
                values[name] = text(getattr(pynvml, function)(handle, *arguments))
    return values


def throttle_reasons(bits: int) -> str:
    """NVML's names of what holds the clocks down: ``SwPowerCap, HwThermalSlowdown``; ``none``."""
    prefix = "nvmlClocksThrottleReason"
    names = [name for name in dir(pynvml) if name.startswith(prefix)]
    single = {
        value: name
        for name in names
        if isinstance(value := getattr(pynvml, name), int) and value.bit_count() == 1
    }
    found = [name.removeprefix(prefix) for value, name in sorted(single.items()) if bits & value]
    return ", ".join(found) or "none"


def _megahertz(value: int) -> str:
    return f"{value} MHz"


_GPU_READINGS: dict[str, tuple[str, tuple[int, ...], Callable[[int], str]]] = {
    "gpu.clock": ("nvmlDeviceGetClockInfo", (pynvml.NVML_CLOCK_SM,), _megahertz),
    "gpu.clock.highest": ("nvmlDeviceGetMaxClockInfo", (pynvml.NVML_CLOCK_SM,), _megahertz),
    "gpu.clock.memory": ("nvmlDeviceGetClockInfo", (pynvml.NVML_CLOCK_MEM,), _megahertz),
    "gpu.temperature": ("nvmlDeviceGetTemperature", (pynvml.NVML_TEMPERATURE_GPU,), "{} °C".format),
    "gpu.power.limit": ("nvmlDeviceGetEnforcedPowerLimit", (), lambda milliwatt: f"{milliwatt / 1000:.0f} W"),
    "gpu.throttled": ("nvmlDeviceGetCurrentClocksThrottleReasons", (), throttle_reasons),
}
"""What NVML is asked: its function, the arguments after the device, how to write the answer."""


@contextmanager
def _nvml() -> Iterator[None]:
    """Load NVML.

    Raises:
        NVMLError: There is none.
    """
    pynvml.nvmlInit()
    try:
        yield
    finally:
        pynvml.nvmlShutdown()


def _output(*command: str) -> str:
    """Return what ``command`` prints; empty if it fails or does not exist."""
    with suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
        return done.stdout.strip()
    return ""


def _text(value: int | None) -> str | None:
    return None if value is None else str(value)


def _present(values: Mapping[str, str | None]) -> dict[str, str]:
    """Return ``values`` without those that could not be read."""
    return {name: value for name, value in values.items() if value}
