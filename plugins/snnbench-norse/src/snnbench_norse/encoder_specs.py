"""Specs of norse's encoders. Imports neither torch nor norse."""

from __future__ import annotations

from typing import Final

from snnbench import EncoderSpec, Param
from snnbench_norse.neuron_specs import DT, MEMBRANE

_F_MAX: Final = Param(100.0, low=0.0, unit="Hz", doc="rate at full intensity")
_POISSON: Final = {"f_max": _F_MAX, "dt": DT}
_LIF: Final = {**MEMBRANE, "dt": DT}


def _encoder(name: str, summary: str, params: dict[str, Param], equation: str) -> EncoderSpec:
    return EncoderSpec(
        name=name,
        version="1",
        summary=summary,
        factory=f"snnbench_norse.encoders:{name}",
        params=params,
        reference="Pehle & Pedersen 2021, Norse, doi:10.5281/zenodo.4422025",
        equation=equation,
    )


ENCODERS: Final = (
    _encoder(
        "poisson",
        "Bernoulli spikes; at norse's defaults at most one step in ten",
        _POISSON,
        "s[t] ~ Bernoulli(dt·f_max·x)",
    ),
    _encoder(
        "signed_poisson",
        "Bernoulli spikes with the sign of the value",
        _POISSON,
        "s[t] = sign(x)·b, b ~ Bernoulli(dt·f_max·|x|)",
    ),
    _encoder(
        "population_poisson",
        "several Gaussian receptive fields a value, then Bernoulli spikes",
        {
            "out_features": Param(8, low=1, unit="fields", doc="receptive fields of one value"),
            "scale": Param(
                1.0,
                low=1e-6,
                doc="centre of the last field; norse's own default is the batch's largest value",
            ),
            **_POISSON,
        },
        "p_j = exp(−scale·(x − c_j)²/2), c_j from 0 to scale\ns_j[t] ~ Bernoulli(dt·f_max·p_j)",
    ),
    _encoder(
        "constant_current_lif",
        "spikes of a LIF neuron driven by the value; norse's defaults are silent up to 1",
        _LIF,
        "v = v[t−1] + dt/τ_mem·(v_leak − v[t−1] + x)\ns[t] = H(v − v_th)\nv[t] = v_reset where s[t]",
    ),
    _encoder(
        "spike_latency_lif",
        "the first of these spikes only",
        _LIF,
        "as constant_current_lif, up to the first spike",
    ),
)
