"""What a plugin hands over: frozen descriptions whose factories are imported only when used."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from importlib import import_module
from types import SimpleNamespace
from typing import Any, ClassVar, Literal, TypeAlias, cast

from snnbench.axes import Axis
from snnbench.errors import PluginError, UsageError, did_you_mean
from snnbench.plugin.claims import Claims, FromParam, ResetKind, SpikeKind, ThresholdRule
from snnbench.plugin.params import Param
from snnbench.plugin.signature import declared
from snnbench.plugin.state import put_back
from snnbench.records import Params, Value

Factory: TypeAlias = Callable[..., Any] | str
DataKind: TypeAlias = Literal["image", "events", "sequence"]


@dataclass(frozen=True, kw_only=True)
class Spec:
    """What is common to all components.

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


@dataclass(frozen=True, kw_only=True)
class SurrogateSpec(Spec):
    """A spike function. ``factory(**params) -> Surrogate``; ``factory(generator, **params)`` if it is random.

    Attributes:
        graded: Its outputs are graded, whatever the neuron's ``spike`` says, and differentiable.
        threshold: Whether it is silent (``>``) or fires (``>=``) at z = 0; means nothing if graded.
        random: Its derivative has noise, whose seed it draws from a generator.
    """

    kind: ClassVar[str] = Axis.SURROGATE.value

    graded: bool = False
    threshold: ThresholdRule = ">"
    random: bool = False


@dataclass(frozen=True, kw_only=True)
class NeuronSpec(Spec):
    """A neuron model. ``factory(features, surrogate, generator, **params) -> Neuron``.

    ``features`` is the shape of one sample at one step; ``surrogate`` is None when ``spike`` is
    ``none``; ``generator`` draws initial weights. The claims keep unlike models out of one row; one
    that depends on a parameter is ``FromParam``.

    Attributes:
        spike: What an output value can be; ``none`` depends on no parameter.
        threshold: Whether a membrane exactly at threshold is silent (``>``) or fires (``>=``).
        reset: What a spike does to the membrane: takes the threshold off it, sets it to 0, sets it to
            another value of the model, something else, or nothing.
        reset_delay: The reset acts in the step after the spike, not in the step of the spike.
        reset_detached: The gradient does not flow through the reset.
        recurrent: Its units read their own or each other's output through weights.
        causal: The output at t depends on inputs up to t only.
        states: Names of the state tensors, in order.
        whole: It rounds what its surrogate gives: graded spikes are none any more.
        surrogates: The only ones that it takes, its own library's default first; empty for any.
    """

    kind: ClassVar[str] = Axis.NEURON.value

    spike: SpikeKind | FromParam = "binary"
    threshold: ThresholdRule = ">"
    reset: ResetKind | FromParam = "none"
    reset_delay: bool | FromParam = False
    reset_detached: bool | FromParam = False
    recurrent: bool | FromParam = False
    causal: bool = True
    states: tuple[str, ...] | FromParam = ()
    whole: bool | FromParam = False
    surrogates: tuple[SurrogateSpec, ...] = ()

    def is_whole(self, given: Params = ()) -> bool:
        """Return whether the neuron with these parameters rounds what its surrogate gives."""
        return bool(self._said(self.whole, given))

    def state_names(self, given: Params = ()) -> tuple[str, ...]:
        """Return the names of the state tensors of the neuron with these parameters, in order."""
        return cast("tuple[str, ...]", self._said(self.states, given))

    def _said(self, claim: Any, given: Params) -> Any:
        """Return what ``claim`` is with these parameters."""
        return claim.of(self.resolve(given)[claim.name]) if isinstance(claim, FromParam) else claim

    def claims(self, given: Params = ()) -> Claims:
        """Return what the neuron with these parameters is."""
        return Claims(**{one.name: self._said(getattr(self, one.name), given) for one in fields(Claims)})


@dataclass(frozen=True, kw_only=True)
class EncoderSpec(Spec):
    """An encoder. ``factory(steps, **params) -> Encoder``, called ``encoder(x, generator)``.

    Attributes:
        accepts: The kinds of data it can encode.
        deterministic: It draws nothing from the generator: recordings are encoded once and kept on disk.
    """

    kind: ClassVar[str] = Axis.ENCODER.value

    accepts: frozenset[DataKind] = frozenset({"image"})
    deterministic: bool = False


@dataclass(frozen=True, slots=True)
class DataFile:
    """A published file that a dataset is read from.

    Attributes:
        path: Where it is kept, below the data root.
        checksum: As published: ``md5:…`` or ``sha256:…``.
        urls: Where it can be had, tried in order.
        unpack: The folder, below the data root, that it is unpacked into; None if it is read as it is.
    """

    path: str
    checksum: str
    urls: tuple[str, ...]
    unpack: str | None = None


@dataclass(frozen=True, kw_only=True)
class DatasetSpec(Spec):
    """A dataset. ``factory(root, **params) -> Dataset``.

    One with ``files`` may take the parameter ``content``: the checksum of files that are not the
    published ones, as ``snnbench.data.files.content_checksum`` computes it, which are then read instead.

    Attributes:
        data: The kind of its samples.
        checksum: Of its content with default parameters, as ``Dataset.checksum`` computes it.
        samples: Number of training samples, for the time estimate.
        files: What it is read from; empty for a dataset that is generated or inside a package.
        contents: Globs, below the data root, of what the factory reads once ``files`` are unpacked.
    """

    kind: ClassVar[str] = Axis.DATASET.value

    data: DataKind = "image"
    checksum: str = ""
    samples: int = 0
    files: tuple[DataFile, ...] = ()
    contents: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class NetworkSpec(Spec):
    """A network. ``factory(input_shape, classes, neuron, generator, **params) -> Network``.

    ``neuron`` is a callable that makes a population: ``neuron(features) -> Neuron``.
    """

    kind: ClassVar[str] = Axis.NETWORK.value


@dataclass(frozen=True, kw_only=True)
class MeasurementSpec(Spec):
    """An extra column. ``factory(**params)`` returns a callable, given the trained cell.

    The callable takes a ``snnbench.measure.Trained`` and returns a float, or None and never a
    stand-in when it cannot be measured.

    Attributes:
        unit: Of the value.
        higher_is_better: Direction, or None if neither end is better.
    """

    kind: ClassVar[str] = "measurement"

    unit: str = "1"
    higher_is_better: bool | None = None


KINDS: dict[str, type[Spec]] = {
    spec.kind: spec
    for spec in (NeuronSpec, SurrogateSpec, EncoderSpec, DatasetSpec, NetworkSpec, MeasurementSpec)
}


def defaults(specs: Iterable[Spec], name: str) -> SimpleNamespace:
    """Return the defaults that the spec ``name`` gives its parameters, as attributes.

    A factory's signature takes its defaults from here: they stand in the spec, which is read without
    torch, and nowhere else.
    """
    (spec,) = (spec for spec in specs if spec.name == name)
    return SimpleNamespace(**spec.resolve(()))
