"""Declare what ``spikingjelly.activation_based.encoding`` provides.

Where SpikingJelly has no default, it is that of its examples.
"""

from __future__ import annotations

from typing import Final

from snnbench import Param
from snnbench_spikingjelly.library import SPIKINGJELLY

_POPULATION: Final = {
    "pop_dim": Param(10, low=1, unit="fields", doc="receptive fields M of one value"),
    "low": Param(-3.0, doc="value at which the first field is centred"),
    "high": Param(3.0, doc="value at which the last field is centred"),
    "std": Param(0.387, low=1e-6, doc="width σ of a field"),
}
_FIELDS: Final = "a_j = exp(−(x − μ_j)²/(2σ²)), μ_j = low + (high − low)·(j − 1)/(M − 1)"

ENCODERS: Final = (
    SPIKINGJELLY.encoder(
        "poisson",
        "Bernoulli spikes whose probability is the intensity; the encoder of most of its examples",
        "s[t] = 1 where U ≤ x, U uniform on [0, 1)",
        factory="encoders:Poisson",
    ),
    SPIKINGJELLY.encoder(
        "latency",
        "one spike, the earlier the brighter; the darkest spike last",
        "t = round((T − 1)·(1 − x)), or round(T − 1 − ln(α·x + 1)) with α = e^(T−1) − 1",
        {
            "enc_function": Param(
                "linear", choices=("linear", "log"), doc="how the time falls with the intensity"
            )
        },
        factory="encoders:Latency",
    ),
    SPIKINGJELLY.encoder(
        "pop",
        "activity of several Gaussian receptive fields a value, the same at each step",
        f"x[t] = a\n{_FIELDS}",
        _POPULATION,
        reference="Tang et al. 2020, CoRL",
        factory="encoders:Pop",
    ),
    SPIKINGJELLY.encoder(
        "pop_spike_random",
        "Bernoulli spikes of several Gaussian receptive fields a value",
        f"s[t] ~ Bernoulli(a)\n{_FIELDS}",
        _POPULATION,
        reference="Tang et al. 2020, CoRL",
        factory="encoders:PopSpikeRandom",
    ),
    SPIKINGJELLY.encoder(
        "pop_spike_deterministic",
        "integrate-and-fire spikes of several Gaussian receptive fields a value",
        f"u[t] = u[t−1] + a − 0.999·s[t−1]\ns[t] = 1 where u[t] ≥ 0.999\n{_FIELDS}",
        _POPULATION,
        reference="Tang et al. 2020, CoRL",
        factory="encoders:PopSpikeDeterministic",
    ),
)
