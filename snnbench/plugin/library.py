"""Define what the components of a package that wraps another library have in common, said once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from snnbench.plugin.params import Param
from snnbench.plugin.spec import Factory
from snnbench.plugin.specs import EncoderSpec, NeuronSpec, SurrogateSpec


@dataclass(frozen=True, kw_only=True)
class Library:
    """Makes the specs of a package that wraps a library. Listing them imports neither torch nor the library.

    The factory of a component is the attribute of its name in the module ``neurons``, ``surrogates`` or
    ``encoders`` of the package, unless ``factory`` says otherwise: ``"module:attribute"`` below the
    package, or a callable.

    Attributes:
        package: The package that wraps the library, as it is imported.
        reference: What a component refers to that names no paper of its own.
        neurons: Fields that its neurons have in common, where a neuron does not give its own.
        surrogates: Fields that its surrogates have in common.
    """

    package: str
    reference: str
    neurons: Mapping[str, Any] = field(default_factory=dict)
    surrogates: Mapping[str, Any] = field(default_factory=dict)

    def neuron(
        self, name: str, summary: str, equation: str, params: Mapping[str, Param] | None = None, **own: Any
    ) -> NeuronSpec:
        """Return the spec of a neuron; ``own`` are further fields of ``NeuronSpec``."""
        rest = self._rest("neurons", name, {**self.neurons, **own})
        return NeuronSpec(name=name, summary=summary, equation=equation, params=params or {}, **rest)

    def surrogate(
        self, name: str, summary: str, equation: str, params: Mapping[str, Param] | None = None, **own: Any
    ) -> SurrogateSpec:
        """Return the spec of a surrogate; ``own`` are further fields of ``SurrogateSpec``."""
        rest = self._rest("surrogates", name, {**self.surrogates, **own})
        return SurrogateSpec(name=name, summary=summary, equation=equation, params=params or {}, **rest)

    def encoder(
        self, name: str, summary: str, equation: str, params: Mapping[str, Param] | None = None, **own: Any
    ) -> EncoderSpec:
        """Return the spec of an encoder; ``own`` are further fields of ``EncoderSpec``."""
        rest = self._rest("encoders", name, own)
        return EncoderSpec(name=name, summary=summary, equation=equation, params=params or {}, **rest)

    def _rest(self, module: str, name: str, own: dict[str, Any]) -> dict[str, Any]:
        """Return ``own`` with the factory, the version and the reference that it leaves out."""
        factory: Factory = own.get("factory", f"{module}:{name}")
        home = f"{self.package}.{factory}" if isinstance(factory, str) else factory
        return {"version": "1", "reference": self.reference, **own, "factory": home}
