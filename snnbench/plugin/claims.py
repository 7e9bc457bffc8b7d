"""Define what a neuron claims to be, and how a parameter may decide it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, cast

from snnbench.records import Scalar, Value

SpikeKind: TypeAlias = Literal["binary", "ternary", "multi", "graded", "none"]
ThresholdRule: TypeAlias = Literal[">", ">="]
ResetKind: TypeAlias = Literal["subtract", "zero", "value", "other", "none"]


@dataclass(frozen=True, slots=True)
class FromParam:
    """A claim that a parameter of the component decides.

    Attributes:
        name: Of the parameter.
        claims: What is claimed for each of its values; empty where the value itself is the claim.
        otherwise: What is claimed for a value that is not among ``claims``.
    """

    name: str
    claims: Mapping[Scalar, Value] = field(default_factory=dict)
    otherwise: Scalar | None = None

    def of(self, value: Value) -> Value:
        """Return what is claimed where the parameter is ``value``.

        Raises:
            KeyError: Nothing is.
        """
        if not self.claims:
            return value
        given = cast(Scalar, value)
        return self.claims[given] if self.otherwise is None else self.claims.get(given, self.otherwise)


@dataclass(frozen=True, slots=True)
class Claims:
    """This says what a neuron with given parameters is. The attributes are those of ``NeuronSpec``."""

    spike: SpikeKind
    threshold: ThresholdRule
    reset: ResetKind
    reset_delay: bool
    reset_detached: bool
    recurrent: bool
    causal: bool
