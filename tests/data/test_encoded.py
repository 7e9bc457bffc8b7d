"""Recordings encoded once: the same numbers as encoding them anew, on disk, shared, within bounds."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from snnbench.components.datasets.synthetic_events import synthetic_events
from snnbench.components.encoders.frames import Frames
from snnbench.data import encoded as module
from snnbench.data.dataset import Dataset, Samples, Split
from snnbench.data.encoded import encoded
from snnbench.data.events import Events
from snnbench.data.recordings import Recordings, Rows
from snnbench.data.sequences import Sequences
from snnbench.execute.build import Builder
from snnbench.plugin.host import Host
from snnbench.records import Cell, Component
from snnbench.settings import Budget


class Counting:
    """An encoder that counts its samples, and whose values can be made large or fractional."""

    def __init__(self, scale: float = 1.0, window_ms: float = 0.0) -> None:
        self.frames = Frames(5, window_ms=window_ms)
        self.scale = scale
        self.seen = 0

    def __call__(self, x: Samples, generator: torch.Generator) -> Tensor:
        self.seen += len(x)
        return self.frames(x, generator) * self.scale

    def lengths(self, x: Samples) -> Tensor | None:
        return self.frames.lengths(x)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(module, "folder", lambda: tmp_path / "encoded")
    return tmp_path / "encoded"


@pytest.fixture(scope="module")
def data() -> Dataset:
    return synthetic_events(None, train=100)


@pytest.mark.parametrize("scale", [1.0, 300.0, -1.0, 0.1])
@pytest.mark.parametrize("window", [0.0, 30.0])
def test_what_comes_from_disk_is_what_was_encoded(data: Dataset, scale: float, window: float) -> None:
    encoder = Counting(scale, window)
    made, stored = encoded(data, encoder, "key")
    for name in ("train", "validation", "test"):
        theirs, ours = getattr(data, name), getattr(made, name)
        given = stored(ours.x[:], torch.Generator())
        assert torch.equal(given, encoder(theirs.x[:], torch.Generator()))
        assert given.is_contiguous()  # flattened to T·B in every call of every network
        assert torch.equal(ours.y, theirs.y)
        lengths = stored.lengths(ours.x), encoder.lengths(theirs.x)  # type: ignore[attr-defined]
        assert lengths == (None, None) if window == 0 else torch.equal(*lengths)
    assert (made.classes, made.shape) == (4, (5, 2, 16, 16))


def test_it_is_encoded_once(data: Dataset) -> None:
    notes: list[str] = []
    first = Counting()
    encoded(data, first, "key", notes.append)
    second = Counting()
    encoded(data, second, "key", notes.append)
    assert first.seen == 901 and second.seen == 0  # one more to know the shape
    assert len(notes) == 1
    encoded(data, second, "other")
    assert second.seen == 901


def test_small_counts_take_a_byte_each(data: Dataset, cache: Path) -> None:
    made, _ = encoded(data, Counting(), "key")
    assert isinstance(made.train.x, Sequences) and made.train.x.values.dtype == torch.uint8
    assert encoded(data, Counting(300), "wide")[0].train.x.values.dtype == torch.int16  # type: ignore[union-attr]
    assert encoded(data, Counting(0.1), "float")[0].train.x.values.dtype == torch.float32  # type: ignore[union-attr]


def test_what_an_interrupted_process_left_is_replaced(
    data: Dataset, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    partial = cache / f"key-{module.FORMAT}.partial"
    partial.mkdir(parents=True)
    (partial / "train.npy").write_bytes(b"half" * 10**6)
    monkeypatch.setattr(module, "LIMIT", 5 * 10**6)  # what is left does not count as taken
    made, stored = encoded(data, Counting(), "key")
    assert isinstance(stored, module.Stored)
    assert torch.equal(
        stored(made.test.x[:], torch.Generator()), Frames(5)(data.test.x[:], torch.Generator())
    )
    assert not partial.exists()


def test_the_least_recently_used_makes_room(
    data: Dataset, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        encoded(data, Counting(), name)
    for age, name in enumerate(("two", "one")):
        os.utime(cache / f"{name}-{module.FORMAT}", (age, age))
    size = sum(file.stat().st_size for file in (cache / f"one-{module.FORMAT}").iterdir())
    monkeypatch.setattr(module, "LIMIT", int(2.5 * size))
    encoded(data, Counting(), "three")
    assert sorted(path.name for path in cache.iterdir() if path.is_dir()) == [
        f"{name}-{module.FORMAT}" for name in ("one", "three")
    ]


def test_what_would_never_fit_is_encoded_at_every_use(data: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LIMIT", 1000)
    notes: list[str] = []
    encoder = Counting()
    assert encoded(data, encoder, "key", notes.append) == (data, encoder)
    assert "more disk" in notes[-1]


def test_a_cache_that_cannot_be_written_is_done_without(data: Dataset, cache: Path) -> None:
    cache.write_bytes(b"a file where the folder should be")
    notes: list[str] = []
    encoder = Counting()
    assert encoded(data, encoder, "key", notes.append) == (data, encoder)
    assert "cannot be kept" in notes[0]


def test_of_two_at_once_one_encodes(data: Dataset) -> None:
    encoders = [Counting(), Counting()]
    threads = [threading.Thread(target=encoded, args=(data, encoder, "key")) for encoder in encoders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(encoder.seen for encoder in encoders) == [0, 901]


def test_reading_survives_that_its_files_are_deleted(data: Dataset, cache: Path) -> None:
    made, stored = encoded(data, Counting(), "key")
    shutil.rmtree(cache / f"key-{module.FORMAT}")
    assert torch.equal(
        stored(made.test.x[:9], torch.Generator()), Frames(5)(data.test.x[:9], torch.Generator())
    )


class Files:
    """Recordings of which one is broken."""

    sensor = (4, 4, 2)
    fingerprint = "mine"

    def __init__(self) -> None:
        self.read_records: list[int] = []

    def read(self, record: int) -> Rows:
        self.read_records.append(record)
        return np.array([[0, record % 4, 0, 0], [record, 0, 1, 1]])

    def where(self, record: int) -> str:
        return f"file {record}"


def test_recordings_are_read_only_when_they_are_used() -> None:
    files = Files()
    x = Recordings(files, range(10))
    chosen = x.select(torch.tensor([7, 3, 9]))
    split = Split(chosen, torch.tensor([0, 1, 2])).select(torch.tensor([2, 0]))
    assert files.read_records == []
    batch, y = split.batch(torch.tensor([1, 0]))
    assert files.read_records == [7, 9] and y.tolist() == [0, 2]
    assert isinstance(batch, Events) and batch.rows[:, 0].tolist() == [0, 7, 0, 9]


def test_the_checksum_of_recordings_is_of_their_files_and_records() -> None:
    def checksum(records: list[int], fingerprint: str = "mine") -> str:
        files = Files()
        files.fingerprint = fingerprint
        split = Split(Recordings(files, records), torch.zeros(len(records), dtype=torch.int64))
        return Dataset(split, split, split, classes=1).checksum

    assert len({checksum([1, 2]), checksum([2, 1]), checksum([1, 2], "other")}) == 3
    assert checksum([1, 2]) == checksum([1, 2])


def test_another_writers_unfinished_file_is_no_room(
    data: Dataset, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process holds the lock of what it writes; what one that was killed has left can go."""
    encoded(data, Counting(), "one")
    size = sum(file.stat().st_size for file in (cache / f"one-{module.FORMAT}").iterdir())
    monkeypatch.setattr(module, "LIMIT", int(2.5 * size))
    for name in ("writing", "killed"):
        partial = cache / f"{name}-{module.FORMAT}.partial"
        partial.mkdir()
        (partial / "train.npy").write_bytes(bytes(size))
        os.utime(partial, (0, 0))
    hold = "import filelock, sys; x = filelock.FileLock(sys.argv[1]); x.acquire(); print(flush=True); input()"
    lock = cache / f"writing-{module.FORMAT}.lock"
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        encoded(data, Counting(), "two")
        other.communicate(b"\n")
    kept = {path.name for path in cache.iterdir() if path.is_dir()}
    assert kept == {f"writing-{module.FORMAT}.partial", f"two-{module.FORMAT}"}


@pytest.mark.parametrize("damage", ["content", "length", "facts", "missing"])
def test_arrays_that_were_changed_are_encoded_again(data: Dataset, cache: Path, damage: str) -> None:
    encoder, notes = Counting(), list[str]()
    encoded(data, encoder, "key")
    place, seen = cache / f"key-{module.FORMAT}", encoder.seen
    file = place / "train.npy"
    content = file.read_bytes()
    match damage:
        case "content":
            file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        case "length":
            os.truncate(file, len(content) - 8)
        case "facts":
            (place / module.FACTS).write_text("{")
        case _:
            file.unlink()
    made, stored = encoded(data, encoder, "key", notes.append)
    assert torch.equal(
        stored(made.train.x[:], torch.Generator()), encoder(data.train.x[:], torch.Generator())
    )
    assert "was changed" in notes[0]
    encoder.seen = 0
    encoded(data, encoder, "key")
    assert encoder.seen == 0
    assert seen


def test_a_cell_gets_its_own_encoders_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    """Name, version and parameters are equal; the code, hence the key, is not."""
    host = Host.load()
    names = {"dataset": "synthetic_events", "encoder": "frames"}
    found = {kind: host.find(kind, name).spec for kind, name in names.items()}
    cell = Cell(
        Component("synthetic_events"), Component("frames"), *[Component("x")] * 2, None, Budget(steps=3), 0
    )

    def frames_of(plus: float, **keys: str) -> Tensor:
        spec = replace(found["encoder"], factory=lambda steps, **rest: Plus(steps, plus), params={})
        build = Builder(cell, {**found, "encoder": spec}, None, {"dataset": "d", "encoder": "e", **keys})
        return build.encoder(build.data.train.x[:4], torch.Generator())

    first = frames_of(0)
    assert torch.equal(frames_of(100, encoder="edited"), first + 100)
    assert torch.equal(frames_of(50, dataset="edited reader"), first + 50)
    assert torch.equal(frames_of(100), first)  # nothing it is keyed by has changed


class Plus:
    """Frames with a number added, in code of its own."""

    def __init__(self, steps: int, plus: float) -> None:
        self.frames, self.plus = Frames(steps), plus

    def __call__(self, x: Samples, generator: torch.Generator) -> Tensor:
        return self.frames(x, generator) + self.plus
