"""Define what is common to the specs of all components."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from types import SimpleNamespace
from typing import Any, ClassVar, TypeAlias

from snnbench.errors import PluginError, UsageError, did_you_mean
from snnbench.plugin.params import Param
from snnbench.plugin.signature import declared
from snnbench.plugin.state import put_back
from snnbench.records import Params, Value

Factory: TypeAlias = Callable[..., Any] | str


@dataclass(frozen=True, kw_only=True)
class Spec:
    """This says what is common to all components.

    Attributes:
        name: How a matrix refers to it: letters, digits and underscores.
        version: Raised by its author whenever its numbers change.
        summary: One line.
        factory: A callable, or ``"package.module:attribute"``, imported on first use.
        params: Its parameters, passed to the factory by keyword. Where ``factory`` is a callable, they may
            stand in its signature instead, as ``beta: Annotated[float, Param(low=0.0, doc="decay")] = 0.9``.
        reference: The paper and equation it implements.
        equation: The mathematics of one step, as plain text, with each case on a line of its own.
    """

    kind: ClassVar[str] = ""

    name: str
    version: str
    summary: str
    factory: Factory
    params: Mapping[str, Param] = field(default_factory=dict)
    reference: str = ""
    equation: str = ""

    def __post_init__(self) -> None:
        """Take the parameters that the factory's signature declares.

        Raises:
            PluginError: One of them stands in ``params`` too, and is another.
        """
        if not callable(self.factory):
            return  # a text is imported when it is used
        own = declared(self.factory)
        for name, param in own.items():
            if name in self.params and self.params[name] != param:
                raise PluginError(
                    f"{self.kind} {self.name!r}: parameter {name!r} is declared twice, and differently",
                    "leave it out of params: the factory's signature has it",
                )
        if own:
            object.__setattr__(self, "params", {**self.params, **own})

    def resolve(self, given: Params) -> dict[str, Value]:
        """Return all parameters: the defaults, overridden by ``given``.

        Raises:
            UsageError: An unknown name, a wrong type or a value out of range.
        """
        values = {name: param.default for name, param in self.params.items()}
        for name, value in given:
            if name not in self.params:
                hint = did_you_mean(name, self.params) or f"{self.name} takes no parameters"
                raise UsageError(f"{self.kind} {self.name!r} has no parameter {name!r}", hint)
            try:
                values[name] = self.params[name].check(value)
            except ValueError as error:
                hint = f"{name}: {self.params[name].doc or self.params[name].range}"
                raise UsageError(f"{self.kind} {self.name!r}, parameter {name!r}: {error}", hint) from None
        return values

    @property
    def home(self) -> str:
        """Name of the module that the factory is in; empty if it does not tell."""
        if isinstance(self.factory, str):
            return self.factory.partition(":")[0]
        return str(getattr(self.factory, "__module__", None) or "")

    def load(self) -> Callable[..., Any]:
        """Return the factory itself.

        Raises:
            PluginError: It names a module or attribute that cannot be imported.
        """
        if not isinstance(self.factory, str):
            return self.factory
        module, _, attribute = self.factory.partition(":")
        try:
            with put_back([]):  # else a plugin would change what its own cell is measured with
                loaded: Callable[..., Any] = getattr(import_module(module), attribute)
        except Exception as error:
            raise PluginError(
                f"{self.kind} {self.name!r}: its factory {self.factory!r} cannot be imported: {error!r}",
                "'snnbench plugins' tells which package provides it",
            ) from error
        return loaded


def defaults(specs: Iterable[Spec], name: str) -> SimpleNamespace:
    """Return the defaults that the spec ``name`` gives its parameters, as attributes.

    A factory's signature takes its defaults from here: they stand in the spec, which is read without
    torch, and nowhere else.
    """
    (spec,) = (spec for spec in specs if spec.name == name)
    return SimpleNamespace(**spec.resolve(()))
