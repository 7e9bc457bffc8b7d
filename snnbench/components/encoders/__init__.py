"""Encoders, one a file. This list is all that finding them needs; it imports no torch."""

from __future__ import annotations

from typing import Final

from snnbench.plugin.specs import EncoderSpec, Param

SPECS: Final = (
    EncoderSpec(
        name="rate",
        version="1",
        summary="Bernoulli spikes whose probability is the intensity",
        factory="snnbench.components.encoders.rate:Rate",
        params={"gain": Param(1.0, low=0.0, doc="factor on the intensity before it becomes a probability")},
        reference="Adrian & Zotterman 1926; Eshraghian et al. 2023, Proc. IEEE 111(9)",
        equation="s[t] ~ Bernoulli(min(gain·x, 1))",
    ),
    EncoderSpec(
        name="direct",
        version="1",
        summary="the same analog current at each step",
        factory="snnbench.components.encoders.direct:Direct",
        reference="Rueckauer et al. 2017, Frontiers in Neuroscience 11:682",
        equation="x[t] = x",
    ),
    EncoderSpec(
        name="latency",
        version="1",
        summary="one spike, the earlier the brighter",
        factory="snnbench.components.encoders.latency:Latency",
        params={
            "tau": Param(5.0, low=1e-6, unit="step", doc="time constant of the charging membrane"),
            "threshold": Param(0.01, low=1e-6, high=1.0, doc="intensities up to it never spike"),
            "linear": Param(False, doc="spike time falls linearly with the intensity instead"),
        },
        reference="Thorpe, Delorme & Van Rullen 2001, Neural Networks 14",
        equation="t = round(τ·ln(x/(x − θ))), or round((T − 1)·(1 − x)) if linear",
    ),
)
