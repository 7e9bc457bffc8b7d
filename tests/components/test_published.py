"""Published datasets: what is declared of them, real files read, and damaged ones refused."""

from __future__ import annotations

import gzip
import os
import pickle
import shutil
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import real_data
import torch
from scipy.io import savemat
from tonic import datasets as tonic
from torchvision import datasets as torchvision

from snnbench.components.datasets import published, recorded
from snnbench.components.datasets.pickles import load_plain
from snnbench.data import fetch, files
from snnbench.data.dataset import Dataset
from snnbench.data.recordings import Recordings
from snnbench.errors import DataError, UsageError
from snnbench.plugin.specs import DatasetSpec

SHARED = real_data.FOLDER
SPECS = {spec.name: spec for spec in published.SPECS}


def real(folder: str) -> Path:
    if not (SHARED / folder).is_dir():
        pytest.skip(f"the data set {folder} is not at hand")
    return SHARED / folder


def load(name: str, root: Path, **params: object) -> Dataset:
    made: Dataset = SPECS[name].load()(root, **params)
    return made


def checksums(spec: DatasetSpec) -> list[str]:
    return [file.checksum.removeprefix("md5:") for file in spec.files]


@pytest.mark.parametrize("name", ["MNIST", "FashionMNIST", "KMNIST"])
def test_checksums_and_addresses_are_torchvisions(name: str) -> None:
    theirs = getattr(torchvision, name)
    spec = SPECS[name.lower().replace("fashionmnist", "fashion_mnist")]
    assert [
        (Path(file.path).name, file.checksum.removeprefix("md5:")) for file in spec.files
    ] == theirs.resources
    for file in spec.files:
        assert list(file.urls) == [f"{mirror}{Path(file.path).name}" for mirror in theirs.mirrors]


def test_checksums_and_addresses_of_cifar_and_svhn_are_torchvisions() -> None:
    for name in ("CIFAR10", "CIFAR100"):
        theirs = getattr(torchvision, name)
        (file,) = SPECS[name.lower()].files
        assert (file.path, file.checksum, *file.urls) == (
            theirs.filename,
            f"md5:{theirs.tgz_md5}",
            theirs.url,
        )
    for file in SPECS["svhn"].files:
        url, path, md5 = torchvision.SVHN.split_list[file.path.partition("_")[0]]
        assert (file.path, file.checksum, *file.urls) == (path, f"md5:{md5}", url)


@pytest.mark.parametrize(
    ("name", "theirs", "parts"),
    [
        ("shd", tonic.SHD, ("train", "test")),
        ("ssc", tonic.SSC, ("train", "valid", "test")),
        ("nmnist", tonic.NMNIST, ("train", "test")),
        ("dvs_gesture", tonic.DVSGesture, ("train", "test")),
        ("pokerdvs", tonic.POKERDVS, ("train", "test")),
    ],
)
def test_checksums_are_tonics(name: str, theirs: type, parts: tuple[str, ...]) -> None:
    assert checksums(SPECS[name]) == [getattr(theirs, f"{part}_md5") for part in parts]
    urls = [file.urls[0] for file in SPECS[name].files]
    if name in {"nmnist", "dvs_gesture"}:
        assert urls == [getattr(theirs, f"{part}_url") for part in parts]
    if name in {"shd", "ssc"}:
        assert urls == [theirs.base_url + getattr(theirs, f"{part}_zip") for part in parts]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "theirs"), [("cifar10_dvs", tonic.CIFAR10DVS), ("ncaltech101", tonic.NCALTECH101)]
)
def test_checksum_and_address_of_a_single_archive_are_tonics(name: str, theirs: type) -> None:
    (file,) = SPECS[name].files
    expected = (f"{theirs.__name__}/{theirs.filename}", theirs.file_md5, theirs.url)  # type: ignore[attr-defined]
    assert (file.path, file.checksum.removeprefix("md5:"), *file.urls) == expected


def test_mnist_is_all_of_torchvisions_in_order(tmp_path: Path) -> None:
    shutil.copytree(real("mnist"), tmp_path, dirs_exist_ok=True, copy_function=shutil.copyfile)
    fetch.verify(SPECS["mnist"], "", tmp_path)
    data = load("mnist", tmp_path)
    assert data.checksum == SPECS["mnist"].checksum
    theirs = torchvision.MNIST(tmp_path, train=False)
    assert torch.equal((data.test.x[:, 0] * 255).round().to(torch.uint8), theirs.data)
    assert torch.equal(data.test.y, theirs.targets)
    assert (len(data.train), len(data.validation), len(data.test)) == (54_000, 6_000, 10_000)
    both = torch.cat([data.train.x, data.validation.x]).flatten(1).mul(255).round().to(torch.uint8)
    whole = torchvision.MNIST(tmp_path).data.flatten(1)
    assert sorted(map(bytes, both.numpy())) == sorted(map(bytes, whole.numpy()))


def test_files_that_are_not_the_published_ones_are_read_if_their_content_is_named() -> None:
    root = real("cifar10_subset")
    spec = SPECS["cifar10"]
    with pytest.raises(DataError, match="is missing"):
        fetch.verify(spec, "", root)
    content = files.content_checksum(spec, root)
    fetch.verify(spec, content, root)
    data = load("cifar10", root, content=content)
    assert (len(data.train), len(data.validation), len(data.test)) == (2_700, 300, 1_000)
    assert data.remarks == ("unpublished files",)
    with (root / "cifar-10-batches-py/test_batch").open("rb") as file:
        batch = pickle.load(file, encoding="latin1")
    assert torch.equal(
        (data.test.x * 255).round().to(torch.uint8).flatten(1), torch.from_numpy(batch["data"])
    )
    assert data.test.y.tolist() == batch["labels"]


def test_pokerdvs_is_tonics(tmp_path: Path) -> None:
    root = real("pokerdvs")
    fetch.verify(SPECS["pokerdvs"], "", root)
    data = load("pokerdvs", root)
    assert (len(data.train), len(data.validation), len(data.test)) == (43, 5, 20)
    theirs = tonic.POKERDVS(str(root), train=False)
    expected = sorted((np.stack([e[f] for f in "txyp"], 1).tolist(), int(k)) for e, k in theirs)
    events = data.test.x[:]  # type: ignore[index]
    assert sorted(zip((rows.tolist() for rows in events), data.test.y.tolist(), strict=True)) == expected


def test_a_subset_is_in_proportion_the_same_every_time_and_marked(tmp_path: Path) -> None:
    write_mnist(tmp_path, train=np.repeat(np.arange(10), [40, 20] + [10] * 8))
    whole, small = load("mnist", tmp_path), load("mnist", tmp_path, train=63)
    assert len(small.train) == 63
    assert abs(small.train.y.bincount() - whole.train.y.bincount() * 63 / len(whole.train)).max() <= 1
    assert torch.equal(small.test.x, whole.test.x) and torch.equal(small.validation.x, whole.validation.x)
    assert small.remarks == ("subset",) and whole.remarks == ()
    assert small.checksum == load("mnist", tmp_path, train=63).checksum != whole.checksum


@pytest.mark.parametrize("train", [5, 117, 127, 10_000])
def test_a_subset_that_cannot_be_cut_is_refused(tmp_path: Path, train: int) -> None:
    write_mnist(tmp_path, train=np.repeat(np.arange(10), 14))
    with pytest.raises(UsageError, match=f"train={train} of 126 training samples"):
        load("mnist", tmp_path, train=train)
    assert len(load("mnist", tmp_path, train=116).train) == 116


def idx(array: np.ndarray) -> bytes:
    """MNIST's format (http://yann.lecun.com/exdb/mnist): a magic number, the sizes, the bytes."""
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.astype(np.uint8).tobytes()


def write_mnist(root: Path, train: np.ndarray, side: int = 28) -> Path:
    raw = root / "MNIST/raw"
    raw.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for stem, labels in (("train", train), ("t10k", np.arange(10))):
        images = rng.integers(0, 256, (len(labels), side, side))
        (raw / f"{stem}-images-idx3-ubyte").write_bytes(idx(images))
        (raw / f"{stem}-labels-idx1-ubyte").write_bytes(idx(labels))
    return raw


LABELS = np.repeat(np.arange(10), 14)


def test_a_truncated_image_file_is_named(tmp_path: Path) -> None:
    file = write_mnist(tmp_path, LABELS) / "train-images-idx3-ubyte"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(DataError, match=f"{file} cannot be read"):
        load("mnist", tmp_path)


def test_images_of_the_wrong_shape_are_named(tmp_path: Path) -> None:
    write_mnist(tmp_path, LABELS, side=27)
    with pytest.raises(DataError, match=r"raw/train: its images are \[1, 27, 27\], expected \[1, 28, 28\]"):
        load("mnist", tmp_path)


def test_labels_without_images_are_counted(tmp_path: Path) -> None:
    raw = write_mnist(tmp_path, LABELS)
    (raw / "train-labels-idx1-ubyte").write_bytes(idx(LABELS[:-1]))
    with pytest.raises(DataError, match="140 images and 139 labels"):
        load("mnist", tmp_path)


def test_a_label_out_of_range_is_named_with_its_record(tmp_path: Path) -> None:
    wrong = LABELS.copy()
    wrong[17] = 10
    write_mnist(tmp_path, wrong)
    with pytest.raises(DataError, match=r"raw/train: record 17 has label 10, outside 0 … 9"):
        load("mnist", tmp_path)


def test_a_class_without_samples_is_named(tmp_path: Path) -> None:
    write_mnist(tmp_path, LABELS[LABELS != 3])
    with pytest.raises(DataError, match="'mnist': class 3 has no training sample"):
        load("mnist", tmp_path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte cannot be read: FileNotFoundError"):
        load("mnist", tmp_path)


def write_cifar(root: Path, kind: str, names: list[str], classes: int) -> None:
    folder = root / ("cifar-10-batches-py" if kind == "labels" else "cifar-100-python")
    folder.mkdir()
    for name in names:
        labels = np.tile(np.arange(classes), 10).tolist()
        data = np.random.default_rng(1).integers(0, 256, (len(labels), 3072), dtype=np.uint8)
        (folder / name).write_bytes(pickle.dumps({"data": data, kind: labels}))


def test_cifar_batches_and_a_truncated_one(tmp_path: Path) -> None:
    batches = [f"data_batch_{number}" for number in range(1, 6)]
    write_cifar(tmp_path, "labels", [*batches, "test_batch"], 10)
    assert len(load("cifar10", tmp_path).train) == 450
    file = tmp_path / "cifar-10-batches-py/data_batch_4"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(DataError, match=f"{file} cannot be read"):
        load("cifar10", tmp_path)


class Attack:
    """What a pickle calls when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("inside", ["whole", "labels"])
def test_a_crafted_batch_runs_nothing(tmp_path: Path, inside: str) -> None:
    batches = [f"data_batch_{number}" for number in range(1, 6)]
    write_cifar(tmp_path, "labels", [*batches, "test_batch"], 10)
    file, run = tmp_path / "cifar-10-batches-py/data_batch_1", tmp_path / "run"
    attack = Attack(run)
    file.write_bytes(
        pickle.dumps(attack if inside == "whole" else {"data": np.zeros(3072), "labels": attack})
    )
    content = files.content_checksum(SPECS["cifar10"], tmp_path)
    with pytest.raises(DataError, match=rf"{file} cannot be read: it asks for posix\.mkdir"):
        load("cifar10", tmp_path, content=content)
    assert not run.exists()
    pickle.loads(file.read_bytes())
    assert run.exists()


@pytest.mark.parametrize("protocol", range(5))
@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=np.uint8).reshape(2, 3),
        np.asfortranarray(np.arange(6, dtype=">i4").reshape(2, 3)),
        np.linspace(0, 1, 7, dtype=np.float32),
    ],
)
def test_arrays_are_read_as_pickle_reads_them(tmp_path: Path, protocol: int, array: np.ndarray) -> None:
    (tmp_path / "batch").write_bytes(pickle.dumps({"data": array, "labels": [1, 2]}, protocol))
    found = load_plain(tmp_path / "batch")
    expected = pickle.loads((tmp_path / "batch").read_bytes())
    np.testing.assert_array_equal(found["data"], expected["data"])
    assert found["labels"] == expected["labels"] and found["data"].dtype == array.dtype


def test_cifar_is_torchvisions() -> None:
    root = real("cifar10_subset")

    class Subset(torchvision.CIFAR10):
        def _check_integrity(self) -> bool:
            return True

        def _load_meta(self) -> None: ...

    theirs = Subset(root, train=False)
    data = load("cifar10", root, content=files.content_checksum(SPECS["cifar10"], root))
    ours = (data.test.x * 255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
    np.testing.assert_array_equal(ours, theirs.data)
    assert data.test.y.tolist() == theirs.targets


@pytest.mark.parametrize(("data", "labels"), [(1.0, 0), (1, 0.5)])
def test_images_and_labels_are_not_cast(tmp_path: Path, data: float, labels: float) -> None:
    write_cifar(tmp_path, "fine_labels", ["train", "test"], 100)
    batch = {"data": np.full((1000, 3072), data), "fine_labels": (np.arange(1000) % 100 + labels).tolist()}
    batch["data"] = batch["data"] if data == 1.0 else batch["data"].astype(np.uint8)
    (tmp_path / "cifar-100-python/test").write_bytes(pickle.dumps(batch))
    with pytest.raises(DataError, match=r"images are float64|a label is 0\.5, not a whole number"):
        load("cifar100", tmp_path)


def test_cifar100_has_its_fine_classes(tmp_path: Path) -> None:
    write_cifar(tmp_path, "fine_labels", ["train", "test"], 100)
    data = load("cifar100", tmp_path)
    assert (data.classes, data.shape, len(data.train)) == (100, (3, 32, 32), 900)


@pytest.mark.parametrize(("label", "said"), [(11.0, "label 11"), (3.5, "3.5, not a whole number")])
def test_a_label_of_svhn_out_of_range_is_no_other_class(tmp_path: Path, label: float, said: str) -> None:
    labels = np.tile(np.arange(1.0, 11.0), 10)
    labels[7] = label
    for part in ("train", "test"):
        x = np.zeros((32, 32, 3, 100), np.uint8)
        savemat(tmp_path / f"{part}_32x32.mat", {"X": x, "y": labels[:, None]})
    with pytest.raises(DataError, match=said):
        load("svhn", tmp_path)


def test_svhn_calls_the_digit_0_class_0(tmp_path: Path) -> None:
    labels = np.tile(np.arange(1, 11), 10)
    x = np.random.default_rng(1).integers(0, 256, (32, 32, 3, 100), dtype=np.uint8)
    for part in ("train", "test"):
        savemat(tmp_path / f"{part}_32x32.mat", {"X": x, "y": labels[:, None]})
    data = load("svhn", tmp_path)
    assert data.test.y.tolist() == (labels % 10).tolist()
    assert torch.equal(data.test.x[3], torch.from_numpy(x[..., 3].transpose(2, 0, 1)) / 255)


def write_shd(root: Path, times: list[np.ndarray], units: list[np.ndarray], labels: np.ndarray) -> None:
    """Both files of SHD, in its exact format: float16 seconds, uint16 channels, ragged."""
    (root / "SHD").mkdir(parents=True, exist_ok=True)
    for part in ("train", "test"):
        with h5py.File(root / f"SHD/shd_{part}.h5", "w") as file:
            for name, rows, dtype in (("times", times, np.float16), ("units", units, np.uint16)):
                ragged = file.create_dataset(f"spikes/{name}", (len(rows),), h5py.vlen_dtype(dtype))
                for index, row in enumerate(rows):
                    ragged[index] = row.astype(dtype)
            file["labels"] = labels.astype(np.uint16)
            file["extra/speaker"] = np.zeros(len(labels), np.uint16)
            file["extra/keys"] = np.array([b"zero"] * 20)


def spoken(records: int, seed: int = 0) -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray]:
    rng = np.random.default_rng(seed)
    counts = rng.integers(5, 30, records)
    times = [np.sort(rng.uniform(0, 1.2, count)) for count in counts]
    return times, [rng.integers(0, 700, count) for count in counts], np.arange(records) % 20


def test_shd_is_read_record_by_record(tmp_path: Path) -> None:
    times, units, labels = spoken(220)
    write_shd(tmp_path, times, units, labels)
    data = load("shd", tmp_path)
    assert isinstance(data.test.x, Recordings)
    assert (data.shape, len(data.train), len(data.validation)) == ((1, 1, 700), 198, 22)
    for record, rows in enumerate(data.test.x[:5]):
        expected = times[record].astype(np.float16).astype(np.float64) * 1e6
        assert rows[:, 0].tolist() == np.rint(expected).astype(int).tolist()
        assert rows[:, 1].tolist() == units[record].tolist()
        assert not rows[:, 2:].any()
    assert data.test.y.tolist() == labels.tolist()


def test_a_time_going_backwards_is_named_with_file_record_and_event(tmp_path: Path) -> None:
    times, units, labels = spoken(220)
    times[7][4] = times[7][3] - 0.01
    write_shd(tmp_path, times, units, labels)
    data = load("shd", tmp_path, content=files.content_checksum(SPECS["shd"], tmp_path))
    with pytest.raises(DataError, match=r"shd_test\.h5, record 7: the time goes backwards .* at event 4"):
        data.test.x[:]  # type: ignore[index]
    trusted = load("shd", tmp_path).test.x[7:8]  # type: ignore[index]
    assert bool((next(iter(trusted))[:, 0].diff() >= 0).all())


def test_a_channel_outside_the_cochlea_is_named(tmp_path: Path) -> None:
    times, units, labels = spoken(220)
    units[9][0] = 700
    write_shd(tmp_path, times, units, labels)
    with pytest.raises(DataError, match=r"shd_test\.h5, record 9: the x of events runs from .* to 700"):
        load("shd", tmp_path).test.x[:]  # type: ignore[index]


def test_a_label_of_shd_out_of_range_is_named(tmp_path: Path) -> None:
    times, units, labels = spoken(220)
    labels[11] = 20
    write_shd(tmp_path, times, units, labels)
    with pytest.raises(DataError, match=r"shd_train\.h5, record 11 has label 20, outside 0 … 19"):
        load("shd", tmp_path)


def test_a_truncated_shd_file_is_named(tmp_path: Path) -> None:
    write_shd(tmp_path, *spoken(220))
    file = tmp_path / "SHD/shd_test.h5"
    file.write_bytes(file.read_bytes()[:-5000])
    with pytest.raises(DataError, match=r"SHD/shd_test\.h5 cannot be read"):
        load("shd", tmp_path)


def test_another_version_of_a_reader_has_another_checksum(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_shd(tmp_path, *spoken(220))
    before = load("shd", tmp_path).checksum
    changed = tuple(replace(spec, version="9") if spec.name == "shd" else spec for spec in published.SPECS)
    monkeypatch.setattr(published, "SPECS", changed)
    assert load("shd", tmp_path).checksum != before


def test_spikes_are_tonics_but_for_rounding() -> None:
    root = real("shd_format_proxy_fsdd")
    theirs = tonic.SHD(str(root), train=False)
    source = recorded.shd._maker(root, "")(train=False).x.source  # type: ignore[union-attr]
    for record in range(0, len(theirs), 7):
        events, _ = theirs[record]
        rows = source.read(record)
        assert rows[:, 1].tolist() == events["x"].tolist()
        assert set(rows[:, 0] - events["t"]) <= {0, 1}  # tonic cuts fractions of a µs off


@pytest.mark.parametrize("where", ["labels", "spikes/units", "spikes/times"])
def test_a_file_of_other_numbers_of_labels_and_recordings_is_refused(tmp_path: Path, where: str) -> None:
    write_shd(tmp_path, *spoken(220))
    with h5py.File(tmp_path / "SHD/shd_train.h5", "a") as file:
        kept = file[where][:180]
        dtype = file[where].dtype
        del file[where]
        file.create_dataset(where, data=kept, dtype=dtype)
    with pytest.raises(DataError, match=rf"shd_train\.h5 holds .*180 {where}"):
        load("shd", tmp_path)


def test_a_label_of_shd_that_is_no_whole_number_is_refused(tmp_path: Path) -> None:
    write_shd(tmp_path, *spoken(220))
    with h5py.File(tmp_path / "SHD/shd_train.h5", "a") as file:
        labels = file["labels"][:] + 0.5
        del file["labels"]
        file["labels"] = labels
    with pytest.raises(DataError, match=r"a label is 0\.5, not a whole number"):
        load("shd", tmp_path)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_one_unit_is_not_that_of_all_times(tmp_path: Path, count: int) -> None:
    times, units, labels = spoken(220)
    units[9] = units[9][:count]
    write_shd(tmp_path, times, units, labels)
    with pytest.raises(
        DataError, match=rf"shd_test\.h5, record 9 has {len(times[9])} times and {count} units"
    ):
        load("shd", tmp_path).test.x[:]  # type: ignore[index]


def arrays(root: Path, name: str, polarities: tuple[float, ...], times: np.ndarray) -> np.ndarray:
    """The one recording of POKER-DVS (t, x, y, p) or DVS Gesture (x, y, p, t in ms), read."""
    x, p = np.full(len(times), 3), np.resize(polarities, len(times))
    folder = "POKERDVS/pips_test/cl" if name == "pokerdvs" else "DVSGesture/ibmGestureTest/user01_led"
    (root / folder).mkdir(parents=True, exist_ok=True)
    np.save(
        root / folder / "1.npy", np.stack([times, x, x, p] if name == "pokerdvs" else [x, x, p, times], 1)
    )
    split = getattr(recorded, name)._maker(root, "")(train=False)
    rows: np.ndarray = split.x[:].rows.numpy()
    return rows


@pytest.mark.parametrize("name", ["pokerdvs", "dvs_gesture"])
@pytest.mark.parametrize("kind", [np.int64, np.float64])
def test_polarities_are_those_of_the_file(tmp_path: Path, name: str, kind: type) -> None:
    times = np.arange(6).astype(kind)
    assert arrays(tmp_path, name, (0, 1), times)[:, 3].tolist() == [0, 1, 0, 1, 0, 1]
    for wrong in ((-1, 1), (1, 2), (0, 255)):
        said = f"the polarity of events runs from {wrong[0]} to {wrong[1]}, outside 0 … 1"
        with pytest.raises(DataError, match=said) as caught:
            arrays(tmp_path, name, wrong, times)
        assert "write 0 for −1" in caught.value.hint and str(tmp_path) in caught.value.message


def test_milliseconds_are_rounded_to_microseconds(tmp_path: Path) -> None:
    rows = arrays(tmp_path, "dvs_gesture", (0, 1), np.arange(5000) / 1000)
    assert rows[:, 0].tolist() == list(range(5000))


@pytest.mark.parametrize("name", ["pokerdvs", "dvs_gesture"])
@pytest.mark.parametrize("value", [0.5, np.nan])
def test_a_polarity_that_is_no_whole_number_is_not_cast(tmp_path: Path, name: str, value: float) -> None:
    with pytest.raises(DataError, match="the polarity of an event is"):
        arrays(tmp_path, name, (0, value), np.arange(6.0))


def test_recordings_behind_links_are_not_lost_without_a_word(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
    write_nmnist(root)
    whole = files.content_checksum(SPECS["nmnist"], root)
    (root / "NMNIST/Train/7").rename(elsewhere)
    (root / "NMNIST/Train/7").symlink_to(elsewhere)
    assert files.content_checksum(SPECS["nmnist"], root) == whole
    said = r"NMNIST/Train: 108 recordings are found, 120 are there; .*Train/7 is a link"
    with pytest.raises(DataError, match=said):
        load("nmnist", root)


@pytest.mark.parametrize("linked", ["data", "data/NMNIST", "data/NMNIST/Train"])
def test_a_link_to_the_whole_of_it_is_followed(tmp_path: Path, linked: str) -> None:
    write_nmnist(tmp_path / "data")
    expected = load("nmnist", tmp_path / "data").checksum
    (tmp_path / linked).rename(tmp_path / "elsewhere")
    (tmp_path / linked).symlink_to(tmp_path / "elsewhere")
    assert load("nmnist", tmp_path / "data").checksum == expected


def test_the_checksum_sees_what_is_behind_a_link_at_any_depth(tmp_path: Path) -> None:
    folder = tmp_path / "CIFAR10DVS"
    (folder / "cat").mkdir(parents=True)
    (folder / "cat/1.aedat4").write_bytes(b"one")
    before = files.content_checksum(SPECS["cifar10_dvs"], tmp_path)
    (tmp_path / "dog").mkdir()
    (tmp_path / "dog/1.aedat4").write_bytes(b"two")
    (folder / "dog").symlink_to(tmp_path / "dog")
    assert files.content_checksum(SPECS["cifar10_dvs"], tmp_path) != before


def test_a_class_is_not_the_last_digit_of_a_folder(tmp_path: Path) -> None:
    write_nmnist(tmp_path)
    shutil.copytree(tmp_path / "NMNIST/Train/3", tmp_path / "NMNIST/Train/13")
    with pytest.raises(DataError, match="132 recordings are found, 120 are there"):
        load("nmnist", tmp_path)


def test_annotation_in_the_path_of_the_data_hides_nothing(tmp_path: Path) -> None:
    root = tmp_path / "gesture-annotations"
    write_nmnist(root)
    assert len(load("nmnist", root).test) == 120


def test_annotations_of_ncaltech101_are_no_recordings(tmp_path: Path) -> None:
    folder = tmp_path / "annotation/NCALTECH101/Caltech101"
    for number in range(101):
        (folder / f"class{number:03}").mkdir(parents=True)
        for record in range(14):
            (folder / f"class{number:03}/image_{record:04}.bin").write_bytes(bytes([1, 2, 128, 0, 5] * 3))
        (folder / f"class{number:03}/annotation_0001.bin").write_bytes(b"other")
    data = load("ncaltech101", tmp_path / "annotation")
    assert len(data.train) + len(data.validation) + len(data.test) == 101 * 14


def test_cifar10_dvs_names_the_reader_that_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorded, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="is read by the package aedat, which is not installed") as caught:
        load("cifar10_dvs", tmp_path)
    assert caught.value.hint == "pip install 'snnbench[aedat]'"


def test_an_aedat_file_is_read_from_its_start_on(tmp_path: Path) -> None:
    aedat = pytest.importorskip("aedat", reason="reads aedat4 files")
    sample = real("tonic_io_samples") / "sample.aedat4"
    (tmp_path / "CIFAR10DVS/cat").mkdir(parents=True)
    shutil.copy(sample, tmp_path / "CIFAR10DVS/cat/0.aedat4")
    events = np.concatenate([packet["events"] for packet in aedat.Decoder(str(sample)) if "events" in packet])
    split = replace(recorded.cifar10_dvs, sensor=(320, 240, 2))._maker(tmp_path, "")()
    rows = split.x[:].rows  # type: ignore[index, union-attr]
    assert len(rows) == len(events) > 0
    assert rows[:, 0].tolist() == (events["t"] - events["t"].min()).tolist()
    assert rows[:, 3].tolist() == events["on"].tolist()


def test_an_array_that_is_cut_off_is_named(tmp_path: Path) -> None:
    for part in ("train", "test"):
        for suit in ("cl", "di", "he", "sp"):
            folder = tmp_path / f"POKERDVS/pips_{part}/{suit}"
            folder.mkdir(parents=True)
            for number in range(5):
                np.save(folder / f"{number}.npy", np.zeros((3, 4), np.int64))
    file = tmp_path / "POKERDVS/pips_train/he/3.npy"
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(DataError, match=rf"{file} cannot be read"):
        load("pokerdvs", tmp_path)


def write_nmnist(root: Path, recordings: int = 12) -> None:
    """Events of five bytes: x, y, polarity and 23 bits of time (Orchard et al. 2015)."""
    rng = np.random.default_rng(0)
    for part in ("Train", "Test"):
        for digit in range(10):
            folder = root / f"NMNIST/{part}/{digit}"
            folder.mkdir(parents=True)
            for number in range(recordings):
                time = np.sort(rng.integers(0, 300_000, 50))
                x, y, p = rng.integers(0, 34, 50), rng.integers(0, 34, 50), rng.integers(0, 2, 50)
                rows = np.stack([x, y, p << 7 | time >> 16, time >> 8 & 255, time & 255], axis=1)
                (folder / f"{number:05}.bin").write_bytes(rows.astype(np.uint8).tobytes())


def test_a_truncated_recording_is_named(tmp_path: Path) -> None:
    write_nmnist(tmp_path)
    file = tmp_path / "NMNIST/Test/4/00003.bin"
    file.write_bytes(file.read_bytes()[:-2])
    data = load("nmnist", tmp_path)
    assert len(data.test) == 120
    with pytest.raises(DataError, match=f"{file} cannot be read"):
        data.test.x[:]  # type: ignore[index]


def test_a_recording_without_events_is_named(tmp_path: Path) -> None:
    write_nmnist(tmp_path)
    file = tmp_path / "NMNIST/Test/4/00003.bin"
    file.write_bytes(b"")
    with pytest.raises(DataError, match=f"{file} holds no event"):
        load("nmnist", tmp_path).test.x[:]  # type: ignore[index]


def test_the_order_of_records_is_not_the_file_systems(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    write_nmnist(one)
    for path in sorted((one / "NMNIST").rglob("*.bin"), reverse=True):
        target = other / path.relative_to(one)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    events = [[rows.tolist() for rows in load("nmnist", root).train.x[:]] for root in (one, other)]  # type: ignore[index]
    assert events[0] == events[1]


def test_real_nmnist_is_read_in_order_of_its_files() -> None:
    root = real("nmnist_small")
    content = files.content_checksum(SPECS["nmnist"], root)
    data = load("nmnist", root, content=content)
    assert (len(data.train), len(data.validation), len(data.test)) == (900, 100, 100)
    assert data.test.y.tolist() == sorted(data.test.y.tolist())
    assert len(data.test.x[:].rows) == 385_596  # type: ignore[index, union-attr]


def test_real_gestures_have_the_class_of_their_file() -> None:
    root = real("dvsgesture_10clips")
    files = list((root / "DVSGesture").rglob("*.npy"))
    source = load_gestures(root)
    assert sorted(source.y.tolist()) == sorted(int(file.stem) for file in files)


def load_gestures(root: Path) -> object:
    from snnbench.components.datasets.recorded import dvs_gesture

    return dvs_gesture._maker(root, "")(train=True)


def test_gz_files_of_mnist_are_unpacked_for_torchvision(tmp_path: Path) -> None:
    raw = write_mnist(tmp_path, LABELS)
    for file in list(raw.iterdir()):
        file.with_name(f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))
        fetch._unpack(file.with_name(f"{file.name}.gz"), raw)
    assert len(load("mnist", tmp_path).test) == 10
