"""Spoken words as spectra: the filters are librosa's, the splits the set's own lists, bad files named."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import real_data
import torch
from scipy.io import wavfile

from snnbench.components.datasets import speech_commands as module
from snnbench.components.datasets.speech_commands import FOLDER, log_mel, mel_filters, speech_commands
from snnbench.data.dataset import Dataset
from snnbench.data.sequences import Sequences
from snnbench.errors import DataError

REAL = real_data.FOLDER / "speech_commands_v2_testmini"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def write(root: Path, words: int = 35, each: int = 4) -> Path:
    """As the set is laid out: a folder a word, two lists; the last recording of each is half a second."""
    folder = root / FOLDER
    rng = np.random.default_rng(0)
    for word in range(words):
        (folder / f"word{word:02}").mkdir(parents=True)
        for number in range(each):
            length = 16_000 if number < each - 1 else 8_000
            samples = rng.integers(-3000, 3000, length).astype(np.int16)
            wavfile.write(folder / f"word{word:02}/{number}_nohash_0.wav", 16_000, samples)
    for name, number in (("testing", 0), ("validation", 1)):
        lines = (f"word{word:02}/{number}_nohash_0.wav" for word in range(words))
        (folder / f"{name}_list.txt").write_text("\n".join(lines) + "\n")
    return folder


@pytest.mark.slow
def test_the_filters_are_librosas() -> None:
    import librosa  # with numba: seconds

    theirs = librosa.filters.mel(sr=16_000, n_fft=400, n_mels=40, htk=True, norm=None)
    np.testing.assert_allclose(mel_filters(), theirs, atol=1e-6)


@pytest.mark.slow
def test_the_spectra_are_librosas() -> None:
    import librosa  # with numba: seconds

    wave = np.random.default_rng(0).uniform(-0.5, 0.5, 16_000).astype(np.float32)
    theirs = librosa.feature.melspectrogram(
        y=wave, sr=16_000, n_fft=400, hop_length=160, n_mels=40, htk=True, norm=None, center=False
    )
    ours = 10 ** (10 * log_mel(wave, mel_filters()).astype(np.float64) - 6) - 1e-6
    np.testing.assert_allclose(ours, theirs.T, rtol=1e-3)


def load(root: Path, **params: object) -> Dataset:
    return speech_commands(root, **params)  # type: ignore[arg-type]


def test_the_splits_are_those_of_the_lists(tmp_path: Path) -> None:
    write(tmp_path)
    data = load(tmp_path)
    assert (len(data.train), len(data.validation), len(data.test), data.classes) == (70, 35, 35, 35)
    assert data.test.y.tolist() == list(range(35))
    assert data.shape == (98, 40)
    assert isinstance(data.train.x, Sequences)
    assert sorted(set(data.train.x.lengths.tolist())) == [48, 98]
    short = data.train.x.values[data.train.x.lengths == 48]
    assert not short[:, 48:].any() and bool((short[:, :48] > 0).all())


def test_spectra_are_computed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path)
    first = load(tmp_path).checksum
    monkeypatch.setattr(module, "log_mel", None)
    assert load(tmp_path).checksum == first


@pytest.mark.parametrize(
    ("rate", "length", "says"), [(8_000, 16_000, "8000 Hz"), (16_000, 300, "300 samples")]
)
def test_a_recording_of_another_format_is_named(tmp_path: Path, rate: int, length: int, says: str) -> None:
    file = write(tmp_path) / "word03/2_nohash_0.wav"
    wavfile.write(file, rate, np.zeros(length, np.int16))
    with pytest.raises(DataError, match=f"{file}: .*{says}"):
        load(tmp_path)


def test_a_truncated_recording_and_a_missing_list_are_named(tmp_path: Path) -> None:
    folder = write(tmp_path)
    (folder / "word03/2_nohash_0.wav").write_bytes(b"RIFF")
    with pytest.raises(DataError, match=r"word03/2_nohash_0\.wav cannot be read"):
        load(tmp_path)
    (folder / "testing_list.txt").unlink()
    with pytest.raises(DataError, match=r"testing_list\.txt cannot be read"):
        load(tmp_path)


def test_a_word_that_is_not_there_is_told(tmp_path: Path) -> None:
    write(tmp_path, words=34)
    with pytest.raises(DataError, match="class 34 has no training sample"):
        load(tmp_path)


@pytest.mark.skipif(not REAL.is_dir(), reason=real_data.REASON)
def test_real_recordings_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(REAL / FOLDER, tmp_path / FOLDER, copy_function=shutil.copyfile)
    for name, pick in (("testing", 0), ("validation", 1)):
        files = (sorted(word.iterdir())[pick] for word in (tmp_path / FOLDER).iterdir() if word.is_dir())
        lines = [file.relative_to(tmp_path / FOLDER).as_posix() for file in files]
        (tmp_path / FOLDER / f"{name}_list.txt").write_text("\n".join(lines))
    monkeypatch.setattr(module, "WORDS", 10)
    data = load(tmp_path)
    assert (len(data.train), len(data.validation), len(data.test)) == (380, 10, 10)
    x = data.train.x.values  # type: ignore[union-attr]
    assert float(x.min()) >= 0 and float(x.max()) < 1.1
    assert torch.isfinite(x).all()
