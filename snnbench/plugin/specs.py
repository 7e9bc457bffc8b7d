"""A plugin hands over specs: frozen descriptions whose factories are imported only when used."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Literal, TypeAlias, cast

from snnbench.axes import Axis
from snnbench.plugin.claims import Claims, FromParam, ResetKind, SpikeKind, ThresholdRule
from snnbench.plugin.spec import Spec
from snnbench.quantities import Flag, Phase, Quantity
from snnbench.records import Component, Params

DataKind: TypeAlias = Literal["image", "events", "sequence"]


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
    """A measurement. ``factory(**params)`` returns a callable that is given one cell.

    The callable takes a ``snnbench.measure.CellContext`` and returns a mapping from the name of each quantity
    to a ``Metric`` or a float; to None, and never to a stand-in, where it cannot be measured. One with a
    single quantity may return the number itself.

    Attributes:
        quantities: What it gives. Names are relative to the measurement: the metric of ``rate`` is called
            ``<measurement>.rate``, that of the empty name ``<measurement>``.
        phase: When it is made.
        flags: The warnings that its metrics may carry; None if they carry none.
    """

    kind: ClassVar[str] = "measurement"

    quantities: tuple[Quantity, ...]
    phase: Phase = Phase.TRAINED
    flags: type[Flag] | None = None

    def described(self, component: Component) -> tuple[Quantity, ...]:
        """Return the quantities as a board that asks for ``component`` names them."""
        given = str(component).removeprefix(component.name)
        return tuple(
            replace(one, name=metric_name(component, one.name), title=f"{one.title}{given}")
            for one in self.quantities
        )


def metric_name(component: Component, quantity: str) -> str:
    """Return the name of the metric of one quantity of a measurement."""
    return f"{component}.{quantity}" if quantity else str(component)


KINDS: dict[str, type[Spec]] = {
    spec.kind: spec
    for spec in (NeuronSpec, SurrogateSpec, EncoderSpec, DatasetSpec, NetworkSpec, MeasurementSpec)
}
