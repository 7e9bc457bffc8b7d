"""Speech Commands (Warden 2018, arXiv:1804.03209) as log-mel spectra, by scipy's reader of wav files."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import platformdirs
import torch
from filelock import FileLock
from numpy.typing import NDArray
from scipy.io import wavfile

from snnbench.components.datasets import SPECS
from snnbench.components.datasets.splits import check_labels, published, reading
from snnbench.data.dataset import Dataset, Split
from snnbench.data.files import data_root
from snnbench.data.sequences import Sequences
from snnbench.errors import DataError
from snnbench.plugin.spec import defaults

_DEFAULT: Final = defaults(SPECS, "speech_commands")

Floats: TypeAlias = NDArray[np.float32]

NAME = "speech_commands"
FOLDER = "SpeechCommands/speech_commands_v0.02"
RATE = 16_000
"""Samples a second."""

WINDOW, HOP = 400, 160
"""Samples of one spectrum, and from one to the next: 25 ms and 10 ms."""

STEPS = 1 + (RATE - WINDOW) // HOP
MELS = 40
FLOOR = 1e-6
"""Added to a power before its logarithm."""

WORDS = 35
VERSION = 1
"""Raised when a spectrum changes."""


def speech_commands(
    root: Path | None, *, train: int = _DEFAULT.train, content: str = _DEFAULT.content
) -> Dataset:
    """Return one spoken word a sample.

    A sample has log-mel spectra ``[98, 40]`` of 25 ms, every 10 ms, of up to 1 s. There are 35 classes.

    A value is ``(log10(power + 1e-6) + 6)/10``, from 0 to about 1. Shorter recordings are padded with 0.
    The spectra are computed once and kept in the platform's cache folder. Test and validation
    recordings are those that the set's own lists name.
    ``snnbench show speech_commands`` has the parameters.

    Args:
        root: Where datasets are.

    Raises:
        DataError: A file cannot be read, or holds other than it should.
    """
    folder = data_root(root) / FOLDER
    files = sorted(path.relative_to(folder).as_posix() for path in folder.glob("[!_]*/*.wav"))
    words = sorted({file.partition("/")[0] for file in files})
    classes = np.searchsorted(words, [file.partition("/")[0] for file in files]).astype(np.int64)
    check_labels(lambda record: str(folder / files[record]), np.arange(len(files)), classes, WORDS)
    lists = {name: _listed(folder / f"{name}_list.txt") for name in ("testing", "validation")}
    parts = np.array([next((name for name in lists if file in lists[name]), "training") for file in files])
    whole = Split(_spectra(folder, files, content), torch.from_numpy(classes))
    first, test, validation = (
        whole.select(torch.from_numpy(np.flatnonzero(parts == part)))
        for part in ("training", "testing", "validation")
    )
    return published(NAME, first, test, WORDS, validation=validation, size=train, content=content)


def _listed(path: Path) -> frozenset[str]:
    """Return the recordings that one of the set's lists names."""
    with reading(path):
        return frozenset(path.read_text().split())


def _spectra(folder: Path, files: Sequence[str], content: str) -> Sequences:
    """Return the spectra of all ``files``, from the cache folder if they were computed before."""
    (spec,) = (spec for spec in SPECS if spec.name == NAME)
    parts = (VERSION, content or spec.files[0].checksum, *files)
    key = hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:16]
    place = platformdirs.user_cache_path("snnbench") / "spectra" / f"{key}.npy"
    place.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(place.with_suffix(".lock")):
        if not place.is_file():
            _compute(folder, files, place)
    values = np.load(place, mmap_mode="c")  # the last row of a sample is its length
    lengths = torch.from_numpy(values[:, STEPS, 0].astype(np.int64))
    return Sequences(torch.from_numpy(values)[:, :STEPS], lengths)


def _compute(folder: Path, files: Sequence[str], place: Path) -> None:
    beside = place.with_suffix(f".{os.getpid()}.npy")
    shape = (len(files), STEPS + 1, MELS)
    values = np.lib.format.open_memmap(beside, mode="w+", dtype=np.float32, shape=shape)
    filters = mel_filters()
    for row, file in zip(values, files, strict=True):
        spectrum = log_mel(_wave(folder / file), filters)
        row[: len(spectrum)] = spectrum
        row[STEPS] = len(spectrum)
    values.flush()
    beside.replace(place)


def _wave(path: Path) -> Floats:
    """Return one recording, in [−1, 1), at most one second of it."""
    with reading(path):
        rate, samples = wavfile.read(path)
    if rate != RATE or samples.ndim != 1 or samples.dtype != np.int16 or len(samples) < WINDOW:
        what = f"{len(samples)} samples {samples.dtype} at {rate} Hz"
        raise DataError(f"{path}: {what}, expected {WINDOW} or more of one channel, int16 at {RATE} Hz")
    return samples[:RATE].astype(np.float32) / np.float32(2**15)


def log_mel(wave: Floats, filters: Floats) -> Floats:
    """Return the spectra ``[steps, MELS]`` of a wave, by ``filters`` ``[MELS, WINDOW // 2 + 1]``."""
    frames = np.lib.stride_tricks.sliding_window_view(wave, WINDOW)[::HOP]
    power = np.abs(np.fft.rfft(frames * np.hanning(WINDOW + 1)[:-1])) ** 2
    return ((np.log10(power @ filters.T + FLOOR) + 6) / 10).astype(np.float32)  # type: ignore[no-any-return]


def mel_filters() -> Floats:
    """Return triangles of height 1, equally spaced in mel (2595·log10(1 + f/700)), ``[MELS, bins]``."""
    top = 2595 * np.log10(1 + RATE / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, MELS + 2) / 2595) - 1)
    frequencies = np.fft.rfftfreq(WINDOW, 1 / RATE)
    rising = (frequencies - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - frequencies) / np.diff(edges)[1:, None]
    return np.minimum(rising, falling).clip(min=0).astype(np.float32)
