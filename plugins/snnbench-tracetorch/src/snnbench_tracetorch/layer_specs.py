"""Specs of traceTorch's layers. Imports neither torch nor traceTorch.

Its 24 firing layers have the parameters, equations and claims of snnbench's own trace family, which is
tested to be the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any, Final

from snnbench import NeuronSpec, Param
from snnbench.components.neurons.trace_specs import TRACE_SPECS
from snnbench.plugin.distributions import PerNeuron
from snnbench_tracetorch.library import TRACETORCH

if TYPE_CHECKING:
    from snnbench_tracetorch.layers import TraceLayer

_DIM: Final = Param(-1, doc="axis of [B, *features] that counts the neurons")
_RANK: Final = Param(1, low=0, high=1, doc="0: one value for all neurons, 1: one for each")
_DECAYS: Final = {
    "alpha": Param(0.5, low=1e-6, high=1 - 1e-6, unit="1/step", doc="synaptic decay"),
    "beta": Param(0.9, low=1e-6, high=1 - 1e-6, unit="1/step", doc="membrane decay"),
}


@dataclass(frozen=True)
class Layer:
    """One of traceTorch's layers; calling it makes the neuron, so it is its spec's factory.

    Attributes:
        name: Of the class, in snake case.
        states: Attributes that hold its state, in order.
    """

    name: str
    states: tuple[str, ...]

    def __call__(self, *args: Any, **params: Any) -> TraceLayer:
        """The neuron; see ``TraceLayer``."""
        from snnbench_tracetorch.layers import TraceLayer

        return TraceLayer(self.name, self.states, *args, **params)


def _firing(ours: NeuronSpec) -> NeuronSpec:
    """As snnbench has it, but for the name of one state."""
    states = tuple("prev_output" if name == "output" else name for name in ours.state_names())
    params = {
        name: replace(param, per_neuron=PerNeuron.NO)
        for name, param in ours.params.items()
        if name != "quant_fn"  # its callable is given by the surrogate
    }
    factory = Layer(ours.name, states)
    return replace(ours, version="1", factory=factory, states=states, params=params, whole=False)


def _halves(dual: bool, name: str) -> tuple[str, ...]:
    return (f"pos_{name}", f"neg_{name}") if dual else (name,)


def _integrators() -> Iterator[NeuronSpec]:
    """LI and its kin, which do not spike."""
    for average, synaptic, dual in product((False, True), repeat=3):
        name = "d" * dual + "s" * synaptic + "li" + "ema" * average
        decays = [half for decay in ["alpha"] * synaptic + ["beta"] for half in _halves(dual, decay)]
        values = {half: _DECAYS[half.removeprefix("pos_").removeprefix("neg_")] for half in decays}
        ranks = {f"{half}_rank": _RANK for half in decays}
        learned = {f"learn_{half}": Param(True, doc=f"train {half}") for half in decays}
        words = ["dual"] * dual + ["synaptic"] * synaptic + ["leaky integrator"]
        syn = "syn[t] = α·syn[t−1] + (1−α)·x[t]\n" * synaptic
        drive = "(1−β)·" * average + ("syn[t]" if synaptic else "x[t]")
        split = "\neach trace in a positive and a negative half, split by sign" * dual
        yield _silent(
            name,
            " ".join(words) + ", as a moving average" * average,
            {**values, "dim": _DIM, **ranks, **learned},
            tuple(half for trace in ["syn"] * synaptic + ["mem"] for half in _halves(dual, trace)),
            f"{syn}mem[t] = β·mem[t−1] + {drive}\ny[t] = mem[t]{split}",
        )


def _silent(
    name: str, summary: str, params: Mapping[str, Param], states: tuple[str, ...], equation: str, **own: Any
) -> NeuronSpec:
    """Return the spec of a layer that does not spike."""
    factory = Layer(name, states)
    return TRACETORCH.neuron(
        name, summary, equation, params, factory=factory, spike="none", states=states, **own
    )


def _d_state(default: int) -> Param:
    return Param(default, low=1, doc="size of the latent state")


_DT_RANK: Final = Param(-1, low=-1, doc="rank of the projection to time steps; −1: features/16")

_GATED: Final = (
    _silent(
        "simple_rnn",
        "Elman network",
        {"dim": _DIM},
        ("H",),
        "H[t] = tanh(W·[H[t−1], x[t]] + c)",
        recurrent=True,
    ),
    _silent(
        "gru",
        "gated recurrent unit",
        {"dim": _DIM},
        ("H",),
        "r, z = σ(W·[H[t−1], x[t]] + c)\nn = tanh(V·[r·H[t−1], x[t]] + d)\nH[t] = (1 − z)·H[t−1] + z·n",
        recurrent=True,
    ),
    _silent(
        "lstm",
        "long short-term memory",
        {"dim": _DIM},
        ("H", "C"),
        "i, f, o = σ(W·[H[t−1], x[t]] + c)\ng = tanh(V·[H[t−1], x[t]] + d)\n"
        "C[t] = f·C[t−1] + i·g\nH[t] = o·tanh(C[t])",
        recurrent=True,
    ),
)
_STATE_SPACE: Final = (
    _silent(
        "s4",
        "diagonal state-space model, one of each neuron",
        {"d_state": _d_state(64), "dim": _DIM},
        ("state",),
        "h[t] = exp(Δ·A)·h[t−1] + (exp(Δ·A) − 1)/A·B·x[t]\ny[t] = C·h[t] + D·x[t]",
    ),
    _silent(
        "s5",
        "diagonal state-space model, one of all neurons",
        {"d_state": _d_state(64), "dim": _DIM},
        ("global_state",),
        "h[t] = exp(Δ·A)·h[t−1] + (exp(Δ·A) − 1)/A·(B·x[t])\ny[t] = C·h[t] + D·x[t]",
        recurrent=True,
    ),
    _silent(
        "s6",
        "selective state-space model",
        {"d_state": _d_state(16), "dt_rank": _DT_RANK, "dim": _DIM},
        ("state",),
        "as s4, with Δ, B and C linear in x[t]",
        recurrent=True,
    ),
    _silent(
        "mamba",
        "gated selective state-space block",
        {
            "d_state": _d_state(16),
            "dim": _DIM,
            "dt_rank": _DT_RANK,
            "conv_kernel": Param(4, low=2, unit="step", doc="length of the causal convolution"),
        },
        ("conv_buffer", "ssm_state"),
        "z, g = W·x[t]\ny[t] = x[t] + V·(s6(silu(conv(z)))·silu(g))",
        recurrent=True,
    ),
)

LAYERS: Final = (*map(_firing, TRACE_SPECS), *_integrators(), *_GATED, *_STATE_SPACE)
