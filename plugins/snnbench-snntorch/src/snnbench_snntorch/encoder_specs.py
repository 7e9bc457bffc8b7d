"""What ``snntorch.spikegen`` provides."""

from __future__ import annotations

from typing import Final

from snnbench import EncoderSpec, Param

_REFERENCE: Final = "Eshraghian et al. 2023, Proc. IEEE 111(9)"
_FIRST: Final = Param(0, low=0, unit="step", doc="steps before it that are silent")

ENCODERS: Final = (
    EncoderSpec(
        name="rate",
        version="1",
        summary="Bernoulli spikes whose probability is the intensity",
        factory="snnbench_snntorch.encoders:Rate",
        params={
            "gain": Param(1.0, doc="factor on the intensity before it becomes a probability"),
            "offset": Param(0.0, doc="added to the intensity before it becomes a probability"),
            "first_spike_time": _FIRST,
        },
        reference=_REFERENCE,
        equation="s[t] ~ Bernoulli(clip(gain·x + offset, 0, 1))",
    ),
    EncoderSpec(
        name="rate_conv",
        version="1",
        summary="Bernoulli spikes whose probability is the value of a sequence at each step",
        factory="snnbench_snntorch.encoders:RateConv",
        reference=_REFERENCE,
        equation="s[t] ~ Bernoulli(clip(x[t], 0, 1))",
        accepts=frozenset({"sequence"}),
    ),
    EncoderSpec(
        name="latency",
        version="1",
        summary="one spike, the earlier the brighter; dark pixels spike last unless clipped",
        factory="snnbench_snntorch.encoders:Latency",
        params={
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
        reference=_REFERENCE,
        equation="t = round(τ·ln(x/(x − θ))), or round(τ·(1 − x)) if linear",
    ),
    EncoderSpec(
        name="delta",
        version="1",
        summary="a spike where a sequence changes",
        factory="snnbench_snntorch.encoders:Delta",
        params={
            "threshold": Param(0.1, low=0.0, doc="change θ from one step to the next that spikes"),
            "padding": Param(False, doc="compare the first step with itself instead of with 0"),
            "off_spike": Param(False, doc="falls spike too, as −1"),
        },
        reference=_REFERENCE,
        equation="s[t] = 1 if x[t] − x[t−1] ≥ θ; −1 if it is ≤ −θ and off_spike; else 0",
        accepts=frozenset({"sequence"}),
    ),
)
