"""A leading ~ in every path that a person gives, and names that would lead elsewhere."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
import real_data
from typer.testing import CliRunner

import snnbench
from snnbench import matrices
from snnbench.cli import app, commands  # noqa: F401  registers the commands
from snnbench.errors import UsageError
from snnbench.matrix.plan import plan
from snnbench.matrix.read import load
from snnbench.paths import user_path
from snnbench.plugin.host import Host
from snnbench.records import CellResult, RunHeader, Status
from snnbench.store.journal import Journal

POKERDVS = real_data.FOLDER / "pokerdvs"
PACKAGED = Path(matrices.__file__).parent


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder, beside the folder that the test works in."""
    folder, work = tmp_path / "home", tmp_path / "work"
    folder.mkdir()
    work.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USERPROFILE", str(folder))
    monkeypatch.chdir(work)
    return folder


def test_a_tilde_is_a_home_folder(home: Path) -> None:
    assert user_path("~") == home
    assert user_path("~/data") == user_path(Path("~/data")) == home / "data"
    assert user_path("./a/~/b") == Path("a/~/b")
    with pytest.raises(UsageError, match="there is no home folder ~nobody-of-that-name"):
        user_path("~nobody-of-that-name/x")


def test_of_a_matrix(home: Path) -> None:
    shutil.copy(PACKAGED / "quick.toml", home / "mine.toml")
    assert load("~/mine.toml").name == "mine"


def test_of_a_run_and_its_report(home: Path) -> None:
    (cell, *_) = plan(load("quick"), Host.load()).cells
    with Journal.open(home / "run") as journal:
        journal.write_header(RunHeader("quick"))
        journal.append(CellResult(cell, Status.FAILED, "\x1b[2Jwiped", environment="here"))
    assert len(snnbench.load_results("~/run")) == 1
    done = CliRunner().invoke(app, ["report", "~/run", "-o", "~/written", "--format", "csv"])
    assert done.exit_code == 0, done.output
    assert (home / "written" / "table.csv").is_file()
    assert "\x1b" not in done.output
    assert list(Path.cwd().iterdir()) == []


def test_of_a_new_plugin(home: Path) -> None:
    done = CliRunner().invoke(app, ["new-plugin", "my-neuron", "--kind", "neuron", "-o", "~/mine"])
    assert done.exit_code == 0, done.output
    assert (home / "mine" / "pyproject.toml").is_file()
    assert list(Path.cwd().iterdir()) == []


@pytest.mark.skipif(not POKERDVS.is_dir(), reason=real_data.REASON)
def test_of_the_data(home: Path) -> None:
    shutil.copytree(POKERDVS, home / "data")
    assert len(snnbench.make_dataset("pokerdvs", "~/data").train)
    done = CliRunner().invoke(app, ["data", "status", "pokerdvs", "--data-root=~/data"])
    assert " ok " in done.output
    assert list(Path.cwd().iterdir()) == []


ESCAPE = pytest.param(
    "\x1b[31mred.toml", marks=pytest.mark.skipif(os.name != "posix", reason="Windows has no such file names")
)


@pytest.mark.parametrize("name", ["..toml", "...toml", "a b.toml", ESCAPE])
def test_a_matrix_whose_name_leads_elsewhere_is_refused(name: str, home: Path) -> None:
    shutil.copy(PACKAGED / "quick.toml", name)
    with pytest.raises(UsageError, match="cannot be called"):
        load(name)
