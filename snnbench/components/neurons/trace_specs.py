"""Specs of the trace family: 24 neurons from three switches and an output stage. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from snnbench.components.neurons.trace_variant import VARIANTS, Output, Variant
from snnbench.plugin.claims import FromParam, SpikeKind
from snnbench.plugin.specs import NeuronSpec

_SPIKE: Final[Mapping[Output, SpikeKind]] = {"lib": "binary", "lit": "ternary", "lits": "multi"}
_SUMMARY: Final = {"lib": "binary fire", "lit": "ternary fire", "lits": "scaled ternary fire"}


def _spec(variant: Variant) -> NeuronSpec:
    switches = {"dual": variant.dual, "synaptic": variant.synaptic, "recurrent": variant.recurrent}
    words = [*(word for word, on in switches.items() if on), "leaky integrate-and-"]
    return NeuronSpec(
        name=variant.name,
        version="2",
        summary=" ".join(words) + _SUMMARY[variant.output],
        factory=f"snnbench.components.neurons.trace:{variant.name}",
        params=variant.params,
        reference="traceTorch 0.19.2 (Menovchshikov), https://pypi.org/project/tracetorch",
        equation=_equation(variant),
        spike=_SPIKE[variant.output],
        whole=FromParam("quant_fn", {"round": True, "stochastic": True}, otherwise=False),
        reset="subtract",
        recurrent=variant.recurrent,
        states=variant.states,
    )


def _equation(variant: Variant) -> str:
    """Return the equation of one step; f is the spike function, b the bias."""
    syn = ["syn[t] = α·syn[t−1] + (1−α)·x[t]"] if variant.synaptic else []
    rec = ["rec[t] = γ·rec[t−1] + (1−γ)·y[t−1]"] if variant.recurrent else []
    drive = ("syn[t]" if variant.synaptic else "x[t]") + (" + w·rec[t]" if variant.recurrent else "")
    fire = {
        "lib": "y[t] = f(u − θ + b)\nmem[t] = u − θ·y[t]",
        "lit": "p = f(u − θ₊ + b)\nn = −f(−θ₋ − u − b)\nmem[t] = u − θ₊·p − θ₋·n\ny[t] = p + n",
        "lits": "p = f(u − θ₊ + b)\nn = −f(−θ₋ − u − b)\nmem[t] = u − θ₊·p − θ₋·n\ny[t] = k₊·p + k₋·n",
    }
    dual = ["each trace in a positive and a negative half, split by sign"] if variant.dual else []
    return "\n".join([*syn, *rec, f"u = β·mem[t−1] + {drive}", fire[variant.output], *dual])


TRACE_SPECS: Final = tuple(_spec(variant) for variant in VARIANTS.values())
