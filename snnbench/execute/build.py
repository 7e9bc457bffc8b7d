"""From specs to live objects, for one cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import cast

import torch

from snnbench.engine.data import Dataset, Encoder
from snnbench.engine.eager import EAGER, Engine
from snnbench.engine.network import Network
from snnbench.engine.neuron import Neuron
from snnbench.engine.surrogate import Surrogate
from snnbench.errors import DataError, UsageError
from snnbench.plugin.specs import DatasetSpec, Spec
from snnbench.records import Cell, Component, derive_seed


class Builder:
    """Builds what a cell names, from generators derived from the cell's key.

    Args:
        cell: What to build.
        specs: The specs of its components, by kind.
        data_root: Where datasets are.

    Attributes:
        engine: Runs the networks.
    """

    def __init__(self, cell: Cell, specs: Mapping[str, Spec], data_root: Path | None) -> None:
        self.cell = cell
        self.specs = specs
        self.data_root = data_root
        self.engine: Engine = EAGER

    @cached_property
    def data(self) -> Dataset:
        """The dataset.

        Raises:
            DataError: Its content is not what its spec declares.
        """
        spec = cast(DatasetSpec, self.specs["dataset"])
        data = cast(Dataset, self._make("dataset", self.cell.dataset, self.data_root))
        declared = spec.checksum if spec.resolve(()) == spec.resolve(self.cell.dataset.params) else ""
        if declared and data.checksum != declared:
            raise DataError(
                f"dataset {spec.name!r} has checksum {data.checksum}, expected {declared}",
                "its source has changed: results would not be comparable with published ones",
            )
        return data

    @cached_property
    def encoder(self) -> Encoder:
        """The encoder."""
        return cast(Encoder, self._make("encoder", self.cell.encoder, self.cell.budget.steps))

    def network(self) -> Network:
        """A fresh network on the CPU; the same weights at every call.

        Torch's own generator, which a plugin may draw from, is seeded meanwhile and then put back.
        """
        seed = derive_seed(self.cell.key, "weights")
        with torch.random.fork_rng([]):
            torch.manual_seed(seed)
            network = self._network(torch.Generator().manual_seed(seed))
        return network.run_by(self.engine).spend(self.cell.budget)

    def population(self, component: Component, spec: Spec) -> Callable[[tuple[int, ...]], Neuron]:
        """What makes a population of another neuron, with the cell's surrogate.

        Raises:
            UsageError: The cell has no surrogate.
        """
        if self.cell.surrogate is None:
            raise UsageError("the neuron does not spike")
        surrogate = self._make("surrogate", self.cell.surrogate)
        generator = torch.Generator().manual_seed(derive_seed(self.cell.key, "reference"))
        factory, params = spec.load(), spec.resolve(component.params)
        return lambda features: cast(Neuron, factory(features, surrogate, generator, **params))

    def _network(self, generator: torch.Generator) -> Network:
        surrogate = None
        if self.cell.surrogate is not None:
            surrogate = cast(Surrogate, self._make("surrogate", self.cell.surrogate))
        neuron = self._bind("neuron", self.cell.neuron)

        def population(features: tuple[int, ...]) -> Neuron:
            return cast(Neuron, neuron(features, surrogate, generator))

        sample = self.encoder(self.data.train.x[:1], torch.Generator().manual_seed(0))
        shape, classes = tuple(sample.shape[2:]), self.data.classes
        return cast(Network, self._make("network", self.cell.network, shape, classes, population, generator))

    def _make(self, kind: str, component: Component, *args: object) -> object:
        return self._bind(kind, component)(*args)

    def _bind(self, kind: str, component: Component) -> Callable[..., object]:
        """The factory of a component, with its parameters filled in."""
        spec = self.specs[kind]
        factory, params = spec.load(), spec.resolve(component.params)
        return lambda *args: factory(*args, **params)
