"""Declare what ``snntorch.spikegen`` provides."""

from __future__ import annotations

from typing import Final

from snnbench import Param
from snnbench_snntorch.library import SNNTORCH

_FIRST: Final = Param(0, low=0, unit="step", doc="steps before it that are silent")

ENCODERS: Final = (
    SNNTORCH.encoder(
        "rate",
        "Bernoulli spikes whose probability is the intensity",
        "s[t] ~ Bernoulli(clip(gain·x + offset, 0, 1))",
        {
            "gain": Param(1.0, doc="factor on the intensity before it becomes a probability"),
            "offset": Param(0.0, doc="added to the intensity before it becomes a probability"),
            "first_spike_time": _FIRST,
        },
        factory="encoders:Rate",
    ),
    SNNTORCH.encoder(
        "rate_conv",
        "Bernoulli spikes whose probability is the value of a sequence at each step",
        "s[t] ~ Bernoulli(clip(x[t], 0, 1))",
        accepts=frozenset({"sequence"}),
        factory="encoders:RateConv",
    ),
    SNNTORCH.encoder(
        "latency",
        "one spike, the earlier the brighter; dark pixels spike last unless clipped",
        "t = round(τ·ln(x/(x − θ))), or round(τ·(1 − x)) if linear",
        {
            "threshold": Param(
                0.01, low=1e-6, high=0.999999, doc="intensity θ below which time stands still"
            ),
            "tau": Param(1.0, low=1e-6, unit="step", doc="time constant τ of the charging membrane"),
            "first_spike_time": _FIRST,
            "clip": Param(False, doc="no spike where the intensity is below the threshold"),
            "normalize": Param(False, doc="spread the times over all steps; needs linear"),
            "linear": Param(False, doc="spike time falls linearly with the intensity instead"),
            "bypass": Param(
                True, doc="leave out a spike after the last step; off, as in snntorch, that is an error"
            ),
            "epsilon": Param(1e-7, low=0.0, doc="least distance of the intensity from the threshold"),
        },
        factory="encoders:Latency",
    ),
    SNNTORCH.encoder(
        "delta",
        "a spike where a sequence changes",
        "s[t] = 1 if x[t] − x[t−1] ≥ θ; −1 if it is ≤ −θ and off_spike; else 0",
        {
            "threshold": Param(0.1, low=0.0, doc="change θ from one step to the next that spikes"),
            "padding": Param(False, doc="compare the first step with itself instead of with 0"),
            "off_spike": Param(False, doc="falls spike too, as −1"),
        },
        accepts=frozenset({"sequence"}),
        factory="encoders:Delta",
    ),
)
