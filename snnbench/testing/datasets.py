"""Probe what a dataset claims."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import combinations
from typing import Final

from torch import Tensor

from snnbench.data.checks import checked
from snnbench.data.dataset import Dataset, Split
from snnbench.data.recordings import Recordings
from snnbench.data.sequences import Sequences
from snnbench.errors import DataError, SnnbenchError
from snnbench.measure.dataset import digests
from snnbench.plugin.spec import Spec
from snnbench.plugin.specs import DatasetSpec
from snnbench.records import Params
from snnbench.testing.casebook import Probe
from snnbench.testing.outcomes import Undecided, Violation
from snnbench.testing.specs import SPEC_PROBES


class Subject:
    """The probes run on a dataset at given parameters."""

    def __init__(self, spec: DatasetSpec, params: Params, beside: Sequence[Spec] = ()) -> None:
        self.spec = spec
        self.params = params

    @cached_property
    def data(self) -> Dataset:
        """Return the dataset, loaded once."""
        return self.load()

    @cached_property
    def made(self) -> object:
        """Return what its factory returns, once."""
        return self.make()

    def make(self) -> object:
        """Return what its factory returns, afresh.

        Raises:
            Undecided: It must be downloaded, or cannot be had here.
        """
        if self.spec.files:
            raise Undecided("it is read from files that must be downloaded")
        try:
            return self.spec.load()(None, **self.spec.resolve(self.params))
        except SnnbenchError as error:
            raise Undecided(f"it cannot be had here: {error.message}") from None

    def load(self) -> Dataset:
        """Return the dataset, afresh, as the engine takes it.

        Raises:
            Undecided: It cannot be had here, or its splits are wrong, which one probe alone reports.
        """
        try:
            return checked(self.make(), self.spec.name, self.spec.data)
        except DataError as error:
            raise Undecided(f"its splits are wrong: {error.message}") from None

    @property
    def splits(self) -> dict[str, Split]:
        """Name to split."""
        return {name: getattr(self.data, name) for name in ("train", "validation", "test")}


def disjoint(subject: Subject) -> None:
    """No sample is in two splits."""
    if any(isinstance(split.x, Recordings) for split in subject.splits.values()):
        raise Undecided("its recordings stay in their files")
    found = {
        name: {digest: i for i, digest in enumerate(digests(split.x))}
        for name, split in subject.splits.items()
    }
    for one, other in combinations(found, 2):
        both = found[one].keys() & found[other].keys()
        if both:
            first = min(both, key=lambda digest: found[one][digest])
            raise Violation(
                f"{len(both)} samples are in its {one} and in its {other} split",
                smallest=f"{one}.x[{found[one][first]}] is {other}.x[{found[other][first]}]",
                hint="cut the splits from samples that are all different",
            )


def splits(subject: Subject) -> None:
    """Samples and classes are as many, of the kind and range that the engine takes."""
    try:
        checked(subject.made, subject.spec.name, subject.spec.data)
    except DataError as error:
        raise Violation(error.message, hint=error.hint) from None


def every_class(subject: Subject) -> None:
    """Every class is in every split."""
    for name, split in subject.splits.items():
        missing = sorted(set(range(subject.data.classes)) - set(split.y.tolist()))
        if missing:
            raise Violation(
                f"its {name} split has no sample of class {missing[0]}", hint="stratify the splits"
            )


def values(subject: Subject) -> None:
    """Samples are finite."""
    for name, split in subject.splits.items():
        x = split.x.values if isinstance(split.x, Sequences) else split.x
        if isinstance(x, Tensor) and not bool(x.isfinite().all()):
            raise Violation(f"{name}.x has values that are not finite")


def stable(subject: Subject) -> None:
    """Check that every load has the same content."""
    first, again = subject.data.checksum, subject.load().checksum
    if first != again:
        raise Violation(
            f"its checksum is {first} at one load and {again} at the next",
            hint="generate and split it from fixed seeds of its own",
        )


def declared(subject: Subject) -> None:
    """Check the checksum and the size that the spec declares."""
    spec = subject.spec
    if subject.params:
        raise Undecided("the spec declares a checksum of its defaults alone")
    if spec.samples and spec.samples != len(subject.data.train):
        raise Violation(
            f"its spec says samples={spec.samples}, but there are {len(subject.data.train)} to train on"
        )
    if not spec.checksum:
        raise Violation(
            "its spec declares no checksum",
            hint=f'checksum="{subject.data.checksum}" is that of this content',
        )
    if spec.checksum != subject.data.checksum:
        raise Violation(
            f"its spec declares the checksum {spec.checksum!r}, but it is {subject.data.checksum!r}",
            hint="give the new one and raise the spec's version",
        )


PROBES: Final = (
    *SPEC_PROBES,
    Probe("splits[disjoint]", "that no sample is in two splits", disjoint),
    Probe("splits[whole]", "that each sample has a class, and both are of the kind its spec says", splits),
    Probe("classes[every]", "that every class is in every split", every_class),
    Probe("samples", "that samples are finite", values),
    Probe("checksum[stable]", "that its content is the same at every load", stable),
    Probe("checksum[declared]", "that its content is what its spec declares", declared),
)
