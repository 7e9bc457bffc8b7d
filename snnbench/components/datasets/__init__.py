"""Datasets. This list is all that finding them needs; it imports no torch."""

from __future__ import annotations

from typing import Final

from snnbench.components.datasets import published
from snnbench.plugin.params import Param
from snnbench.plugin.specs import DatasetSpec

GENERATED: Final = (
    DatasetSpec(
        name="digits",
        version="1",
        summary="1,797 handwritten digits of 8×8 pixels, 10 classes, inside scikit-learn",
        factory="snnbench.components.datasets.digits:digits",
        reference="Alpaydin & Kaynak 1998, UCI Optical Recognition of Handwritten Digits (test part)",
        data="image",
        checksum="ff7c346ad71efa05",
        samples=1293,
    ),
    DatasetSpec(
        name="yin_yang",
        version="1",
        summary="points on the Yin-Yang symbol, 4 features, 3 classes, generated",
        factory="snnbench.components.datasets.yin_yang:yin_yang",
        params={
            "train": Param(5000, low=3, unit="samples", doc="size of the training split"),
            "r_small": Param(0.1, low=1e-3, high=0.25, doc="radius of the two dots"),
        },
        reference="Kriener, Göltz & Petrovici 2022, NICE, arXiv:2102.08211",
        data="image",
        checksum="e64648903cce8851",
        samples=5000,
    ),
    DatasetSpec(
        name="synthetic_events",
        version="1",
        summary="a bar moving in one of 4 directions before 16×16 event pixels, generated",
        factory="snnbench.components.datasets.synthetic_events:synthetic_events",
        params={
            "train": Param(1000, low=4, unit="samples", doc="size of the training split"),
            "noise": Param(0.05, low=0.0, high=1.0, doc="probability of an event of a pixel's own"),
            "seed": Param(0, low=0, doc="of all draws"),
        },
        data="events",
        checksum="7e215eeb106ccfe0",
        samples=1000,
    ),
    DatasetSpec(
        name="random_spikes",
        version="1",
        summary="independent random spikes of any shape and number of steps, to measure speed on, generated",
        factory="snnbench.components.datasets.random_spikes:random_spikes",
        params={
            "shape": Param((700,), low=1, doc="of one step"),
            "steps": Param(100, low=1, unit="step", doc="length T of a sequence"),
            "rate": Param(0.03, low=0.0, high=1.0, unit="1/step", doc="probability of a spike"),
            "amplitude": Param(1.0, doc="value of a spike"),
            "classes": Param(20, low=1, doc="number of classes, which mean nothing"),
            "train": Param(128, low=1, unit="samples", doc="size of the training split"),
            "seed": Param(0, low=0, doc="of all draws"),
        },
        data="sequence",
        checksum="3b29170acaf21c6e",
        samples=128,
    ),
    DatasetSpec(
        name="randman",
        version="1",
        summary="smooth random manifolds as spike times, 20 units, 10 classes, generated",
        factory="snnbench.components.datasets.randman:randman",
        params={
            "train": Param(8000, low=20, unit="samples", doc="size of the training split"),
            "classes": Param(10, low=2, high=500, unit="classes", doc="number of manifolds"),
            "units": Param(20, low=1, unit="units", doc="units that spike once each"),
            "dimension": Param(1, low=1, high=16, doc="of the manifolds"),
            "alpha": Param(2.0, low=0.5, doc="smoothness: the larger, the less a manifold folds"),
            "steps": Param(100, low=2, unit="step", doc="length of a spike train"),
            "seed": Param(0, low=0, doc="of all draws"),
        },
        reference="Zenke & Vogels 2021, Neural Computation 33(4)",
        equation="f(x) = Π_j Σ_i A_ij·sin(2π(i·B_ij·x_j + C_ij))/(i + 1)^α",
        data="sequence",
        checksum="64043ed94ad027e3",
        samples=8000,
    ),
)

SPECS: Final = (*GENERATED, *published.SPECS)
