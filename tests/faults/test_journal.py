from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from results import HEADER, make_cell, make_result, make_seeds
from snnbench.errors import StoreError
from snnbench.records import Status
from snnbench.store.journal import CELLS, Journal, read
from snnbench.store.lines import Damage, read_line, write_line

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


@pytest.mark.parametrize("damage", [b"{", b"", b"null", b'{"schema":2}', b"\x00\x00\xff"])
def test_a_damaged_line_is_skipped_with_its_place_and_the_rest_is_read(run: Path, damage: bytes) -> None:
    lines = (run / CELLS).read_bytes().split(b"\n")
    lines[1] = damage
    (run / CELLS).write_bytes(b"\n".join(lines))
    _, results, warnings = read(run)
    assert results == [RESULTS[0], *RESULTS[2:]]
    assert warnings[0].startswith(f"{run / CELLS}, line 2: skipped: it does not end with a checksum")
    with Journal.open(run) as journal:
        assert journal.warnings == warnings
        journal.append(RESULTS[1])
    assert read(run)[1] == [RESULTS[0], *RESULTS[2:], RESULTS[1]]


def test_no_flipped_bit_is_taken_for_another_result() -> None:
    """Without a checksum 36 % of 6,000 flipped bits were accepted with other content."""
    line = write_line(RESULTS[0])[:-1]
    assert read_line(line) == RESULTS[0]
    for where in range(len(line)):
        flipped = bytearray(line)
        flipped[where] ^= 1 << where % 8
        with pytest.raises(Damage):
            read_line(bytes(flipped))


def test_many_damaged_lines_are_not_all_told(run: Path) -> None:
    (run / CELLS).write_bytes(b"{}\n" * 1000 + (run / CELLS).read_bytes())
    _, results, warnings = read(run)
    assert results == RESULTS
    assert len(warnings) == 12
    assert "990 more lines" in warnings[10]


def sealed(line: bytes) -> bytes:
    """A line with the checksum that it would have, had it been written so."""
    content = re.sub(rb',"checksum":"[0-9a-f]{16}"\}$', b"}", line)
    checksum = hashlib.sha256(content).hexdigest()[:16].encode()
    return content[:-1] + b',"checksum":"' + checksum + b'"}'


def test_the_checksum_is_the_sha_256_of_the_rest(run: Path) -> None:
    lines = (run / CELLS).read_bytes().splitlines()
    assert lines == [sealed(line) for line in lines]


@pytest.mark.parametrize(
    ("old", "new", "message", "hint"),
    [
        (b'"schema":2', b'"schema":3', "line 1: schema 3 is newer than 2", "newer snnbench"),
        (b'"protocol":2', b'"protocol":3', "line 1: protocol 3 is newer than 2", "newer snnbench"),
        (b'"protocol":2', b'"protocol":1', "line 1: it was measured under protocol 1", "run it again"),
    ],
)
def test_another_version_is_refused(run: Path, old: bytes, new: bytes, message: str, hint: str) -> None:
    lines = (run / CELLS).read_bytes().splitlines()
    assert old in lines[0]
    (run / CELLS).write_bytes(b"".join(sealed(line.replace(old, new)) + b"\n" for line in lines))
    for use in (read, Journal.open):
        with pytest.raises(StoreError, match=message) as caught:
            use(run)
        assert hint in caught.value.hint


def test_a_journal_of_the_first_format_is_to_be_run_again(run: Path) -> None:
    lines = [re.sub(rb',"checksum".*', b"}", line) for line in (run / CELLS).read_bytes().splitlines()]
    old = b"".join(line.replace(b'"schema":2', b'"schema":1') + b"\n" for line in lines)
    (run / CELLS).write_bytes(old)
    with pytest.raises(StoreError, match="line 1: schema 1 is older than 2") as caught:
        Journal.open(run)
    assert "run it again" in caught.value.hint


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b'"seconds":41.5', b'"seconds":-41.5', "seconds: -41.5 is not a duration"),
        (b'"seed":0', b'"seed":-1', "seed: an integer is outside"),
        (b'"seed":0', b'"seed":18446744073709551616', "seed: an integer is outside"),
        (b'"steps":25', b'"steps":' + b"9" * 400, "an integer is outside"),
        (b'"name":"lif"', b'"name":"l\\u001b[2Jf"', "the neuron's name"),
        (b'"accuracy.test"', b'""', "a metric's name"),
        (b'"low":null,"high":null', b'"low":2.0,"high":1.0', "ends before it begins"),
        (b'"started":"2025', b'"started":"0025', "not a time"),
        (b'"status":"done"', b'"status":"won"', "status"),
        (
            b'"series":{',
            b'"series":{"stability.epochs":[0,1],"stability.lambda_grad":[1],',
            "series stability.lambda_grad: 1 values, where stability has 2",
        ),
        (b'"series":{', b'"series":{"stability.epochs":[1e308],', "not a number of epochs"),
    ],
)
def test_what_a_result_cannot_hold_is_skipped_with_the_reason(
    run: Path, old: bytes, new: bytes, reason: str
) -> None:
    first, *rest = (run / CELLS).read_bytes().splitlines()
    assert old in first
    lines = [sealed(first.replace(old, new, 1)), *rest]
    (run / CELLS).write_bytes(b"".join(line + b"\n" for line in lines))
    _, results, warnings = read(run)
    assert results == RESULTS[1:]
    assert reason in warnings[0]


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
from collections.abc import Callable
from pathlib import Path
from snnbench.store.journal import Journal
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
from snnbench.store.journal import CELLS, Journal
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


def remove(path: Path) -> None:
    path.unlink()


def cut(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(100)


def replaced(path: Path) -> None:
    content = path.read_bytes()
    path.rename(path.with_name("old"))
    path.write_bytes(content)


def extended(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"mine\n")


@pytest.mark.parametrize("meddle", [remove, cut, replaced, extended])
@pytest.mark.parametrize("when", ["before an append", "after the last"])
def test_a_journal_that_someone_else_changes_stops_the_run_and_loses_nothing(
    run: Path, meddle: Callable[[Path], None], when: str
) -> None:
    new = make_result(make_cell(seed=8))
    with pytest.raises(StoreError, match=re.escape(str(run / CELLS))) as caught, Journal.open(run) as journal:
        if when == "after the last":
            journal.append(new)
        meddle(run / CELLS)
        if when == "before an append":
            journal.append(new)
    (rescued,) = run.glob("cells.rescued-*.jsonl")
    assert str(rescued) in caught.value.hint
    rescued.replace(run / CELLS)
    assert read(run)[1] == [*RESULTS, new]


def test_a_journal_whose_directory_is_gone_says_how_much_is_lost(tmp_path: Path) -> None:
    fill(tmp_path / "run")
    with pytest.raises(StoreError, match="4 results are lost"), Journal.open(tmp_path / "run"):
        shutil.rmtree(tmp_path / "run")
        (tmp_path / "run").write_text("in the way")


def test_what_killed_processes_left_is_removed_and_what_may_be_under_way_is_not(run: Path) -> None:
    for name in (".run.json.123", ".leaderboard.html.123", ".table.csv.123"):
        (run / name).write_text("half a")
    os.utime(run / ".table.csv.123", (0, 0))
    before = {path.name for path in run.iterdir()}
    with Journal.open(run):
        assert {path.name for path in run.iterdir()} == before - {".run.json.123", ".table.csv.123"}


def test_a_lock_that_the_library_wrote_itself_keeps_what_it_says(run: Path) -> None:
    """Where the system has no locks, its record of the holder is what lets a dead one's lock be taken."""
    record = "1234\nsome host\n"
    lock = run / ".lock"
    lock.write_text(record)
    with Journal.open(run):
        assert lock.read_text() == record


def test_a_reason_of_any_length_is_kept_to_a_sane_one(run: Path) -> None:
    long = make_result(make_cell(), None, status=Status.FAILED, reason="x" * 300_000, traceback="y" * 10**6)
    with Journal.open(run) as journal:
        journal.append(long)
    found = read(run)[1][0]
    assert found.reason == "x" * 10_000 + " … (290000 more characters)"
    assert len(found.traceback) < 101_000
