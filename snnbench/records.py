"""Plain data that flows from the plan to the report: what is run, and what came of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Annotated, Any, Literal, TypeAlias

from annotated_types import Ge, Gt, Le

from snnbench.errors import UsageError, did_you_mean

PROTOCOL = 1
"""Version of the measuring protocol. Rows of different protocols are never compared."""

SCHEMA = 1
"""Version of the journal's line format."""

Scalar: TypeAlias = bool | int | float | str
Value: TypeAlias = Scalar | tuple[Scalar | tuple[Scalar, ...], ...]
Params: TypeAlias = tuple[tuple[str, Value], ...]


def format_value(value: Value) -> str:
    """A parameter's value as the matrix would write it: ``0.9``, ``true``, ``zero``, ``[64,128]``."""
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
class Regulariser:
    """A term of the loss: ``weight · (λ − target)²``, its mean over samples and exponents.

    Attributes:
        weight: Of the term.
        target: Where λ is to go, nats a step.
        estimator: ``lambda_grad``: exponents of the gradient; ``lambda_delta``: growth of a perturbation.
        every: The term is part of one optimiser step in so many.
        exponents: How many of the largest exponents; of ``lambda_grad``.
        delta: Size of the perturbation; of ``lambda_delta``.
    """

    weight: Annotated[float, Gt(0)]
    target: float = 0.0
    estimator: Literal["lambda_grad", "lambda_delta"] = "lambda_grad"
    every: Annotated[int, Ge(1)] = 1
    exponents: Annotated[int, Ge(1), Le(8)] = 1
    delta: Annotated[float, Gt(0)] = 1.0

    def __str__(self) -> str:
        """``0.1·(lambda_grad→0)²``, and what else is not usual."""
        detail = {
            "lambda_grad": self.exponents if self.exponents > 1 else "",
            "lambda_delta": f"{self.delta:g}",
        }
        kind = f"[{detail[self.estimator]}]" if detail[self.estimator] else ""
        often = f" every {self.every}" if self.every > 1 else ""
        return f"{self.weight:g}·({self.estimator}{kind}→{self.target:g})²{often}"


@dataclass(frozen=True, slots=True)
class Budget:
    """What every cell may spend on training: the same for all rows that are compared.

    Attributes:
        steps: Time steps T an image is shown for.
        epochs: Passes over the training split.
        batch_size: Samples B of one optimiser step.
        learning_rate: Adam's step size.
        weight_decay: Adam's L2 term.
        stability: A term of the loss that moves a Lyapunov exponent; None for the plain loss.
        truncate: Steps K of a window that gradients do not leave: truncated backpropagation. 0: all.
        checkpoint: Steps K of a window: only the state between windows is kept, and each window is
            computed again for its backward pass. The gradients stay what they are. 0: no windows.

    Raises:
        UsageError: Both windows are given.
    """

    steps: Annotated[int, Ge(1)] = 25
    epochs: Annotated[int, Ge(0)] = 20
    batch_size: Annotated[int, Ge(1)] = 64
    learning_rate: Annotated[float, Gt(0)] = 1e-3
    weight_decay: Annotated[float, Ge(0)] = 0.0
    stability: Regulariser | None = None
    truncate: Annotated[int, Ge(0)] = 0
    checkpoint: Annotated[int, Ge(0)] = 0

    def __post_init__(self) -> None:
        if self.truncate and self.checkpoint:
            raise UsageError(
                "train: truncate and checkpoint are both given",
                "truncation computes its windows again anyway: leave out checkpoint",
            )


@dataclass(frozen=True, slots=True)
class Measure:
    """Which standard measurements follow the training; accuracy always does.

    Attributes:
        throughput: Time training steps and inference.
        throughput_seconds: Time cap of one rate, after its warm-up.
        memory: Peak memory and bytes saved for backward.
        stability: Lyapunov exponents, before and after the training.
        stability_every: Epochs between measurements along the training; 0 for none.
        stability_exponents: How many of the largest exponents of the gradient.
        reference: The neuron that each cell's neuron is compared with, as a matrix writes it; empty
            for no comparison. Where throughput is measured, so is its ratio to the reference's.
        floor: A neuron that costs next to nothing, likewise: each cell's throughput is compared with
            that of the same network with this neuron.
    """

    throughput: bool = True
    throughput_seconds: Annotated[float, Gt(0)] = 0.5
    memory: bool = True
    stability: bool = True
    stability_every: Annotated[int, Ge(0)] = 0
    stability_exponents: Annotated[int, Ge(1)] = 1
    reference: str = ""
    floor: str = ""


INITIAL = "initial."
"""Before the name of a metric that was measured before training."""

HEADLINES = {
    "throughput": "throughput.training",
    "memory": "memory.training_peak",
    "stability": "stability.lambda_grad",
    "reference": "equivalence.spike_flips",
    "floor": "throughput.training_floor",
}
"""The first metric of each field of ``Measure``."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One combination and seed: the unit that is trained, measured and journalled.

    Attributes:
        surrogate: None for a neuron that does not spike.
        seed: Index of the repetition, from 0.
        key: Hash over everything that could change the cell's numbers (see ``cell_key``).
    """

    dataset: Component
    encoder: Component
    network: Component
    neuron: Component
    surrogate: Component | None
    budget: Budget
    seed: int
    key: str = ""

    @property
    def components(self) -> dict[str, Component]:
        """Kind to component, in the order of the id."""
        parts = {
            "dataset": self.dataset,
            "encoder": self.encoder,
            "network": self.network,
            "neuron": self.neuron,
        }
        return parts if self.surrogate is None else {**parts, "surrogate": self.surrogate}

    @property
    def combination(self) -> str:
        """The cell without its seed: ``digits/rate/dense/lif[beta=0.9]/atan``; then what is in its loss."""
        penalty = self.budget.stability
        return "/".join(map(str, (*self.components.values(), *([penalty] if penalty else []))))

    @property
    def id(self) -> str:
        """The cell as people name it: ``digits/rate/dense/lif[beta=0.9]/atan/s0``."""
        return f"{self.combination}/s{self.seed}"


OPTIONAL = {"stability", "truncate", "checkpoint"}
"""Fields of a budget that are left out of a key where they are not used."""


def cell_key(identities: Mapping[str, object], budget: Budget, seed: int) -> str:
    """Sixteen hex digits that change whenever the cell's numbers could.

    Args:
        identities: For each axis, whatever tells the component apart: name, version, the
            distribution that provides it and its version, all parameters, a dataset's checksum.
        budget: The training budget.
        seed: Index of the repetition.
    """
    content = {"protocol": PROTOCOL, "parts": identities, "budget": budget, "seed": seed}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=_fields)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _fields(record: Any) -> dict[str, object]:
    """A record's fields; ``asdict`` copies them and takes most of the time of a large plan.

    What is optional in a budget and left out leaves no trace: it came after the first keys were published.
    """
    values = ((item.name, getattr(record, item.name)) for item in fields(record))
    if isinstance(record, Budget):
        return {name: value for name, value in values if value or name not in OPTIONAL}
    return dict(values)


def derive_seed(key: str, stream: str) -> int:
    """A 63-bit seed for one named stream of a cell: ``weights``, ``order``, ``encoder``, ``probe``.

    Streams of one cell, and one stream of two cells, are independent.
    """
    digest = hashlib.sha256(f"{key}/{stream}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


class Status(StrEnum):
    """How a cell ended."""

    DONE = "done"
    FAILED = "failed"
    OOM = "oom"
    TIMEOUT = "timeout"
    DIVERGED = "diverged"
    SKIPPED = "skipped"
    INTERRUPTED = "interrupted"


class Rerun(StrEnum):
    """Which cells of the plan are run although the journal has them."""

    MISSING = "missing"
    FAILED = "failed"
    ALL = "all"


class EngineChoice(StrEnum):
    """What is to run populations over time; ``auto`` compiles where that pays."""

    AUTO = "auto"
    EAGER = "eager"
    COMPILED = "compiled"

    @classmethod
    def of(cls, text: str) -> EngineChoice:
        """The choice that is called ``text``.

        Raises:
            UsageError: There is none.
        """
        try:
            return cls(text)
        except ValueError:
            raise UsageError(f"there is no engine {text!r}", did_you_mean(text, cls)) from None


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
        """A number that could not be measured."""
        return cls(value=None, unit=unit, reason=reason)


@dataclass(frozen=True, slots=True)
class Environment:
    """Where a cell ran.

    Attributes:
        values: What describes the machine, the software and the settings, name to text.
        identity: Hash of those among them that could change a number.
    """

    identity: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CellResult:
    """What came of one cell; one line of the journal.

    Attributes:
        cell: What was run.
        status: How it ended.
        reason: Why it is not ``done``; empty when it is.
        metrics: Name (``accuracy.test``) to number.
        series: Name (``validation.accuracy``) to one number an epoch. ``stability.epochs`` has the numbers
            of trained epochs after which the other ``stability.*`` were measured.
        labels: Claims and settings a reader needs beside the numbers: ``spike`` = ``graded``.
        device: Where the tensors were: ``cpu``, ``cuda:0``.
        engine: What ran the populations in the end: ``eager``, ``compiled``, or ``native`` where
            no engine changes anything: a neuron with a kernel of its own, or without a state.
        environment: Identity of the ``Environment`` it ran in.
        started: Start, ISO 8601, UTC.
        seconds: Wall time from start to end.
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
    started: str = ""
    seconds: float = 0.0
    traceback: str = ""
    protocol: int = PROTOCOL
    schema: int = SCHEMA

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """Two results of one identity measure the same thing in the same place."""
        return (self.cell.key, self.device, self.engine, self.environment)


@dataclass(frozen=True, slots=True)
class RunHeader:
    """What a run is, beside its results.

    Attributes:
        matrix: Name of the matrix.
        content: The matrix in full, normalised, with the filters of the command applied.
        version: The suite's version.
        commit: The suite's commit, where it runs from a git checkout.
        plugins: Distribution of each plugin in use to its version.
        environments: Identity of each environment to what describes it, name to text.
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
    command: str = ""
    started: str = ""
    schema: int = SCHEMA
