import getpass
import re
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pynvml
import pytest
import torch

from snnbench.measure import environment as module
from snnbench.measure.environment import _commit, environment, throttle_reasons

CPU = torch.device("cpu")
CUDA = torch.device("cuda:0")


def test_it_says_what_a_reader_needs() -> None:
    values = environment(CPU, 3, {"snnbench-norse": "0.2"}).values
    assert values["torch"] == torch.__version__
    assert values["threads"] == "3"
    assert values["device"] == "cpu"
    assert values["plugin.snnbench-norse"] == "0.2"
    assert values["cpu.model"]
    assert values["cpu.processors"] == str(psutil.cpu_count())
    assert {"os", "python", "suite", "deterministic", "memory.total"} <= set(values)
    assert all(isinstance(text, str) and text for text in values.values())


def test_it_names_no_person_and_no_place() -> None:
    values = environment(CPU, 1, {}).values
    words = set(re.findall(r"[\w.@-]+", " ".join(values.values())))
    assert not {socket.gethostname(), getpass.getuser()} & words
    text = "\n".join(values.values())
    assert str(Path.home()) not in text
    assert str(Path(__file__).parents[2]) not in text
    assert not re.search(r"(^|\s)/\w", text)


def test_plugins_are_told_and_no_part_of_its_identity() -> None:
    """A plugin belongs to the cells that use it: installing or editing one leaves all others as they are."""
    one, other = environment(CPU, 1, {"a": "1"}), environment(CPU, 1, {"a": "2", "b": "1"})
    assert one.identity == other.identity
    assert (one.values["plugin.a"], other.values["plugin.a"]) == ("1", "2")


def test_identity_changes_with_threads_and_software(monkeypatch: pytest.MonkeyPatch) -> None:
    identities = {environment(CPU, threads, {}).identity for threads in (1, 2)}
    monkeypatch.setattr(torch, "__version__", "99.0")
    identities.add(environment(CPU, 1, {}).identity)
    monkeypatch.setattr(module, "_cpuinfo", lambda: {"model name": "Another CPU"})
    identities.add(environment(CPU, 1, {}).identity)
    monkeypatch.setattr(module, "suite_source", lambda: "other code")
    identities.add(environment(CPU, 1, {}).identity)
    assert len(identities) == 5


def test_identity_does_not_change_with_what_comes_and_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    before = environment(CPU, 1, {})
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(total=2**33, available=2**30))
    monkeypatch.setattr(psutil, "getloadavg", lambda: (63.0, 1.0, 1.0))
    monkeypatch.setattr(psutil, "cpu_freq", lambda: SimpleNamespace(current=777.0))
    torch.use_deterministic_algorithms(True)
    try:
        after = environment(CPU, 1, {})
    finally:
        torch.use_deterministic_algorithms(False)
    assert after.identity == before.identity
    assert after.values["memory.available"] == "1.0 GiB"
    assert after.values["cpu.load"] == "63.00"
    assert after.values["cpu.clock"] == "777 MHz"
    assert (before.values["deterministic"], after.values["deterministic"]) == ("false", "true")


def fail(*_: object, **__: object) -> None:
    raise OSError("not here")


def test_what_cannot_be_read_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "getloadavg", fail)
    monkeypatch.setattr(psutil, "cpu_freq", lambda: None)
    monkeypatch.setattr(subprocess, "run", fail)
    values = environment(CPU, 1, {}).values
    assert not {"cpu.load", "cpu.clock", "suite.commit"} & set(values)
    assert "" not in values.values()


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=someone", "-c", "user.email=someone@example.org")
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    package = tmp_path / "snnbench"
    package.mkdir()
    (package / "code.py").write_text("1\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    return package


def test_the_commit_is_the_last_that_touched_the_package(checkout: Path) -> None:
    first = git(checkout, "rev-parse", "HEAD")
    assert _commit(checkout) == first
    (checkout.parent / "README").write_text("text\n")
    git(checkout.parent, "add", ".")
    git(checkout.parent, "commit", "-q", "-m", "second")
    assert _commit(checkout) == first
    (checkout / "code.py").write_text("2\n")
    assert _commit(checkout) == f"{first}+changes"


def test_a_package_in_the_environment_of_some_other_checkout_has_no_commit(checkout: Path) -> None:
    installed = checkout.parent / "lib" / "snnbench"
    installed.mkdir(parents=True)
    (installed / "code.py").write_text("3\n")
    git(checkout.parent, "add", ".")
    git(checkout.parent, "commit", "-q", "-m", "second")
    assert _commit(installed) is None


def test_a_package_outside_any_checkout_has_no_commit(tmp_path: Path) -> None:
    package = tmp_path / "snnbench"
    package.mkdir()
    assert _commit(package) is None


@pytest.mark.parametrize(
    ("bits", "text"),
    [
        (0, "none"),
        (1, "GpuIdle"),
        (4, "SwPowerCap"),
        (4 | 64, "SwPowerCap, HwThermalSlowdown"),
        (8, "HwSlowdown"),
    ],
)
def test_throttle_reasons_have_names(bits: int, text: str) -> None:
    assert throttle_reasons(bits) == text


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A GPU as torch and NVML would describe it; its clock can be changed."""
    state: dict[str, Any] = {"clock": 1980}
    properties = SimpleNamespace(name="Model X", major=9, minor=0, total_memory=80 * 2**30, uuid="abc")
    answers: dict[str, Callable[..., object]] = {
        "nvmlInit": lambda: None,
        "nvmlShutdown": lambda: None,
        "nvmlSystemGetDriverVersion": lambda: "580.1",
        "nvmlDeviceGetHandleByUUID": lambda uuid: {"GPU-abc": "handle"}[uuid],
        "nvmlDeviceGetClockInfo": lambda handle, kind: (
            state["clock"] if kind == pynvml.NVML_CLOCK_SM else 3201
        ),
        "nvmlDeviceGetMaxClockInfo": lambda handle, kind: 1980,
        "nvmlDeviceGetTemperature": lambda handle, sensor: 41,
        "nvmlDeviceGetEnforcedPowerLimit": lambda handle: 700_000,
        "nvmlDeviceGetCurrentClocksThrottleReasons": lambda handle: 4,
    }
    for name, answer in answers.items():
        monkeypatch.setattr(pynvml, name, answer)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: properties)
    return state


def test_a_gpu_is_described(gpu: dict[str, Any]) -> None:
    values = environment(CUDA, 1, {}).values
    assert {name: text for name, text in values.items() if name.startswith("gpu.")} == {
        "gpu.model": "Model X",
        "gpu.capability": "9.0",
        "gpu.memory": "80.0 GiB",
        "gpu.driver": "580.1",
        "gpu.clock": "1980 MHz",
        "gpu.clock.highest": "1980 MHz",
        "gpu.clock.memory": "3201 MHz",
        "gpu.temperature": "41 °C",
        "gpu.power.limit": "700 W",
        "gpu.throttled": "SwPowerCap",
    }
    assert "abc" not in "".join(values.values())


def test_a_gpu_clock_comes_and_goes(gpu: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    before = environment(CUDA, 1, {})
    gpu["clock"] = 345
    after = environment(CUDA, 1, {})
    assert after.values["gpu.clock"] == "345 MHz"
    assert after.identity == before.identity
    monkeypatch.setattr(pynvml, "nvmlSystemGetDriverVersion", lambda: "590.2")
    assert environment(CUDA, 1, {}).identity != before.identity


def test_a_reading_that_nvml_refuses_takes_no_other_with_it(
    gpu: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)

    monkeypatch.setattr(pynvml, "nvmlDeviceGetTemperature", refuse)
    values = environment(CUDA, 1, {}).values
    assert "gpu.temperature" not in values
    assert values["gpu.throttled"] == "SwPowerCap"
    monkeypatch.setattr(pynvml, "nvmlInit", refuse)
    values = environment(CUDA, 1, {}).values
    assert {name for name in values if name.startswith("gpu.")} == {
        "gpu.model",
        "gpu.capability",
        "gpu.memory",
    }
