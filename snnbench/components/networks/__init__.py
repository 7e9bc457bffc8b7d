"""Networks, one a file. This list is all that finding them needs; it imports no torch."""

from __future__ import annotations

from typing import Final

from snnbench.plugin.specs import NetworkSpec, Param

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
)
