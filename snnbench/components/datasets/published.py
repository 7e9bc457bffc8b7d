"""Published datasets: what they are, and the files they are read from. Imports neither torch nor a reader.

Checksums and addresses are those that torchvision and tonic hold; POKER-DVS is in tonic's repository, and
Speech Commands' are those that torchaudio 2.11 holds.
"""

from __future__ import annotations

from typing import Final

from snnbench.plugin.params import Param
from snnbench.plugin.specs import DataFile, DatasetSpec

TRAIN: Final = Param(0, low=0, unit="samples", doc="training samples, the classes in proportion; 0 for all")
CONTENT: Final = Param("", doc="checksum of files to read in place of the published ones; see docs/data.md")
PARAMS: Final = {"train": TRAIN, "content": CONTENT}

IMAGES: Final = "snnbench.components.datasets.images"
RECORDED: Final = "snnbench.components.datasets.recorded"

_PARTS = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
_ZENKE = "https://zenkelab.org/datasets/"
_MENDELEY = "https://data.mendeley.com/public-files/datasets/"
_FIGSHARE = "https://figshare.com/ndownloader/files/"
_TONIC = "https://raw.githubusercontent.com/neuromorphs/tonic/d6f0a56421008c8e5700ca52abda193f9ff29836/tonic/datasets/"


def _mnist(
    folder: str, mirrors: tuple[str, ...], checksums: tuple[str, str, str, str]
) -> tuple[DataFile, ...]:
    """The four files of a set in MNIST's format."""
    raw = f"{folder}/raw"
    return tuple(
        DataFile(
            f"{raw}/{part}-ubyte.gz",
            f"md5:{md5}",
            tuple(f"{url}{part}-ubyte.gz" for url in mirrors),
            unpack=raw,
        )
        for part, md5 in zip(_PARTS, checksums, strict=True)
    )


def _archive(path: str, md5: str, url: str, folder: str) -> DataFile:
    return DataFile(path, f"md5:{md5}", (url,), unpack=folder)


_IMAGE_SETS: Final = (
    DatasetSpec(
        name="mnist",
        version="1",
        summary="70,000 handwritten digits of 28×28 pixels, 10 classes",
        factory=f"{IMAGES}:mnist",
        params=PARAMS,
        reference="LeCun et al. 1998, Proc. IEEE 86(11)",
        checksum="fd000ccfbaf6d4dc",
        samples=54_000,
        files=_mnist(
            "MNIST",
            ("https://ossci-datasets.s3.amazonaws.com/mnist/", "http://yann.lecun.com/exdb/mnist/"),
            (
                "f68b3c2dcbeaaa9fbdd348bbdeb94873",
                "d53e105ee54ea40749a09fcbcd1e9432",
                "9fb629c4189551a2d022fa330f9573f3",
                "ec29112dd5afa0611ce80d1b7f02629c",
            ),
        ),
        contents=("MNIST/raw/*-ubyte",),
    ),
    DatasetSpec(
        name="fashion_mnist",
        version="1",
        summary="70,000 articles of clothing of 28×28 pixels, 10 classes",
        factory=f"{IMAGES}:fashion_mnist",
        params=PARAMS,
        reference="Xiao, Rasul & Vollgraf 2017, arXiv:1708.07747",
        samples=54_000,
        files=_mnist(
            "FashionMNIST",
            ("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",),
            (
                "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
                "25c81989df183df01b3e8a0aad5dffbe",
                "bef4ecab320f06d8554ea6380940ec79",
                "bb300cfdad3c16e7a12a480ee83cd310",
            ),
        ),
        contents=("FashionMNIST/raw/*-ubyte",),
    ),
    DatasetSpec(
        name="kmnist",
        version="1",
        summary="70,000 cursive Japanese characters of 28×28 pixels, 10 classes",
        factory=f"{IMAGES}:kmnist",
        params=PARAMS,
        reference="Clanuwat et al. 2018, arXiv:1812.01718",
        samples=54_000,
        files=_mnist(
            "KMNIST",
            ("http://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
            (
                "bdb82020997e1d708af4cf47b453dcf7",
                "e144d726b3acfaa3e44228e80efcd344",
                "5c965bf0a639b31b8f53240b1b52f4d7",
                "7320c461ea6c1c855c0b718fb2a4b134",
            ),
        ),
        contents=("KMNIST/raw/*-ubyte",),
    ),
    DatasetSpec(
        name="cifar10",
        version="1",
        summary="60,000 colour photographs of 32×32 pixels, 10 classes",
        factory=f"{IMAGES}:cifar10",
        params=PARAMS,
        reference="Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images",
        samples=45_000,
        files=(
            _archive(
                "cifar-10-python.tar.gz",
                "c58f30108f718f92721af3b95e74349a",
                "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
                "",
            ),
        ),
        contents=("cifar-10-batches-py/*_batch*",),
    ),
    DatasetSpec(
        name="cifar100",
        version="1",
        summary="60,000 colour photographs of 32×32 pixels, 100 classes",
        factory=f"{IMAGES}:cifar100",
        params=PARAMS,
        reference="Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images",
        samples=45_000,
        files=(
            _archive(
                "cifar-100-python.tar.gz",
                "eb9058c3a382ffc7106e4002c42a8d85",
                "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz",
                "",
            ),
        ),
        contents=("cifar-100-python/train", "cifar-100-python/test"),
    ),
    DatasetSpec(
        name="svhn",
        version="1",
        summary="99,289 house numbers from street photographs of 32×32 pixels, 10 classes",
        factory=f"{IMAGES}:svhn",
        params=PARAMS,
        reference="Netzer et al. 2011, NIPS Workshop on Deep Learning",
        samples=65_931,
        files=tuple(
            DataFile(
                f"{part}_32x32.mat",
                f"md5:{md5}",
                (f"http://ufldl.stanford.edu/housenumbers/{part}_32x32.mat",),
            )
            for part, md5 in (
                ("train", "e26dedcc434d2e4c54c9b2d4a06d8373"),
                ("test", "eb5a983be6a315427106f1b164d9cef3"),
            )
        ),
        contents=("train_32x32.mat", "test_32x32.mat"),
    ),
)

_EVENT_SETS: Final = (
    DatasetSpec(
        name="shd",
        version="2",
        summary="Spiking Heidelberg Digits: spoken digits as spikes of 700 cochlear channels, 20 classes",
        factory=f"{RECORDED}:shd",
        params=PARAMS,
        reference="Cramer et al. 2020, IEEE TNNLS 33(7)",
        data="events",
        samples=7_340,
        files=(
            _archive(
                "SHD/shd_train.h5.zip", "f3252aeb598ac776c1b526422d90eecb", f"{_ZENKE}shd_train.h5.zip", "SHD"
            ),
            _archive(
                "SHD/shd_test.h5.zip", "1503a5064faa34311c398fb0a1ed0a6f", f"{_ZENKE}shd_test.h5.zip", "SHD"
            ),
        ),
        contents=("SHD/shd_*.h5",),
    ),
    DatasetSpec(
        name="ssc",
        version="2",
        summary="Spiking Speech Commands: spoken words as spikes of 700 cochlear channels, 35 classes",
        factory=f"{RECORDED}:ssc",
        params=PARAMS,
        reference="Cramer et al. 2020, IEEE TNNLS 33(7)",
        data="events",
        samples=75_466,
        files=tuple(
            _archive(f"SSC/ssc_{part}.h5.zip", md5, f"{_ZENKE}ssc_{part}.h5.zip", "SSC")
            for part, md5 in (
                ("train", "d102be95e7144fcc0553d1f45ba94170"),
                ("valid", "b4eee3516a4a90dd0c71a6ac23a8ae43"),
                ("test", "a35ff1e9cffdd02a20eb850c17c37748"),
            )
        ),
        contents=("SSC/ssc_*.h5",),
    ),
    DatasetSpec(
        name="nmnist",
        version="1",
        summary="N-MNIST: MNIST before a moving event camera of 34×34 pixels, 10 classes",
        factory=f"{RECORDED}:nmnist",
        params=PARAMS,
        reference="Orchard et al. 2015, Frontiers in Neuroscience 9:437",
        data="events",
        samples=54_000,
        files=(
            _archive(
                "NMNIST/train.zip",
                "20959b8e626244a1b502305a9e6e2031",
                f"{_MENDELEY}468j46mzdv/files/39c25547-014b-4137-a934-9d29fa53c7a0/file_downloaded",
                "NMNIST",
            ),
            _archive(
                "NMNIST/test.zip",
                "69ca8762b2fe404d9b9bad1103e97832",
                f"{_MENDELEY}468j46mzdv/files/05a4d654-7e03-4c15-bdfa-9bb2bcbea494/file_downloaded",
                "NMNIST",
            ),
        ),
        contents=("NMNIST/Train/[0-9]/*.bin", "NMNIST/Test/[0-9]/*.bin"),
    ),
    DatasetSpec(
        name="dvs_gesture",
        version="2",
        summary="DVS128 Gesture: hand and arm gestures before an event camera of 128×128 pixels, 11 classes",
        factory=f"{RECORDED}:dvs_gesture",
        params=PARAMS,
        reference="Amir et al. 2017, CVPR",
        data="events",
        samples=969,
        files=(
            _archive(
                "DVSGesture/ibmGestureTrain.tar.gz",
                "3a8f0d4120a166bac7591f77409cb105",
                f"{_FIGSHARE}38022171",
                "DVSGesture",
            ),
            _archive(
                "DVSGesture/ibmGestureTest.tar.gz",
                "56070e45dadaa85fff82e0fbfbc06de5",
                f"{_FIGSHARE}38020584",
                "DVSGesture",
            ),
        ),
        contents=("DVSGesture/ibmGesture*/*/*.npy",),
    ),
    DatasetSpec(
        name="cifar10_dvs",
        version="1",
        summary="CIFAR10-DVS: moving CIFAR-10 images before an event camera, 128×128 pixels, 10 classes",
        factory=f"{RECORDED}:cifar10_dvs",
        params=PARAMS,
        reference="Li et al. 2017, Frontiers in Neuroscience 11:309",
        data="events",
        samples=7_200,
        files=(
            _archive(
                "CIFAR10DVS/CIFAR10DVS.zip",
                "ce3a4a0682dc0943703bd8f749a7701c",
                f"{_FIGSHARE}38023437",
                "CIFAR10DVS",
            ),
        ),
        contents=("CIFAR10DVS/**/*.aedat4",),
    ),
    DatasetSpec(
        name="pokerdvs",
        version="1",
        summary="POKER-DVS: 68 pips of cards before an event camera, 35×35 pixels, 4 classes, 20 to test",
        factory=f"{RECORDED}:pokerdvs",
        params=PARAMS,
        reference="Serrano-Gotarredona & Linares-Barranco 2015, Frontiers in Neuroscience 9:481",
        data="events",
        samples=43,
        files=(
            _archive(
                "POKERDVS/pips_train.tar.gz",
                "412bcfb96826e4fcb290558e8c150aae",
                f"{_TONIC}pips_train.tar.gz",
                "POKERDVS",
            ),
            _archive(
                "POKERDVS/pips_test.tar.gz",
                "eef2bf7d0d3defae89a6fa98b07c17af",
                f"{_TONIC}pips_test.tar.gz",
                "POKERDVS",
            ),
        ),
        contents=("POKERDVS/pips_*/[a-z][a-z]/*.npy",),
    ),
    DatasetSpec(
        name="ncaltech101",
        version="1",
        summary="N-Caltech101: Caltech-101 before a moving event camera, up to 240×180 pixels, 101 classes",
        factory=f"{RECORDED}:ncaltech101",
        params=PARAMS,
        reference="Orchard et al. 2015, Frontiers in Neuroscience 9:437",
        data="events",
        samples=6_270,
        files=(
            _archive(
                "NCALTECH101/N-Caltech101-archive.zip",
                "66201824eabb0239c7ab992480b50ba3",
                f"{_MENDELEY}cy6cvx3ryv/files/36b5c52a-b49d-4853-addb-a836a8883e49/file_downloaded",
                "NCALTECH101",
            ),
        ),
        contents=("NCALTECH101/**/*.bin",),
    ),
)

_SPEECH: Final = DatasetSpec(
    name="speech_commands",
    version="1",
    summary="Speech Commands 0.02: 105,829 spoken words as log-mel spectra of 98×40, 35 classes",
    factory="snnbench.components.datasets.speech_commands:speech_commands",
    params=PARAMS,
    reference="Warden 2018, arXiv:1804.03209",
    data="sequence",
    samples=84_843,
    files=(
        DataFile(
            "speech_commands_v0.02.tar.gz",
            "sha256:af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58",
            ("http://download.tensorflow.org/data/speech_commands_v0.02.tar.gz",),
            unpack="SpeechCommands/speech_commands_v0.02",
        ),
    ),
    contents=(
        "SpeechCommands/speech_commands_v0.02/[!_]*/*.wav",
        "SpeechCommands/speech_commands_v0.02/*_list.txt",
    ),
)

SPECS: Final = (*_IMAGE_SETS, *_EVENT_SETS, _SPEECH)
