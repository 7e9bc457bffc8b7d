"""Every key, and what each covers: it changes with anything it covers, and with nothing else.

=============== ========================================================================================
component       name, version, parameters, distribution with version, code, published files
version         the components of a cell: what tells older code of one combination from newer
cell            protocol, version, training budget, seed
measurement     its settings; the neurons it compares with or the measurement component, as components
encoded data    dataset and encoder as components, number of steps, checksum of the samples, the suite's code
environment     machine, software, threads: what could change a number and is the same for all cells
=============== ========================================================================================

A result is what one cell measured in one environment. It stands for the cell as long as the key of each
measurement that is asked for is the one it was made with.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from snnbench.plugin.code import code_of
from snnbench.plugin.host import Provided
from snnbench.plugin.sources import BUILTIN
from snnbench.plugin.specs import DatasetSpec
from snnbench.records import PROTOCOL, Value
from snnbench.settings import Budget, Measure


def component_code(provided: Provided) -> dict[str, str]:
    """Return the code that a component runs: modules to hashes, distributions to versions.

    Nothing for a built-in one: its version tells, and the environment, which has the suite's code.
    """
    return {} if provided.distribution == BUILTIN else code_of((provided.module, provided.spec.home))


def component_key(provided: Provided, code: Mapping[str, str], params: Mapping[str, Value]) -> str:
    """Return the key of a component, 16 hex digits.

    Args:
        provided: The component.
        code: As ``component_code`` gives it.
        params: All its parameters, the defaults too.
    """
    spec = provided.spec
    content = {
        "kind": spec.kind,
        "name": spec.name,
        "version": spec.version,
        "params": params,
        "distribution": provided.distribution,
        "release": provided.release,
        "code": code,
        "checksum": spec.checksum if isinstance(spec, DatasetSpec) else "",
        "files": [file.checksum for file in spec.files] if isinstance(spec, DatasetSpec) else [],
    }
    return _key(content)


def version_key(parts: Mapping[str, str]) -> str:
    """Return the key of the components of a cell, 16 hex digits; ``parts`` has the key of each kind's."""
    return _key(parts)


def cell_key(version: str, budget: Budget, seed: int) -> str:
    """Return the key of a cell, 16 hex digits.

    Args:
        version: As ``version_key`` gives it.
        budget: The training budget.
        seed: Index of the repetition.
    """
    return _key({"protocol": PROTOCOL, "version": version, "budget": budget, "seed": seed})


def measurement_keys(
    measure: Measure, reference: str, floor: str, extra: Mapping[str, str]
) -> dict[str, str]:
    """Return the key of each measurement that is asked for, by its name.

    Args:
        measure: The standard measurements and their settings.
        reference: Key of the neuron that the cell's is compared with; empty without one.
        floor: Key of the neuron that the cell's speed is compared with besides; empty without one.
        extra: The extra measurements as a result names them, to their keys.
    """
    reference_models = {"reference": reference, "floor": floor}
    keys = {name: _key(key) for name, key in reference_models.items() if key}
    for name in STANDARD:
        if getattr(measure, name):
            keys[name] = _key(
                {**_settings(measure, name), **(reference_models if name == "throughput" else {})}
            )
    return keys | dict(extra)


STANDARD = ("throughput", "memory", "stability")
"""The measurements that fields of ``Measure`` ask for. The names of their settings begin with their own."""


def _settings(measure: Measure, name: str) -> dict[str, object]:
    return {one.name: getattr(measure, one.name) for one in fields(Measure) if one.name.startswith(name)}


def encoding_key(dataset: str, encoder: str, steps: int, checksum: str, suite: str) -> str:
    """Return the key of an encoded dataset, 16 hex digits.

    Args:
        dataset: Key of the dataset, whose code reads the recordings.
        encoder: Key of the encoder.
        steps: Number of time steps it encodes to.
        checksum: Of the dataset's content.
        suite: Hash of the suite's code: the built-in readers and encoders.
    """
    parts = {"dataset": dataset, "encoder": encoder, "steps": steps, "checksum": checksum, "suite": suite}
    return _key(parts)


def environment_key(values: Mapping[str, str]) -> str:
    """Return the key of what describes an environment and could change a number, 16 hex digits."""
    return _key(values)


def _key(content: object) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=_fields)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _fields(record: Any) -> dict[str, object]:
    """Return a record's fields; ``asdict`` copies them and takes most of the time of a large plan."""
    if not is_dataclass(record):
        raise TypeError(f"{record!r} cannot be part of a key")
    return {one.name: getattr(record, one.name) for one in fields(record)}
