"""Specs of the populations that do not spike: controls. Imports no torch."""

from __future__ import annotations

from typing import Final

from snnbench.components.neurons.spec_params import decay
from snnbench.plugin.specs import NeuronSpec

CONTROL_SPECS: Final = (
    NeuronSpec(
        name="li",
        version="1",
        summary="leaky integrator: the control that is linear",
        factory="snnbench.components.neurons.li:leaky_integrator",
        params={"beta": decay(0.95, "membrane decay")},
        reference="Gerstner et al. 2014, Neuronal Dynamics, section 1.3, without threshold",
        equation="y[t] = u[t] = β·u[t−1] + x[t]",
        spike="none",
        states=("membrane",),
    ),
    NeuronSpec(
        name="relu",
        version="1",
        summary="rectifier: the control that does not spike and has no memory",
        factory="snnbench.components.neurons.relu:ReLU",
        reference="Nair & Hinton 2010, ICML",
        equation="y[t] = max(0, x[t])",
        spike="none",
    ),
    NeuronSpec(
        name="gru",
        version="1",
        summary="gated recurrent units: a control that does not spike",
        factory="snnbench.components.neurons.gated:GRU",
        reference="Cho et al. 2014, EMNLP, eqs. 5-8, as torch.nn.GRU",
        equation="r, z = σ(W·x[t] + U·h[t−1])\nn = tanh(W_n·x[t] + r·(U_n·h[t−1]))\n"
        "h[t] = (1 − z)·n + z·h[t−1]",
        spike="none",
        recurrent=True,
        states=("hidden",),
    ),
    NeuronSpec(
        name="lstm",
        version="1",
        summary="long short-term memory: a control that does not spike",
        factory="snnbench.components.neurons.gated:LSTM",
        reference="Hochreiter & Schmidhuber 1997; Gers, Schmidhuber & Cummins 2000, as torch.nn.LSTM",
        equation="i, f, o = σ(W·x[t] + U·h[t−1])\nc[t] = f·c[t−1] + i·tanh(W_g·x[t] + U_g·h[t−1])\n"
        "h[t] = o·tanh(c[t])",
        spike="none",
        recurrent=True,
        states=("hidden", "cell"),
    ),
)
