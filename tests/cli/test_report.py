from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from results import HEADER, make_cell, make_result, make_run, make_seeds
from snnbench.cli import main
from snnbench.records import CellResult
from snnbench.results import load_results
from snnbench.store.journal import CELLS, Journal

FILES = ["leaderboard.html", "leaderboard.md", "table.csv", "table.parquet"]


class Ended(NamedTuple):
    code: int
    out: str
    err: str


Report = Callable[..., Ended]


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Report:
    """``snnbench report`` in this process."""

    def run(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["snnbench", "report", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            main()
        return Ended(int(caught.value.code or 0), *capsys.readouterr())

    return run


@pytest.fixture
def working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def quick(tmp_path: Path) -> Path:
    return fill(tmp_path / "quick", *make_run())


def fill(directory: Path, *results: CellResult) -> Path:
    with Journal.open(directory) as journal:
        journal.write_header(HEADER)
        for result in results:
            journal.append(result)
    return directory


def written(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir() if path.name in FILES)


def test_a_report_is_written_into_the_run_and_shown(report: Report, tmp_path: Path) -> None:
    ended = report(fill(tmp_path / "quick", *make_run()))
    assert ended.code == 0
    assert written(tmp_path / "quick") == FILES
    assert [line.split("/")[-1] for line in ended.err.splitlines()] == FILES
    assert re.search(r"^1 +lif\[beta=0\.9\] +96\.50 \[93\.85, 98\.42\] ", ended.out, re.M)
    shown = r"^3 ≈ +alif +96\.00 \[92\.38, 99\.10\] .* 2/3 +1 of 3 diverged, few seeds$"
    assert re.search(shown, ended.out, re.M)
    assert re.search(r"^– +izhikevich .* 0/3 ", ended.out, re.M)
    assert "wrote" not in ended.out


def test_formats_and_directory_can_be_chosen(report: Report, tmp_path: Path) -> None:
    run, out = fill(tmp_path / "quick", *make_seeds([0.9])), tmp_path / "new" / "out"
    assert report(run, "--format", "csv, markdown", "-o", out).code == 0
    assert written(out) == ["leaderboard.md", "table.csv"]
    assert written(run) == []


def test_several_runs_become_one_report(report: Report, tmp_path: Path) -> None:
    first, second, third = make_seeds([0.90, 0.92, 0.94])
    runs = [fill(tmp_path / "a", first, second), fill(tmp_path / "b", make_result(second.cell, 0.1), third)]
    assert report(*runs, "-o", tmp_path / "out").code == 0
    assert load_results(runs)["accuracy.test"].tolist() == [0.90, 0.1, 0.94]  # the later run's result counts
    assert "a + b" in (tmp_path / "out" / "leaderboard.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["missing"], "missing is not a run", "run.json"),
        (["quick", "--format", "htlm"], "'htlm' is not a format", "did you mean html?"),
        (["quick", "quick"], "several runs", "-o DIR"),
    ],
)
def test_a_mistake_is_said_in_two_lines(
    report: Report,
    working_directory: Path,
    arguments: list[str],
    message: str,
    hint: str,
) -> None:
    fill(working_directory / "quick", *make_seeds([0.9]))
    ended = report(*arguments)
    assert ended.code == 2
    first, second = ended.err.splitlines()
    assert first.startswith("error: ")
    assert message in first
    assert second.startswith("hint: ")
    assert hint in second
    assert ended.out == ""
    assert written(working_directory / "quick") == []


def test_a_torn_journal_is_reported_with_a_warning(report: Report, tmp_path: Path) -> None:
    run = fill(tmp_path, *make_seeds([0.9, 0.91]))
    (run / CELLS).write_bytes((run / CELLS).read_bytes()[:-20])
    ended = report(run)
    assert ended.code == 0
    assert "warning: " in ended.err.splitlines()[0]
    assert "the last line is incomplete" in ended.err


def test_a_run_without_results_can_be_reported(report: Report, tmp_path: Path) -> None:
    ended = report(fill(tmp_path))
    assert ended.code == 0
    assert ended.out == "no cell has been measured\n"
    assert written(tmp_path) == FILES


@pytest.mark.parametrize(
    ("width", "row"),
    [
        (60, r"1 .* 96\.50 \[93\.85, 98\.42\] +10\.3 k "),
        (80, r"1 +lif\[beta=0\.9\] +96\.50 \[93\.85, 98\.42\] +10\.3 k +−0\.045 "),
        (100, r"1 +lif\[beta=0\.9\] +96\.50 \[93\.85, 98\.42\] +10\.3 k +32\.0 k +116 MiB +−0\.045 "),
    ],
)
def test_the_table_fits_the_terminal(
    report: Report, quick: Path, monkeypatch: pytest.MonkeyPatch, width: int, row: str
) -> None:
    monkeypatch.setattr("snnbench.cli.tables.PIPED_WIDTH", width)
    lines = report(quick).out.splitlines()
    assert max(map(len, lines)) <= width
    assert any(re.match(row, line) for line in lines)


def test_a_name_is_text_and_not_markup(report: Report, tmp_path: Path) -> None:
    odd = make_result(make_cell("x[bold]y[/bold]:smile:"))
    assert "x[bold]y[/bold]:smile:" in report(fill(tmp_path, odd)).out


def test_the_command_line_starts_without_pandas() -> None:
    code = "import sys, snnbench.cli.report; sys.exit('pandas' in sys.modules or 'rich' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
