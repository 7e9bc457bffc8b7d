"""Combine the axes of a matrix: the product of the axes, or several of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any, TypeAlias, cast

from snnbench.axes import AXES, Axis
from snnbench.errors import UsageError
from snnbench.matrix.axes import Axes, Choice, axis
from snnbench.matrix.spec import Matrix
from snnbench.plugin.host import Host
from snnbench.plugin.specs import DatasetSpec, EncoderSpec, NeuronSpec

MOST_CELLS = 1_000_000
"""More cells than this are taken for a sweep that got out of hand."""

Parts: TypeAlias = dict[str, Choice]
"""Kind to the component of one combination; without a surrogate if the neuron does not spike."""

Changes: TypeAlias = Mapping[str, Any]
"""Fields of the budget that a block changes, to their values."""


def union(matrix: Matrix, host: Host) -> Axes:
    """Return every component that ``matrix`` combines, by kind."""
    texts = {kind: [text for block in matrix.blocks for text in block[kind]] for kind in AXES}
    return {kind: axis(kind, tuple(dict.fromkeys(texts[kind])), host) for kind in AXES}


def check_size(blocks: Sequence[Axes], seeds: Sequence[int]) -> None:
    """Refuse a matrix that lacks a surrogate, or that spans more cells than anyone means.

    Raises:
        UsageError: It does.
    """
    for axes in blocks:
        spiking = [choice.component.name for choice in axes["neuron"] if spikes(choice)]
        if spiking and not axes["surrogate"]:
            raise UsageError(
                f"neuron {spiking[0]!r} spikes, and the matrix names no surrogate",
                'try surrogates = ["fast_sigmoid"]',
            )
    count = len(seeds) * sum(math.prod(len(one) for one in axes.values() if one) for axes in blocks)
    if count > MOST_CELLS:
        raise UsageError(f"the matrix spans {count:,} cells, more than {MOST_CELLS:,}", "sweep fewer values")


def spikes(neuron: Choice) -> bool:
    """Return whether the neuron spikes, and hence takes a surrogate."""
    return cast(NeuronSpec, neuron.provided.spec).spike != "none"


def combinations(blocks: Iterable[tuple[Axes, Changes]]) -> Iterator[tuple[int, Parts]]:
    """Yield all combinations of each block, with its index; one that several blocks have comes once.

    Combinations whose budgets are changed in different ways are different ones.
    """
    seen: set[tuple[str, ...]] = set()
    for index, (axes, changes) in enumerate(blocks):
        for parts in _product(axes):
            identities = (*(part.identity for part in parts.values()), repr(sorted(changes.items())))
            if identities not in seen:
                seen.add(identities)
                yield index, parts


def _product(axes: Axes) -> Iterator[Parts]:
    always = [kind for kind in AXES if kind != Axis.SURROGATE]
    for choices in product(*(axes[kind] for kind in always)):
        parts = dict(zip(always, choices, strict=True))
        if spikes(parts["neuron"]):
            yield from ({**parts, "surrogate": surrogate} for surrogate in axes["surrogate"])
        else:
            yield parts


def mismatch(parts: Parts) -> str | None:
    """Return why two of its components do not go together, if they do not."""
    return _not_encoded(parts) or _not_taken(parts)


def _not_encoded(parts: Parts) -> str | None:
    """Return why the encoder cannot encode the dataset."""
    encoder = cast(EncoderSpec, parts["encoder"].provided.spec)
    dataset = cast(DatasetSpec, parts["dataset"].provided.spec)
    if dataset.data in encoder.accepts:
        return None
    kinds = " or ".join(sorted(encoder.accepts))
    return f"{encoder.name} encodes {kinds} data; {dataset.name} is {dataset.data} data"


def _not_taken(parts: Parts) -> str | None:
    """Return why the neuron does not take the surrogate."""
    taken = cast(NeuronSpec, parts["neuron"].provided.spec).surrogates
    if not taken or "surrogate" not in parts or parts["surrogate"].provided.spec in taken:
        return None
    owner, names = parts["neuron"].provided.distribution, ", ".join(spec.name for spec in taken)
    return f"{parts['neuron'].component.name} takes only the surrogates of {owner}: {names}"
