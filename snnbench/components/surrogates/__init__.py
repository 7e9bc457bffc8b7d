"""Surrogate derivatives, one a file. This list is all that finding them needs; it imports no torch.

``z = u − θ`` is the membrane relative to the threshold; a forward is the strict step H(z) unless its
entry says ``graded``.
"""

from __future__ import annotations

from typing import Final

from snnbench.components.surrogates.graded_spec import GRADED_SPECS
from snnbench.plugin.params import Param
from snnbench.plugin.specs import SurrogateSpec


def _slope(default: float) -> Param:
    return Param(default, low=1e-6, doc="steepness k around the threshold")


SPECS: Final = (
    SurrogateSpec(
        name="fast_sigmoid",
        version="1",
        summary="derivative of the fast sigmoid, peak 1",
        factory="snnbench.components.surrogates.fast_sigmoid:FastSigmoid",
        params={"slope": _slope(25.0)},
        reference="Zenke & Ganguli 2018, Neural Computation 30(6)",
        equation="d(z) = 1/(1 + k·|z|)²",
    ),
    SurrogateSpec(
        name="atan",
        version="1",
        summary="derivative of a scaled arctangent, area 1",
        factory="snnbench.components.surrogates.atan:ATan",
        params={"alpha": Param(2.0, low=1e-6, doc="steepness α; the peak is α/2")},
        reference="Fang et al. 2021, ICCV, eq. 15",
        equation="d(z) = (α/2)/(1 + (π·α·z/2)²)",
    ),
    SurrogateSpec(
        name="sigmoid",
        version="2",
        summary="derivative of the logistic function, area 1",
        factory="snnbench.components.surrogates.sigmoid:Sigmoid",
        params={"slope": _slope(25.0)},
        reference="Zenke & Vogels 2021, Neural Computation 33(4)",
        equation="d(z) = k·σ(k·z)·(1 − σ(k·z))",
    ),
    SurrogateSpec(
        name="straight_through",
        version="1",
        summary="gradient passed on unchanged",
        factory="snnbench.components.surrogates.straight_through:StraightThrough",
        reference="Bengio, Léonard & Courville 2013, arXiv:1308.3432",
        equation="d(z) = 1",
    ),
    SurrogateSpec(
        name="triangular",
        version="1",
        summary="triangle around the threshold, area 1",
        factory="snnbench.components.surrogates.triangular:Triangular",
        params={"width": Param(1.0, low=1e-6, doc="half of the base, w")},
        reference="Bellec et al. 2018, NeurIPS",
        equation="d(z) = max(0, 1 − |z|/w)/w",
    ),
    SurrogateSpec(
        name="spike_gated",
        version="1",
        summary="gradient passed on where there is a spike",
        factory="snnbench.components.surrogates.spike_gated:SpikeGated",
        reference="Eshraghian et al. 2023, Proc. IEEE 111(9)",
        equation="d(z) = H(z)",
    ),
    SurrogateSpec(
        name="spike_rate_escape",
        version="1",
        summary="escape rate of a noisy threshold",
        factory="snnbench.components.surrogates.spike_rate_escape:SpikeRateEscape",
        params={
            "beta": Param(1.0, low=0.0, doc="decay β with the distance from the threshold"),
            "slope": Param(25.0, low=1e-6, doc="the peak, k"),
        },
        reference="Gerstner & Kistler 2002, Spiking Neuron Models, section 5.3",
        equation="d(z) = k·exp(−β·|z|)",
    ),
    SurrogateSpec(
        name="stochastic",
        version="3",
        summary="1 above threshold, noise below it: another for each unit and step",
        factory="snnbench.components.surrogates.stochastic:Stochastic",
        params={
            "mean": Param(0.0, doc="shift of the noise before it is scaled"),
            "variance": Param(0.2, low=0.0, doc="scale of the noise"),
        },
        random=True,
        reference="Eshraghian et al. 2023, Proc. IEEE 111(9)",
        equation="d(z) = 1 if z > 0 else (U + mean)·variance, U uniform on [−½, ½)",
    ),
    SurrogateSpec(
        name="leaky",
        version="1",
        summary="1 above threshold, a small constant below it",
        factory="snnbench.components.surrogates.leaky:Leaky",
        params={"slope": Param(0.1, low=0.0, doc="the derivative k below threshold")},
        reference="Eshraghian et al. 2023, Proc. IEEE 111(9)",
        equation="d(z) = 1 if z > 0 else k",
    ),
    SurrogateSpec(
        name="sparse_fast_sigmoid",
        version="1",
        summary="fast sigmoid near the threshold, 0 elsewhere",
        factory="snnbench.components.surrogates.sparse_fast_sigmoid:SparseFastSigmoid",
        params={
            "slope": _slope(25.0),
            "width": Param(1.0, low=1e-6, doc="distance w from the threshold at which gradients stop"),
        },
        reference="Perez-Nieves & Goodman 2021, NeurIPS, arXiv:2105.08810",
        equation="d(z) = 1/(1 + k·|z|)² if |z| < w else 0",
    ),
    SurrogateSpec(
        name="custom",
        version="1",
        summary="a rule of one's own",
        factory="snnbench.components.surrogates.custom:Custom",
        params={"fn": Param("", doc="the rule, 'module:function' of a module named by -p", names_code=True)},
        reference="Eshraghian et al. 2023, Proc. IEEE 111(9)",
        equation="d(z) = fn(z, 1, H(z)), of fn(z, grad, spikes) → grad",
    ),
    SurrogateSpec(
        name="boxcar",
        version="1",
        summary="constant near the threshold, area 1",
        factory="snnbench.components.surrogates.boxcar:Boxcar",
        params={"width": Param(0.5, low=1e-6, doc="half of the base, w")},
        reference="Kaiser, Mostafa & Neftci 2020, Frontiers in Neuroscience 14:424",
        equation="d(z) = 1/(2w) if |z| < w else 0",
    ),
    SurrogateSpec(
        name="gaussian",
        version="1",
        summary="normal density around the threshold, area 1",
        factory="snnbench.components.surrogates.gaussian:Gaussian",
        params={"sigma": Param(0.5, low=1e-6, doc="standard deviation σ")},
        reference="Yin, Corradi & Bohté 2020, ICONS",
        equation="d(z) = N(z; 0, σ²)",
    ),
    SurrogateSpec(
        name="multi_gaussian",
        version="2",
        summary="normal density with negative flanks, area 1 − h",
        factory="snnbench.components.surrogates.multi_gaussian:MultiGaussian",
        params={
            "sigma": Param(0.5, low=1e-6, doc="standard deviation σ of the centre"),
            "height": Param(0.15, low=0.0, doc="weight h of the flanks"),
            "scale": Param(6.0, low=1e-6, doc="width s of the flanks over that of the centre"),
        },
        reference="Yin, Corradi & Bohté 2021, Nature Machine Intelligence 3, 905-913",
        equation="d(z) = (1 + h)·N(z; 0, σ²) − h·N(z; σ, (sσ)²) − h·N(z; −σ, (sσ)²)",
    ),
    SurrogateSpec(
        name="erfc",
        version="1",
        summary="derivative of the error function, area 1",
        factory="snnbench.components.surrogates.erfc:Erfc",
        params={"alpha": Param(2.0, low=1e-6, doc="steepness α; the peak is α/√π")},
        reference="Esser et al. 2015, NeurIPS; Wu et al. 2018, Frontiers in Neuroscience 12:331",
        equation="d(z) = (α/√π)·exp(−(α·z)²)",
    ),
    SurrogateSpec(
        name="piecewise_quadratic",
        version="1",
        summary="derivative of a piecewise quadratic step, area 1",
        factory="snnbench.components.surrogates.piecewise_quadratic:PiecewiseQuadratic",
        params={"alpha": Param(1.0, low=1e-6, doc="steepness α and peak; half of the base is 1/α")},
        reference="Esser et al. 2016, PNAS 113(41); Fang et al. 2023, Science Advances 9(40)",
        equation="d(z) = max(0, α − α²·|z|)",
    ),
    SurrogateSpec(
        name="superspike",
        version="1",
        summary="fast sigmoid by its first name, steepness β",
        factory="snnbench.components.surrogates.superspike:SuperSpike",
        params={"beta": Param(10.0, low=1e-6, doc="steepness β around the threshold")},
        reference="Zenke & Ganguli 2018, Neural Computation 30(6), section 3.3.2",
        equation="d(z) = 1/(1 + β·|z|)²",
    ),
    *GRADED_SPECS,
)
