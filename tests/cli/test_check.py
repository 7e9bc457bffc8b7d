"""``snnbench check``: a damaged journal is told by its lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from results import HEADER, make_seeds
from snnbench.cli.check import check
from snnbench.errors import StoreError
from snnbench.store.journal import CELLS, Journal


def checked(*runs: Path) -> int:
    with pytest.raises(SystemExit) as ended:
        check(list(runs))
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.fixture
def run(tmp_path: Path) -> Path:
    with Journal.open(tmp_path / "run") as journal:
        journal.write_header(HEADER)
        for result in make_seeds([0.9, 0.8, None, 0.7]):
            journal.append(result)
    return tmp_path / "run"


def test_a_run_that_is_as_it_was_written_passes(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert checked(run) == 0
    assert capsys.readouterr().out == f"{run}: 4 lines, none damaged\n"


def test_damage_is_told_by_line_and_fails(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first_line, rest = (run / CELLS).read_bytes().split(b"\n", 1)
    (run / CELLS).write_bytes(first_line + b"\n" + rest.replace(b"0.8", b"0.9", 1)[:-7])
    assert checked(run) == 1
    first, second, last = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{run / CELLS}, line 2: its checksum does not match")
    assert second.startswith(f"{run / CELLS}, line 4: it is incomplete")
    assert last == f"{run}: 4 lines, 2 damaged"


def test_what_is_no_run_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is not a run"):
        check([tmp_path])
