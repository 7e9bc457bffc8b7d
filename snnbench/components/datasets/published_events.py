"""Published recordings of event cameras and cochleas, and their files. Imports neither torch nor a reader.

Checksums and addresses are those that tonic holds; POKER-DVS is in tonic's repository.
"""

from __future__ import annotations

from typing import Final

from snnbench.components.datasets.published_file import PARAMS, archive
from snnbench.plugin.specs import DatasetSpec

RECORDED: Final = "snnbench.components.datasets.recorded"

_ZENKE = "https://zenkelab.org/datasets/"
_MENDELEY = "https://data.mendeley.com/public-files/datasets/"
_FIGSHARE = "https://figshare.com/ndownloader/files/"
_TONIC = "https://raw.githubusercontent.com/neuromorphs/tonic/d6f0a56421008c8e5700ca52abda193f9ff29836/tonic/datasets/"

EVENT_SETS: Final = (
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
            archive(
                "SHD/shd_train.h5.zip", "f3252aeb598ac776c1b526422d90eecb", f"{_ZENKE}shd_train.h5.zip", "SHD"
            ),
            archive(
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
            archive(f"SSC/ssc_{part}.h5.zip", md5, f"{_ZENKE}ssc_{part}.h5.zip", "SSC")
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
            archive(
                "NMNIST/train.zip",
                "20959b8e626244a1b502305a9e6e2031",
                f"{_MENDELEY}468j46mzdv/files/39c25547-014b-4137-a934-9d29fa53c7a0/file_downloaded",
                "NMNIST",
            ),
            archive(
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
            archive(
                "DVSGesture/ibmGestureTrain.tar.gz",
                "3a8f0d4120a166bac7591f77409cb105",
                f"{_FIGSHARE}38022171",
                "DVSGesture",
            ),
            archive(
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
            archive(
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
            archive(
                "POKERDVS/pips_train.tar.gz",
                "412bcfb96826e4fcb290558e8c150aae",
                f"{_TONIC}pips_train.tar.gz",
                "POKERDVS",
            ),
            archive(
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
            archive(
                "NCALTECH101/N-Caltech101-archive.zip",
                "66201824eabb0239c7ab992480b50ba3",
                f"{_MENDELEY}cy6cvx3ryv/files/36b5c52a-b49d-4853-addb-a836a8883e49/file_downloaded",
                "NCALTECH101",
            ),
        ),
        contents=("NCALTECH101/**/*.bin",),
    ),
)
