"""Encoders, one a file. This list is all that finding them needs; it imports no torch."""

from __future__ import annotations

from typing import Final

from snnbench.plugin.params import Param
from snnbench.plugin.specs import EncoderSpec

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
        version="2",
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
    EncoderSpec(
        name="population",
        version="1",
        summary="Bernoulli spikes of several Gaussian receptive fields a value",
        factory="snnbench.components.encoders.population:Population",
        params={"size": Param(8, low=3, unit="fields", doc="receptive fields M of one value")},
        reference="Bohte, Kok & La Poutré 2002, Neurocomputing 48; Tang et al. 2020, CoRL",
        equation="s_j[t] ~ Bernoulli(exp(−(x − μ_j)²/(2σ²))), μ_j = (j − ½)/(M − 2), σ = 1/(1.5·(M − 2))",
    ),
    EncoderSpec(
        name="phase",
        version="1",
        summary="the bits of the intensity, one a step, most significant first",
        factory="snnbench.components.encoders.phase:Phase",
        params={"period": Param(8, low=1, high=24, unit="step", doc="bits K, after which they repeat")},
        reference="Kim et al. 2018, Neurocomputing 311",
        equation="s[t] = bit K − 1 − (t mod K) of round((2^K − 1)·x)",
    ),
    EncoderSpec(
        name="burst",
        version="2",
        summary="one burst, the brighter the more spikes and the closer",
        factory="snnbench.components.encoders.burst:Burst",
        params={
            "spikes": Param(5, low=1, unit="spikes", doc="most spikes N of a burst"),
            "shortest": Param(2, low=1, unit="step", doc="interval S at full intensity"),
            "longest": Param(5, low=1, unit="step", doc="interval L at intensity 0"),
        },
        reference="Guo et al. 2021, Frontiers in Neuroscience 15:638474",
        equation="⌈N·x⌉ spikes at t = 0, i, 2i, …, i = ⌈L − (L − S)·x⌉",
    ),
    EncoderSpec(
        name="delta",
        version="2",
        summary="a spike where a sequence changes",
        factory="snnbench.components.encoders.delta:Delta",
        params={
            "threshold": Param(0.1, low=1e-6, doc="change θ from one step to the next that spikes"),
            "off_spike": Param(False, doc="falls spike too, as −1"),
            "padding": Param(False, doc="compare the first sample with itself, in place of with 0"),
        },
        reference="Eshraghian et al. 2023, Proc. IEEE 111(9)",
        equation="s[t] = 1 if x[t] − x[t−1] ≥ θ; −1 if it is ≤ −θ and off_spike; else 0",
        accepts=frozenset({"sequence"}),
    ),
    EncoderSpec(
        name="frames",
        version="2",
        summary="events counted a pixel, polarity and bin of time",
        factory="snnbench.components.encoders.frames:Frames",
        params={
            "window_ms": Param(
                0.0, low=0.0, high=1e6, unit="ms", doc="width of a bin; 0 for a T-th of each recording"
            ),
            "start": Param(
                "first", choices=("first", "zero"), doc="bins begin at the first event, or at time 0"
            ),
            "downsample": Param(1, low=1, unit="pixels", doc="side of the squares that are counted as one"),
            "polarity": Param(True, doc="count polarities apart, as channels; else together, in one"),
        },
        reference="Lenz et al. 2021, Tonic, doi:10.5281/zenodo.5079802",
        equation="x[t, p, i, j] = number of events of polarity p at pixel (i, j) in bin t",
        accepts=frozenset({"events"}),
        deterministic=True,
    ),
    EncoderSpec(
        name="none",
        version="1",
        summary="a sequence as it is",
        factory="snnbench.components.encoders.none:NoEncoder",
        equation="x[t] = x[t]",
        accepts=frozenset({"sequence"}),
    ),
)
