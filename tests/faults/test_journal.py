from __future__ import annotations

import errno
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from results import HEADER, make_cell, make_result, make_seeds
from snnbench.errors import StoreError
from snnbench.store import CELLS, Journal, read

RESULTS = make_seeds([0.9, 0.91, None, 0.92])


@pytest.fixture
def run(tmp_path: Path) -> Path:
    fill(tmp_path)
    return tmp_path


def fill(directory: Path) -> bytes:
    with Journal.open(directory) as journal:
        journal.write_header(HEADER)
        for result in RESULTS:
            journal.append(result)
    return (directory / CELLS).read_bytes()


@given(data=st.data())
def test_cut_at_any_byte_it_loads_and_continues(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    directory = tmp_path_factory.mktemp("run")
    content = fill(directory)
    cut = data.draw(st.integers(0, len(content)))
    (directory / CELLS).write_bytes(content[:cut])
    complete = content[:cut].count(b"\n")

    _, results, warnings = read(directory)
    assert results == RESULTS[:complete]
    assert len(warnings) == (0 if content[:cut].endswith(b"\n") or not cut else 1)
    with Journal.open(directory) as journal:
        assert journal.results == RESULTS[:complete]
        assert journal.warnings == warnings
        for result in RESULTS[complete:]:
            journal.append(result)
    assert (directory / CELLS).read_bytes() == content
    assert read(directory) == (HEADER, RESULTS, [])


def test_reading_a_torn_journal_leaves_it_alone(run: Path) -> None:
    torn = (run / CELLS).read_bytes()[:-10]
    (run / CELLS).write_bytes(torn)
    _, results, (warning,) = read(run)
    assert results == RESULTS[:-1]
    assert "incomplete" in warning
    assert str(run / CELLS) in warning
    assert (run / CELLS).read_bytes() == torn


@pytest.mark.parametrize("damage", [b"{", b"", b"null", b'{"schema":1}', b"\x00\x00\xff"])
def test_a_damaged_line_in_the_middle_is_an_error_with_its_place(run: Path, damage: bytes) -> None:
    lines = (run / CELLS).read_bytes().split(b"\n")
    lines[1] = damage
    (run / CELLS).write_bytes(b"\n".join(lines))
    where = re.escape(f"{run / CELLS}, line 2")
    with pytest.raises(StoreError, match=where):
        read(run)
    with pytest.raises(StoreError, match=where):
        Journal.open(run)
    (run / CELLS).write_bytes(b"\n".join([lines[0], *lines[2:]]))
    with Journal.open(run) as journal:  # the failed attempt has let go of the lock
        assert len(journal.results) == len(RESULTS) - 1


def test_a_newer_schema_is_refused(run: Path) -> None:
    path = run / CELLS
    path.write_bytes(path.read_bytes().replace(b'"schema":1', b'"schema":2', 1))
    with pytest.raises(StoreError, match="line 1: schema 2 is newer than 1") as caught:
        read(run)
    assert "newer snnbench" in caught.value.hint


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"schema":1'])
def test_a_damaged_header_is_an_error_with_its_file(run: Path, content: bytes) -> None:
    (run / "run.json").write_bytes(content)
    with pytest.raises(StoreError, match=r"run\.json: cannot be read"):
        read(run)


@pytest.mark.parametrize("name", ["missing", "empty"])
def test_a_directory_that_is_no_run_is_an_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(StoreError, match=f"{name} is not a run"):
        read(tmp_path / name)


def test_an_unwritable_directory_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match=re.escape(f"cannot write to {tmp_path / 'file' / 'run'}")):
        Journal.open(tmp_path / "file" / "run")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_directory_without_permission_is_an_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="Permission denied"):
        Journal.open(tmp_path / "run")


HOLD = """
import sys
from pathlib import Path
from snnbench.store import Journal
with Journal.open(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def hold(directory: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", HOLD, str(directory)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_process_is_refused_until_the_first_is_gone(run: Path) -> None:
    with hold(run) as holder:
        with pytest.raises(StoreError, match=f"is in use by process {holder.pid}"):
            Journal.open(run)
        assert read(run) == (HEADER, RESULTS, [])
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    with Journal.open(run) as journal:
        assert journal.results == RESULTS


def test_a_second_journal_in_one_process_is_refused(run: Path) -> None:
    with Journal.open(run), pytest.raises(StoreError, match=f"in use by process {os.getpid()}"):
        Journal.open(run)


FILL_UP = """
import resource, sys
from pathlib import Path
from snnbench.errors import StoreError
from snnbench.store import CELLS, Journal
directory = Path(sys.argv[1])
with Journal.open(directory) as journal:
    result = journal.results[0]
    size = (directory / CELLS).stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, resource.RLIM_INFINITY))
    try:
        journal.append(result)
    except StoreError as error:
        print(error.message, (directory / CELLS).stat().st_size == size)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    journal.append(journal.results[2])
"""


def test_a_write_cut_short_by_the_system_is_taken_back(run: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FILL_UP, str(run)], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"cannot write {run / CELLS}: File too large True\n"
    assert read(run) == (HEADER, RESULTS, [])
    assert (run / CELLS).read_bytes().count(b"\n") == len(RESULTS) + 1


@pytest.mark.parametrize("function", ["write", "fsync"])
def test_a_full_disk_is_an_error_and_the_journal_goes_on(
    run: Path, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    before = (run / CELLS).read_bytes()
    with Journal.open(run) as journal:

        def full(*_: object) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with monkeypatch.context() as patch:
            patch.setattr(os, function, full)
            with pytest.raises(StoreError, match="No space left on device"):
                journal.append(RESULTS[0])
        assert (run / CELLS).read_bytes() == before
        journal.append(make_result(make_cell(seed=9)))
    assert len(read(run)[1]) == len(RESULTS) + 1


def test_a_header_that_cannot_be_written_leaves_the_old_one(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before = sorted(path.name for path in run.iterdir())
    with Journal.open(run) as journal, monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StoreError, match=r"run\.json: No space left"):
            journal.write_header(HEADER)
    assert read(run)[0] == HEADER
    assert sorted(path.name for path in run.iterdir()) == before
