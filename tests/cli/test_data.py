"""``snnbench data``, and what ``run`` says of data that is not there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from snnbench.cli import app, commands  # noqa: F401  registers them all
from snnbench.components.datasets import published
from snnbench.errors import DataError, UsageError


def invoke(*arguments: object) -> str:
    result = CliRunner().invoke(app, ["data", *map(str, arguments)], catch_exceptions=False)
    if result.exception:
        raise result.exception
    return result.stdout


def test_list_has_every_dataset() -> None:
    rows = {row["name"]: row for row in json.loads(invoke("list", "--format", "json"))}
    assert {spec.name for spec in published.SPECS} | {"digits", "yin_yang"} <= set(rows)
    assert [file["checksum"] for file in rows["shd"]["files"]] == [
        "md5:f3252aeb598ac776c1b526422d90eecb",
        "md5:1503a5064faa34311c398fb0a1ed0a6f",
    ]
    assert "POKER-DVS" in invoke("list")


def test_status_says_what_is_missing_and_where(tmp_path: Path) -> None:
    rows = json.loads(invoke("status", "mnist", "digits", "--data-root", tmp_path, "--format", "json"))
    assert [(row["name"], row["status"]) for row in rows] == [("mnist", "missing"), ("digits", "ok")]
    assert str(tmp_path / "MNIST/raw/train-images-idx3-ubyte.gz") in rows[0]["detail"]


def test_what_needs_no_files_is_said() -> None:
    assert "digits needs no files" in invoke("download", "digits")


@pytest.mark.parametrize(("name", "says"), [("mnits", "mnist"), ("mnist(train=5)", "without parameters")])
def test_a_wrong_name_is_an_error(name: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        CliRunner().invoke(app, ["data", "status", name], catch_exceptions=False)


def test_a_run_without_its_data_starts_no_cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = [
        "run",
        "--dataset",
        "digits",
        "--dataset",
        "mnist",
        "--data-root",
        str(tmp_path),
        "--no-download",
    ]
    with pytest.raises(DataError, match=r"MNIST/raw/.* is missing in") as caught:
        CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert f"snnbench data download mnist --data-root {tmp_path}" in caught.value.hint
    assert not (tmp_path / "results/quick/cells.jsonl").exists()
