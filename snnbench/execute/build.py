"""A builder makes the live objects of one cell from its specs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import cast

import torch

from snnbench.core.eager import EAGER, Engine
from snnbench.core.network import Network
from snnbench.core.neuron import Neuron
from snnbench.core.surrogate import Surrogate
from snnbench.data import fetch
from snnbench.data.checks import checked
from snnbench.data.dataset import Dataset, Encoder
from snnbench.data.encoded import encoded
from snnbench.data.events import Events
from snnbench.data.recordings import Recordings
from snnbench.errors import DataError, UsageError
from snnbench.identity import encoding_key
from snnbench.plugin.spec import Spec
from snnbench.plugin.specs import DatasetSpec, EncoderSpec, NeuronSpec, SurrogateSpec
from snnbench.records import Cell, Component, derive_seed


class Builder:
    """Builds what a cell names, from generators derived from the cell's key.

    Args:
        cell: What to build.
        specs: The specs of its components, by kind.
        data_root: Where datasets are.
        keys: The key of each component, by kind; without them, nothing is looked for among encoded datasets.
        suite: Hash of the suite's code.

    Attributes:
        engine: Runs the networks.
    """

    def __init__(
        self,
        cell: Cell,
        specs: Mapping[str, Spec],
        data_root: Path | None,
        keys: Mapping[str, str] = MappingProxyType({}),
        suite: str = "",
    ) -> None:
        self.cell = cell
        self.specs = specs
        self.data_root = data_root
        self.keys = keys
        self.suite = suite
        self.engine: Engine = EAGER

    @cached_property
    def source(self) -> Dataset:
        """Return the dataset as it was published or generated.

        Raises:
            DataError: A split is not what it must be, or its content is not what its spec declares.
        """
        spec = cast(DatasetSpec, self.specs["dataset"])
        made = self._make("dataset", self.cell.dataset, self.data_root)
        data = checked(made, str(self.cell.dataset), spec.data)
        declared = spec.checksum if spec.resolve(()) == spec.resolve(self.cell.dataset.params) else ""
        if declared and data.checksum != declared:
            raise DataError(
                f"dataset {spec.name!r} has checksum {data.checksum}, expected {declared}",
                "its source has changed: results would not be comparable with published ones",
            )
        return data

    def check_files(self, note: Callable[[str], None], *, download: bool) -> None:
        """See to it that the files of the dataset are there and whole.

        Args:
            note: Told what a person should know.
            download: Fetch what is missing.

        Raises:
            DataError: They are not.
        """
        spec = cast(DatasetSpec, self.specs["dataset"])
        content = str(spec.resolve(self.cell.dataset.params).get("content", ""))
        fetch.verify(spec, content, self.data_root, note, download=download)

    def check_samples(self, note: Callable[[str], None]) -> None:
        """Read the dataset; see to it that it is what it claims to be, and has enough samples.

        Args:
            note: Told what a person should know.

        Raises:
            DataError: It is not.
            UsageError: It has fewer training samples than a batch.
        """
        self.check_batch(self._encoded(note)[0])

    def check_batch(self, data: Dataset) -> None:
        """Refuse a batch that is larger than the training split of ``data``.

        Raises:
            UsageError: It is.
        """
        if (size := self.cell.budget.batch_size) > len(data.train):
            raise UsageError(
                f"batch_size {size} exceeds the {len(data.train)} training samples of {self.cell.dataset}",
                "train.batch_size in the matrix",
            )

    @property
    def data(self) -> Dataset:
        """Return the dataset: its samples are what ``encoder`` takes."""
        return self._prepared[0]

    @property
    def encoder(self) -> Encoder:
        """Return what encodes the samples of ``data``; if they are recordings encoded before, gives those."""
        return self._prepared[1]

    @cached_property
    def own_encoder(self) -> Encoder:
        """Return what the cell names as its encoder, of samples as they were published."""
        return cast(Encoder, self._make("encoder", self.cell.encoder, self.cell.budget.steps))

    @cached_property
    def _prepared(self) -> tuple[Dataset, Encoder]:
        return self._encoded()

    def _encoded(self, note: Callable[[str], None] = lambda text: None) -> tuple[Dataset, Encoder]:
        """Return the recordings that are always encoded the same way, encoded.

        For a job that only reads data, name the dataset and the encoder.
        """
        spec, steps = cast(EncoderSpec, self.specs["encoder"]), self.cell.budget.steps
        encoder = self.own_encoder
        recorded = isinstance(self.source.train.x, Events | Recordings)
        if not (spec.deterministic and recorded and self.keys):
            return self.source, encoder
        key = encoding_key(
            self.keys["dataset"], self.keys["encoder"], steps, self.source.checksum, self.suite
        )
        return encoded(self.source, encoder, key, note)

    def network(self) -> Network:
        """Return a fresh network on the CPU; the same weights at every call.

        Torch's own generator, which a plugin may draw from, is seeded meanwhile and then put back.
        """
        return self.network_with(self.cell.neuron, cast(NeuronSpec, self.specs["neuron"]))

    def network_with(self, neuron: Component, spec: NeuronSpec) -> Network:
        """Return the same of another neuron, with the cell's surrogate.

        Raises:
            UsageError: It spikes, and the cell has no surrogate.
        """
        seed = derive_seed(self.cell.key, "weights")
        with torch.random.fork_rng([]):
            torch.manual_seed(seed)
            generator = torch.Generator().manual_seed(seed)
            population = self._population(neuron, spec, generator)
            sample = self.encoder(self.data.train.x[:1], torch.Generator().manual_seed(0))
            shape, classes = tuple(sample.shape[2:]), self.data.classes
            made = self._make("network", self.cell.network, shape, classes, population, generator)
        return cast(Network, made).taking(shape).run_by(self.engine).spend(self.cell.budget)

    def population(self, neuron: Component, spec: NeuronSpec) -> Callable[[tuple[int, ...]], Neuron]:
        """Return what makes a population of another neuron, with the cell's surrogate.

        Raises:
            UsageError: It spikes, and the cell has no surrogate.
        """
        return self._population(
            neuron, spec, torch.Generator().manual_seed(derive_seed(self.cell.key, "reference"))
        )

    def _population(
        self, neuron: Component, spec: NeuronSpec, generator: torch.Generator
    ) -> Callable[[tuple[int, ...]], Neuron]:
        surrogate = None
        if spec.spike != "none":
            if self.cell.surrogate is None:
                raise UsageError("the neuron does not spike")
            noise = torch.Generator().manual_seed(derive_seed(self.cell.key, "surrogate"))
            random = cast(SurrogateSpec, self.specs["surrogate"]).random
            surrogate = cast(Surrogate, self._make("surrogate", self.cell.surrogate, *[noise] * random))
        factory, params = spec.load(), spec.resolve(neuron.params)
        return lambda features: cast(Neuron, factory(features, surrogate, generator, **params))

    def _make(self, kind: str, component: Component, *args: object) -> object:
        return self._bind(kind, component)(*args)

    def _bind(self, kind: str, component: Component) -> Callable[..., object]:
        """Return the factory of a component, with its parameters filled in."""
        spec = self.specs[kind]
        factory, params = spec.load(), spec.resolve(component.params)
        return lambda *args: factory(*args, **params)
