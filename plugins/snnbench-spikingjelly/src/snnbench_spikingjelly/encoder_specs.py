"""What ``spikingjelly.activation_based.encoding`` provides.

Where SpikingJelly has no default, it is that of its examples.
"""

from __future__ import annotations

from typing import Final

from snnbench import EncoderSpec, Param

_REFERENCE: Final = "Fang et al. 2023, Science Advances 9(40)"
_POPULATION: Final = {
    "pop_dim": Param(10, low=1, unit="fields", doc="receptive fields M of one value"),
    "low": Param(-3.0, doc="value at which the first field is centred"),
    "high": Param(3.0, doc="value at which the last field is centred"),
    "std": Param(0.387, low=1e-6, doc="width σ of a field"),
}
_FIELDS: Final = "a_j = exp(−(x − μ_j)²/(2σ²)), μ_j = low + (high − low)·(j − 1)/(M − 1)"

ENCODERS: Final = (
    EncoderSpec(
        name="poisson",
        version="1",
        summary="Bernoulli spikes whose probability is the intensity; the encoder of most of its examples",
        factory="snnbench_spikingjelly.encoders:Poisson",
        reference=_REFERENCE,
        equation="s[t] = 1 where U ≤ x, U uniform on [0, 1)",
    ),
    EncoderSpec(
        name="latency",
        version="1",
        summary="one spike, the earlier the brighter; the darkest spike last",
        factory="snnbench_spikingjelly.encoders:Latency",
        params={
            "enc_function": Param(
                "linear", choices=("linear", "log"), doc="how the time falls with the intensity"
            )
        },
        reference=_REFERENCE,
        equation="t = round((T − 1)·(1 − x)), or round(T − 1 − ln(α·x + 1)) with α = e^(T−1) − 1",
    ),
    EncoderSpec(
        name="pop",
        version="1",
        summary="activity of several Gaussian receptive fields a value, the same at each step",
        factory="snnbench_spikingjelly.encoders:Pop",
        params=_POPULATION,
        reference="Tang et al. 2020, CoRL",
        equation=f"x[t] = a\n{_FIELDS}",
    ),
    EncoderSpec(
        name="pop_spike_random",
        version="1",
        summary="Bernoulli spikes of several Gaussian receptive fields a value",
        factory="snnbench_spikingjelly.encoders:PopSpikeRandom",
        params=_POPULATION,
        reference="Tang et al. 2020, CoRL",
        equation=f"s[t] ~ Bernoulli(a)\n{_FIELDS}",
    ),
    EncoderSpec(
        name="pop_spike_deterministic",
        version="1",
        summary="integrate-and-fire spikes of several Gaussian receptive fields a value",
        factory="snnbench_spikingjelly.encoders:PopSpikeDeterministic",
        params=_POPULATION,
        reference="Tang et al. 2020, CoRL",
        equation=f"u[t] = u[t−1] + a − 0.999·s[t−1]\ns[t] = 1 where u[t] ≥ 0.999\n{_FIELDS}",
    ),
)
