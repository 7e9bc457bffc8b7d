"""snnbench measures accuracy, throughput, memory and Lyapunov stability of spiking neural networks.

Importing this package imports neither torch nor pandas; each name below is loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from snnbench import errors as errors
    from snnbench import lyapunov as lyapunov
    from snnbench.api import run as run
    from snnbench.core.adapter import LibraryNeuron as LibraryNeuron
    from snnbench.core.adapter import LibrarySurrogate as LibrarySurrogate
    from snnbench.core.adapter import drawing_from as drawing_from
    from snnbench.core.network import Network as Network
    from snnbench.core.neuron import Neuron as Neuron
    from snnbench.core.surrogate import Surrogate as Surrogate
    from snnbench.core.surrogate import spikes_are_frozen as spikes_are_frozen
    from snnbench.data.dataset import Dataset as Dataset
    from snnbench.data.dataset import Encoder as Encoder
    from snnbench.data.dataset import Split as Split
    from snnbench.data.events import Events as Events
    from snnbench.factory.make import create_conv_snn as create_conv_snn
    from snnbench.factory.make import make_dataset as make_dataset
    from snnbench.factory.make import make_encoder as make_encoder
    from snnbench.factory.make import make_network as make_network
    from snnbench.factory.make import make_neuron as make_neuron
    from snnbench.factory.make import make_surrogate as make_surrogate
    from snnbench.plugin.claims import FromParam as FromParam
    from snnbench.plugin.given import GivenSpecs as GivenSpecs
    from snnbench.plugin.hookspecs import hookimpl as hookimpl
    from snnbench.plugin.library import Library as Library
    from snnbench.plugin.params import Param as Param
    from snnbench.plugin.specs import DatasetSpec as DatasetSpec
    from snnbench.plugin.specs import EncoderSpec as EncoderSpec
    from snnbench.plugin.specs import MeasurementSpec as MeasurementSpec
    from snnbench.plugin.specs import NetworkSpec as NetworkSpec
    from snnbench.plugin.specs import NeuronSpec as NeuronSpec
    from snnbench.plugin.specs import SurrogateSpec as SurrogateSpec
    from snnbench.quantities import Better as Better
    from snnbench.quantities import Flag as Flag
    from snnbench.quantities import Phase as Phase
    from snnbench.quantities import Quantity as Quantity
    from snnbench.quantities import Scale as Scale
    from snnbench.records import Cell as Cell
    from snnbench.records import CellResult as CellResult
    from snnbench.records import Metric as Metric
    from snnbench.results import leaderboard as leaderboard
    from snnbench.results import load_results as load_results

_HOMES = {
    "leaderboard": "snnbench.results",
    "load_results": "snnbench.results",
    "run": "snnbench.api",
    "create_conv_snn": "snnbench.factory.make",
    "make_dataset": "snnbench.factory.make",
    "make_encoder": "snnbench.factory.make",
    "make_network": "snnbench.factory.make",
    "make_neuron": "snnbench.factory.make",
    "make_surrogate": "snnbench.factory.make",
    "hookimpl": "snnbench.plugin.hookspecs",
    "Cell": "snnbench.records",
    "CellResult": "snnbench.records",
    "LibraryNeuron": "snnbench.core.adapter",
    "LibrarySurrogate": "snnbench.core.adapter",
    "drawing_from": "snnbench.core.adapter",
    "Dataset": "snnbench.data.dataset",
    "Encoder": "snnbench.data.dataset",
    "Split": "snnbench.data.dataset",
    "Events": "snnbench.data.events",
    "Network": "snnbench.core.network",
    "Neuron": "snnbench.core.neuron",
    "Surrogate": "snnbench.core.surrogate",
    "spikes_are_frozen": "snnbench.core.surrogate",
    "DatasetSpec": "snnbench.plugin.specs",
    "EncoderSpec": "snnbench.plugin.specs",
    "FromParam": "snnbench.plugin.claims",
    "MeasurementSpec": "snnbench.plugin.specs",
    "Better": "snnbench.quantities",
    "Flag": "snnbench.quantities",
    "Phase": "snnbench.quantities",
    "Quantity": "snnbench.quantities",
    "Scale": "snnbench.quantities",
    "Metric": "snnbench.records",
    "NetworkSpec": "snnbench.plugin.specs",
    "NeuronSpec": "snnbench.plugin.specs",
    "GivenSpecs": "snnbench.plugin.given",
    "Library": "snnbench.plugin.library",
    "Param": "snnbench.plugin.params",
    "SurrogateSpec": "snnbench.plugin.specs",
}

_MODULES = ("errors", "lyapunov")

__all__ = ["errors", "lyapunov"]
__all__ += list(_HOMES)


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return version("snnbench")
    if name in _MODULES:
        return import_module(f"snnbench.{name}")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'snnbench' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES, *_MODULES, "__version__"])
