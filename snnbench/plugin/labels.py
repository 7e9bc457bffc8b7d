"""The labels of a row say what its neuron claims to be."""

from __future__ import annotations

from snnbench.plugin.claims import Claims
from snnbench.plugin.specs import NeuronSpec, SurrogateSpec
from snnbench.records import Params


def labels_of(neuron: NeuronSpec, params: Params, surrogate: SurrogateSpec | None) -> dict[str, str]:
    """Return the text of each claim that a reader needs beside the numbers.

    Args:
        neuron: Spec of the neuron.
        params: The parameters that it was given.
        surrogate: Spec of its surrogate; None for a neuron that does not spike.
    """
    claims = neuron.claims(params)
    graded = surrogate is not None and surrogate.graded and not neuron.is_whole(params)
    at_zero = surrogate is not None and not graded and surrogate.threshold == ">="
    return {
        "spike": "graded" if graded else claims.spike,
        "threshold": ">=" if at_zero else claims.threshold,
        "reset": _reset(claims),
        "recurrent": "true" if claims.recurrent else "false",
    }


def _reset(claims: Claims) -> str:
    """Return what a spike does to the membrane, when, and whether the gradient passes through it."""
    if claims.reset == "none":
        return "none"
    when = "next step" if claims.reset_delay else "same step"
    gradient = "detached" if claims.reset_detached else "attached"
    return f"{claims.reset}, {when}, {gradient}"
