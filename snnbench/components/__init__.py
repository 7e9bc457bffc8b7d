"""The built-in components, registered through the same hooks as everybody's. Imports no torch."""

from __future__ import annotations

from collections.abc import Iterable

from snnbench.components import datasets, encoders, measurements, networks, neurons, surrogates
from snnbench.plugin.hookspecs import hookimpl
from snnbench.plugin.specs import (
    DatasetSpec,
    EncoderSpec,
    MeasurementSpec,
    NetworkSpec,
    NeuronSpec,
    SurrogateSpec,
)


@hookimpl
def snnbench_neurons() -> Iterable[NeuronSpec]:
    """Return the built-in neuron models."""
    return neurons.SPECS


@hookimpl
def snnbench_surrogates() -> Iterable[SurrogateSpec]:
    """Return the built-in surrogates."""
    return surrogates.SPECS


@hookimpl
def snnbench_encoders() -> Iterable[EncoderSpec]:
    """Return the built-in encoders."""
    return encoders.SPECS


@hookimpl
def snnbench_datasets() -> Iterable[DatasetSpec]:
    """Return the built-in datasets."""
    return datasets.SPECS


@hookimpl
def snnbench_networks() -> Iterable[NetworkSpec]:
    """Return the built-in networks."""
    return networks.SPECS


@hookimpl
def snnbench_measurements() -> Iterable[MeasurementSpec]:
    """Return the built-in measurements that a matrix names; the standard ones are asked for otherwise."""
    return measurements.SPECS
