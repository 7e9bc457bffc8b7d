"""Specs of norse's encoders. Imports neither torch nor norse."""

from __future__ import annotations

from typing import Final

from snnbench import Param
from snnbench_norse.library import NORSE
from snnbench_norse.neuron_params import DT, MEMBRANE

_F_MAX: Final = Param(100.0, low=0.0, unit="Hz", doc="rate at full intensity")
_POISSON: Final = {"f_max": _F_MAX, "dt": DT}
_LIF: Final = {**MEMBRANE, "dt": DT}


ENCODERS: Final = (
    NORSE.encoder(
        "poisson",
        "Bernoulli spikes; at norse's defaults at most one step in ten",
        "s[t] ~ Bernoulli(dt·f_max·x)",
        _POISSON,
    ),
    NORSE.encoder(
        "signed_poisson",
        "Bernoulli spikes with the sign of the value",
        "s[t] = sign(x)·b, b ~ Bernoulli(dt·f_max·|x|)",
        _POISSON,
    ),
    NORSE.encoder(
        "population_poisson",
        "several Gaussian receptive fields a value, then Bernoulli spikes",
        "p_j = exp(−scale·(x − c_j)²/2), c_j from 0 to scale\ns_j[t] ~ Bernoulli(dt·f_max·p_j)",
        {
            "out_features": Param(8, low=1, unit="fields", doc="receptive fields of one value"),
            "scale": Param(
                1.0,
                low=1e-6,
                doc="centre of the last field; norse's own default is the batch's largest value",
            ),
            **_POISSON,
        },
    ),
    NORSE.encoder(
        "constant_current_lif",
        "spikes of a LIF neuron driven by the value; norse's defaults are silent up to 1",
        "v = v[t−1] + dt/τ_mem·(v_leak − v[t−1] + x)\ns[t] = H(v − v_th)\nv[t] = v_reset where s[t]",
        _LIF,
    ),
    NORSE.encoder(
        "spike_latency_lif",
        "the first of these spikes only",
        "as constant_current_lif, up to the first spike",
        _LIF,
    ),
)
