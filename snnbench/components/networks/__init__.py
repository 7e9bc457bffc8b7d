"""Networks, one a file. This list is all that finding them needs; it imports no torch."""

from __future__ import annotations

from typing import Final

from snnbench.plugin.params import Param
from snnbench.plugin.specs import NetworkSpec


def _dropout(default: float) -> Param:
    return Param(default, low=0.0, high=0.99, doc="probability of an input of the classifier to be dropped")


_CONVOLUTION: Final = {
    "kernel": Param(3, low=1, unit="pixels", doc="side of the kernels of all convolutions"),
    "stride": Param(1, low=1, unit="pixels", doc="stride of all convolutions"),
    "padding": Param(1, low=0, unit="pixels", doc="zeros at each border of a convolution's input"),
}

_NORM: Final = Param(
    "all_steps",
    choices=("all_steps", "per_step"),
    doc="BatchNorm's statistics in training: over all T steps at once, or within each step",
)

SPECS: Final = (
    NetworkSpec(
        name="dense",
        version="1",
        summary="fully connected layers, each followed by neurons, and a linear readout",
        factory="snnbench.components.networks.dense:dense",
        params={
            "hidden": Param((128,), low=1, unit="neurons", doc="width of each hidden layer"),
            "readout": Param(
                "spike_sum",
                choices=("spike_sum", "spike_mean", "membrane_mean", "membrane_max", "membrane_last"),
                doc="how outputs over time become logits",
            ),
            "beta_out": Param(0.95, low=0.0, high=1.0, unit="1/step", doc="decay of a membrane readout"),
        },
        reference="Zenke & Vogels 2021, Neural Computation 33(4)",
        equation="x → [Linear → neuron]* → readout over time → logits",
    ),
    NetworkSpec(
        name="conv",
        version="1",
        summary="convolutions, each followed by neurons and pooling, and a linear classifier",
        factory="snnbench.components.networks.conv:conv",
        params={
            "channels": Param((64, 128, 256), low=1, unit="channels", doc="width of each stage"),
            **_CONVOLUTION,
            "dropout": _dropout(0.2),
            "norm": _NORM,
        },
        reference="Eshraghian et al. 2023, Proc. IEEE 111(9)",
        equation="x → [conv → BatchNorm → neuron → AvgPool 2]* → Σ over time → dropout → Linear → logits",
    ),
    NetworkSpec(
        name="vgg",
        version="1",
        summary="blocks of convolutions, pooled after each block, and a hidden layer of neurons",
        factory="snnbench.components.networks.vgg:vgg",
        params={
            "blocks": Param(
                ((64, 64), (128, 128), (256, 256)),
                low=1,
                unit="channels",
                doc="widths of the convolutions of each block",
            ),
            **_CONVOLUTION,
            "hidden": Param(512, low=1, unit="neurons", doc="width of the fully connected layer"),
            "dropout": _dropout(0.3),
            "norm": _NORM,
        },
        reference="Simonyan & Zisserman 2015, ICLR; Sengupta et al. 2019, Frontiers in Neuroscience 13:95",
        equation="x → [[conv → BatchNorm → neuron]* → AvgPool 2]* → Linear → neuron "
        "→ Σ over time → dropout → Linear → logits",
    ),
)
