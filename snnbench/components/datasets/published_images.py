"""Published datasets of images, and the files they are read from. Imports neither torch nor a reader.

Checksums and addresses are those that torchvision holds.
"""

from __future__ import annotations

from typing import Final

from snnbench.components.datasets.published_file import PARAMS, archive
from snnbench.plugin.specs import DataFile, DatasetSpec

IMAGES: Final = "snnbench.components.datasets.images"

_PARTS = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")


def _mnist(
    folder: str, mirrors: tuple[str, ...], checksums: tuple[str, str, str, str]
) -> tuple[DataFile, ...]:
    """Return the four files of a set in MNIST's format."""
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


IMAGE_SETS: Final = (
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
            archive(
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
            archive(
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
