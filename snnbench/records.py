"""Plain data that flows from the plan to the report: what is run, and what came of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from snnbench.axes import AXES
from snnbench.quantities import Quantity
from snnbench.settings import Budget

PROTOCOL = 2
"""Version of the measuring protocol: what a cell measures, and how.

It is raised whenever the meaning of a number changes. Every cell key contains it, and rows of different
protocols are never compared.
"""

SCHEMA = 2
"""Version of the journal's line format."""

Scalar: TypeAlias = bool | int | float | str
Value: TypeAlias = Scalar | tuple[Scalar | tuple[Scalar, ...], ...]
Params: TypeAlias = tuple[tuple[str, Value], ...]


def format_value(value: Value) -> str:
    """Return a parameter's value as the matrix would write it: ``0.9``, ``true``, ``zero``, ``[64,128]``."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{','.join(format_value(item) for item in value)}]"
    return str(value)


@dataclass(frozen=True, slots=True)
class Component:
    """One chosen component of a cell.

    Attributes:
        name: How the matrix refers to it: ``lif``, or ``dist:lif`` where that is needed to be clear.
        params: The parameters given explicitly, sorted by name; defaults are left out.
    """

    name: str
    params: Params = ()

    def __str__(self) -> str:
        if not self.params:
            return self.name
        return f"{self.name}[{','.join(f'{name}={format_value(value)}' for name, value in self.params)}]"


@dataclass(frozen=True, slots=True)
class Cell:
    """One combination and seed: the unit that is trained, measured and journalled.

    Attributes:
        surrogate: None for a neuron that does not spike.
        seed: Index of the repetition, from 0.
        key: Hash over everything that could change the cell's numbers (see ``identity.cell_key``).
        version: Hash over the components, their code included, without budget and seed. It tells cells of one
            combination apart that ran different code.
    """

    dataset: Component
    encoder: Component
    network: Component
    neuron: Component
    surrogate: Component | None
    budget: Budget
    seed: int
    key: str = ""
    version: str = ""

    @property
    def components(self) -> dict[str, Component]:
        """Return each kind with its component, in the order of the id."""
        parts: dict[str, Component | None] = {axis: getattr(self, axis) for axis in AXES}
        return {axis: part for axis, part in parts.items() if part is not None}

    @property
    def combination(self) -> str:
        """Return the cell without its seed.

        It reads ``digits/rate/dense/lif[beta=0.9]/atan``; then comes what is in its loss.
        """
        penalty = self.budget.stability
        return "/".join(map(str, (*self.components.values(), *([penalty] if penalty else []))))

    @property
    def id(self) -> str:
        """Return the cell as people name it: ``digits/rate/dense/lif[beta=0.9]/atan/s0``."""
        return f"{self.combination}/s{self.seed}"


def derive_seed(key: str, stream: str) -> int:
    """Return a 63-bit seed for one named stream of a cell: ``weights``, ``order``, ``encoder``, ``probe``.

    Streams of one cell, and one stream of two cells, are independent.
    """
    digest = hashlib.sha256(f"{key}/{stream}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


class Status(StrEnum):
    """This says how a cell ended."""

    DONE = "done"
    FAILED = "failed"
    OOM = "oom"
    TIMEOUT = "timeout"
    DIVERGED = "diverged"
    SKIPPED = "skipped"
    INTERRUPTED = "interrupted"


def class_flag(grade: str) -> str:
    """Return the flag of a ratio to a reference: ``class A`` where ``grade``, the label, is ``A``."""
    return f"class {grade}"


@dataclass(frozen=True, slots=True)
class Metric:
    """One measured number, or the reason why there is none.

    Attributes:
        value: None when it could not be measured; never 0 in its stead.
        unit: ``1`` for a fraction, else the unit's symbol.
        low: Lower end of the value's interval or spread within this cell, if it has one.
        high: Upper end, likewise.
        flags: Warnings that belong beside the value: ``unstable``, ``finite-time``, ``graded``.
        reason: Why ``value`` is None.
    """

    value: float | None
    unit: str = "1"
    low: float | None = None
    high: float | None = None
    flags: tuple[str, ...] = ()
    reason: str | None = None

    @classmethod
    def missing(cls, reason: str, unit: str = "1") -> Metric:
        """Return a number that could not be measured."""
        return cls(value=None, unit=unit, reason=reason)


@dataclass(frozen=True, slots=True)
class Environment:
    """This says where a cell ran.

    Attributes:
        values: What describes the machine, the software and the settings, name to text.
        identity: Hash of those among them that could change a number.
    """

    identity: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CellResult:
    """This says what came of one cell; one line of the journal.

    Attributes:
        cell: What was run.
        status: How it ended.
        reason: Why it is not ``done``; empty when it is.
        metrics: Name (``accuracy.test``) to number.
        series: Name (``validation.accuracy``) to one number an epoch. ``stability.epochs`` has the numbers
            of trained epochs after which the other ``stability.*`` were measured.
        labels: Claims and settings a reader needs beside the numbers: ``spike`` = ``graded``.
        device: Where the tensors were: ``cpu``, ``cuda:0``.
        engine: What ran the populations in the end: ``loop``, ``compiled`` (chunks), ``eager``, or ``native``
            where no engine changes anything: a neuron with a kernel of its own, or without a state. A cell
            that ended before it was known names the engine that was asked for.
        environment: Identity of the ``Environment`` it ran in.
        measured: Name of each measurement that was asked for to its key, as ``identity.measurement_keys``
            gives it.
        started: Start, ISO 8601, UTC.
        seconds: Wall time from start to end, without waiting for other cells to be done.
        traceback: Of the exception that ended the cell, if one did.
        protocol: Version of the measuring protocol it was measured under.
        schema: Version of this format.
    """

    cell: Cell
    status: Status
    reason: str = ""
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    series: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    device: str = "cpu"
    engine: str = "eager"
    environment: str = ""
    measured: Mapping[str, str] = field(default_factory=dict)
    started: str = ""
    seconds: float = 0.0
    traceback: str = ""
    protocol: int = PROTOCOL
    schema: int = SCHEMA

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """Two finished results of one identity measure the same thing in the same place."""
        return (self.cell.key, self.device, self.engine, self.environment)

    @property
    def attempt(self) -> tuple[str, str, str, str]:
        """Two results of one attempt are of one cell on one machine, whatever engine they name.

        A cell that failed may not have got as far as its engine: its ``identity`` says more than is known.
        """
        return (self.cell.key, self.cell.id, self.device, self.environment)


@dataclass(frozen=True, slots=True)
class RunHeader:
    """This says what a run is, beside its results.

    Attributes:
        matrix: Name of the matrix.
        content: The matrix in full, normalised, with the filters of the command applied.
        version: The suite's version.
        commit: The suite's commit, where it runs from a git checkout.
        plugins: Distribution of each plugin in use to its version.
        environments: Identity of each environment to what describes it, name to text.
        quantities: What the measurements of the run say of their numbers, by metric and in the order of the
            columns.
        flags: What they say of their warnings: the sentence of each, in the order of the explanations.
        command: The command line.
        started: Start of the run, ISO 8601, UTC.
        schema: Version of this format.
    """

    matrix: str
    content: Mapping[str, Any] = field(default_factory=dict)
    version: str = ""
    commit: str | None = None
    plugins: Mapping[str, str] = field(default_factory=dict)
    environments: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    quantities: Mapping[str, Quantity] = field(default_factory=dict)
    flags: Mapping[str, str] = field(default_factory=dict)
    command: str = ""
    started: str = ""
    schema: int = SCHEMA
