import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from snnbench.cli import app, commands, doctor  # noqa: F401  commands registers them all
from snnbench.cli.doctor import Check

NMS = "raise RuntimeError('operator torchvision::nms does not exist')"
TORCH = """
from types import SimpleNamespace
__version__ = "2.6.0+cpu"
version = SimpleNamespace(cuda=None)
cuda = SimpleNamespace(is_available=lambda: False)
"""


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose modules come before the installed ones in every new interpreter."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "torch.py").write_text(TORCH)
    for name in ("tonic", "pandas", "pyarrow"):
        (tmp_path / f"{name}.py").write_text("print('a banner')\n__version__ = '9.9'")
    (tmp_path / "torchvision").mkdir()
    return tmp_path


def break_torchvision(fake: Path, text: str) -> None:
    (fake / "torchvision" / "__init__.py").write_text(text)


@pytest.mark.parametrize(
    "text",
    [
        NMS,
        'raise RuntimeError("Couldn\'t load custom C++ ops. This can happen if")',
        "raise RuntimeError('PyTorch and torchvision were compiled with different CUDA major versions')",
    ],
)
def test_a_torchvision_that_does_not_fit_torch_is_recognised(fake: Path, text: str) -> None:
    break_torchvision(fake, text)
    found = doctor.torchvision()
    assert found.status == "fail"
    assert "does not fit torch's" in found.detail
    assert "pip install --force-reinstall torch torchvision" in found.hint


def test_a_torchvision_that_imports_but_has_no_operators_fails(fake: Path) -> None:
    (fake / "torch.py").write_text("def tensor(x): return x\ndef ones(n): return n")
    code = f"class ops:\n    @staticmethod\n    def nms(*arguments):\n        {NMS}"
    break_torchvision(fake, code)
    assert "does not fit torch's" in doctor.torchvision().detail


def test_tonic_that_stumbles_over_torchvision_gets_the_same_advice(fake: Path) -> None:
    (fake / "tonic.py").write_text(NMS)
    assert doctor.tonic().hint == doctor.REINSTALL


def test_the_installed_torchvision_is_good() -> None:
    assert doctor.torchvision().status == "ok"


@pytest.mark.parametrize(
    "code,text",
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "crashed with SIGSEGV"),
        ("raise ImportError('libcudart.so.13: cannot open')", "ImportError: libcudart.so.13: cannot open"),
        ("import os; os._exit(3)", "exit code 3"),
        ("import threading; threading.Event().wait()", "no answer within 1 s"),
    ],
)
def test_a_torch_that_takes_its_process_down_is_a_failure(
    fake: Path, monkeypatch: pytest.MonkeyPatch, code: str, text: str
) -> None:
    monkeypatch.setattr(doctor, "PROBE_SECONDS", 1 if "wait" in code else 60)
    (fake / "torch.py").write_text(code)
    found = doctor.torch()
    assert (found.status, found.detail) == ("fail", text)


def test_torch_says_its_build_and_device(fake: Path) -> None:
    assert doctor.torch().detail.startswith("2.6.0+cpu, CPU build")
    gpu = "cuda = SimpleNamespace(is_available=lambda: True, get_device_name=lambda i: 'GPU X')\n"
    ones = "def ones(n, device): return SimpleNamespace(add_=lambda x: SimpleNamespace(item=lambda: 2))\n"
    text = TORCH.replace("cuda=None", "cuda='12.4'") + gpu + ones
    (fake / "torch.py").write_text(text)
    assert doctor.torch() == Check("torch", "ok", "2.6.0+cpu, CUDA 12.4 on GPU X")
    (fake / "torch.py").write_text(text.replace("return Simple", "raise RuntimeError('no kernel image')  # "))
    found = doctor.torch()
    assert (found.status, found.detail) == ("warn", "2.6.0+cpu, CUDA 12.4: no kernel image")


def test_a_file_in_the_current_folder_is_not_taken_for_torch(
    fake: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path_factory.mktemp("work")
    (elsewhere / "torch.py").write_text("1 / 0")
    monkeypatch.chdir(elsewhere)
    assert doctor.torch().status == "ok"


def test_packages_that_are_old_or_missing_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.metadata.version

    def version(name: str) -> str:
        if name == "pyarrow":
            raise importlib.metadata.PackageNotFoundError(name)
        return {"pandas": "2.10.3", "torch": "2.12.0.dev1+cpu"}.get(name, real(name))

    assert doctor.dependencies().status == "ok"
    monkeypatch.setattr(importlib.metadata, "version", version)
    found = doctor.dependencies()
    assert found.status == "fail"
    assert found.detail == "pandas 2.10.3 is older than 3.0; pyarrow is not installed"


def test_a_missing_reader_of_cifar10_dvs_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "find_spec", lambda name: None)
    found = doctor.aedat()
    assert (found.status, found.detail) == ("warn", "not installed: cifar10_dvs cannot be read")
    assert "pip install 'snnbench[aedat]'" in found.hint


def test_a_folder_that_cannot_be_written_fails(tmp_path: Path) -> None:
    assert doctor.folder("f", tmp_path / "new" / "er", "hint").status != "fail"
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("")
    found = doctor.folder("f", tmp_path / "file", "go elsewhere")
    assert (found.status, found.hint) == ("fail", "go elsewhere")
    assert "Not a directory" in found.detail


@pytest.mark.parametrize("gib,status", [(100, "ok"), (9, "warn"), (0.4, "fail")])
def test_little_disk_space_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gib: float, status: str
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=int(gib * 2**30)))
    found = doctor.folder("f", tmp_path, "hint")
    assert found.status == status
    assert f"{gib:.1f} GiB free" in found.detail


def test_no_compiler_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.delenv("CXX", raising=False)
    assert doctor.compiler().status == "warn"


def test_the_exit_code_is_1_only_if_something_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash() -> Check:
        raise LookupError("oops")

    monkeypatch.setattr(doctor, "CHECKS", (lambda: Check("a", "warn", "x", "do y"),))
    result = CliRunner().invoke(app, ["doctor"])
    assert result.exit_code == 0
    assert "do y" in result.stdout
    monkeypatch.setattr(doctor, "CHECKS", (lambda: Check("a", "ok", "x"), crash))
    result = CliRunner().invoke(app, ["doctor", "--format", "json"])
    assert result.exit_code == 1
    failed = json.loads(result.stdout)[1]
    assert (failed["check"], failed["status"]) == ("crash", "fail")
    assert "LookupError('oops')" in failed["detail"]


def test_doctor_as_a_user_runs_it(fake: Path) -> None:
    break_torchvision(fake, NMS)
    (fake / "dead_plugin.py").write_text("1 / 0")
    info = fake / "dead-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: dead\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[snnbench]\ndead = dead_plugin\n")
    command = [sys.executable, "-c", "from snnbench.cli import main; main()", "doctor", "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ, cwd=fake, check=False)
    rows = {row["check"]: row for row in json.loads(done.stdout)}
    assert (done.returncode, done.stderr) == (1, "")
    assert [name for name, row in rows.items() if row["status"] == "fail"] == ["torchvision"]
    assert rows["plugins"]["status"] == "warn"
    assert "dead: import failed: ZeroDivisionError" in rows["plugins"]["detail"]
    assert rows["pandas"] == {"check": "pandas", "status": "ok", "detail": "9.9", "hint": ""}
    assert rows["results folder"]["detail"].startswith(str(fake))
