"""The trace family: the names, states and parameters of 24 neurons. Imports no torch."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Final, Literal, TypeAlias

from snnbench.components.neurons.spec_params import LEARNED_DECAY_RANGE, decay
from snnbench.plugin.distributions import PerNeuron
from snnbench.plugin.params import Param

Output: TypeAlias = Literal["lib", "lit", "lits"]

_RANK: Final = Param(1, low=0, high=1, doc="0: one value for all neurons, 1: one for each")
_QUANT: Final = Param(
    "identity",
    doc="what follows the spike function: identity, round, stochastic or probabilistic rounding",
)
"""Without ``choices``: at each of them, the conformance kit would ask all of all 24."""
_DIM: Final = Param(-1, doc="axis of [B, *features] that counts the neurons")


def _decay(default: float, doc: str) -> Param:
    return decay(default, doc, LEARNED_DECAY_RANGE)


_VALUES: Final = {
    "alpha": _decay(0.5, "synaptic decay"),
    "beta": _decay(0.9, "membrane decay"),
    "gamma": _decay(0.9, "decay of the recurrent trace"),
    "threshold": Param(
        1.0,
        low=1e-6,
        high=80.0,
        doc="distance from rest at which a neuron spikes",
        per_neuron=PerNeuron.VALUE,
    ),
    "bias": Param(0.0, low=-80.0, high=80.0, doc="added to the membrane where it is compared"),
    "scale": Param(1.0, doc="size of an output spike"),
    "rec_weight": Param(0.0, doc="weight of a neuron's recurrent trace onto itself"),
}


@dataclass(frozen=True)
class Variant:
    """One neuron of the family, by its switches.

    Attributes:
        dual: Positive and negative traces are kept apart.
        synaptic: The input passes an exponential synapse.
        recurrent: The output returns to the neuron through an exponential trace.
        output: Binary, ternary or scaled ternary.
    """

    dual: bool
    synaptic: bool
    recurrent: bool
    output: Output

    @property
    def name(self) -> str:
        """As a matrix refers to it: ``dsrlits``."""
        return "d" * self.dual + "s" * self.synaptic + "r" * self.recurrent + self.output

    @property
    def states(self) -> tuple[str, ...]:
        """Return the names of the state tensors, in order."""
        recurrent = (*self.halves("rec"), "output") if self.recurrent else ()
        return (*(self.halves("syn") if self.synaptic else ()), *recurrent, *self.halves("mem"))

    def halves(self, trace: str) -> tuple[str, ...]:
        """Return the names of a trace, or of its parameter: two in a dual neuron."""
        return (f"pos_{trace}", f"neg_{trace}") if self.dual else (trace,)

    @cached_property
    def values(self) -> dict[str, Param]:
        """Return the stored parameters."""
        ternary = self.output != "lib"
        names = [
            *(self.halves("alpha") if self.synaptic else ()),
            *self.halves("beta"),
            *(self.halves("gamma") if self.recurrent else ()),
            *(("pos_threshold", "neg_threshold") if ternary else ("threshold",)),
            "bias",
            *(("pos_scale", "neg_scale") if self.output == "lits" else ()),
            *(self.halves("rec_weight") if self.recurrent else ()),
        ]
        return {name: _VALUES[kind_of(name)] for name in names}

    def bounds(self, name: str) -> tuple[float, float]:
        """Return the least and the greatest value of a parameter."""
        low, high = self.values[name].low, self.values[name].high
        return (-math.inf if low is None else low, math.inf if high is None else high)

    @cached_property
    def params(self) -> dict[str, Param]:
        """Return all keywords: the values, ``dim``, and each value's rank and whether it is trained."""
        ranks = {f"{name}_rank": _RANK for name in self.values}
        learned = {f"learn_{name}": Param(True, doc=f"train {name}") for name in self.values}
        return {**self.values, "dim": _DIM, "quant_fn": _QUANT, **ranks, **learned}


def kind_of(name: str) -> str:
    """Return what a parameter is, without its half: ``beta`` for ``pos_beta``."""
    return name.removeprefix("pos_").removeprefix("neg_")


def _variants() -> Iterator[Variant]:
    outputs: tuple[Output, ...] = ("lib", "lit", "lits")
    for output, recurrent, synaptic, dual in product(outputs, (False, True), (False, True), (False, True)):
        yield Variant(dual, synaptic, recurrent, output)


VARIANTS: Final = {variant.name: variant for variant in _variants()}
"""The 24 neurons by name, in the order in which they are listed."""
