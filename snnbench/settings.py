"""Define what may be asked of a run: each cell's budget, measurements, engine, and what is run again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final, Literal, TypeAlias

from annotated_types import Ge, Gt, Le

from snnbench.errors import UsageError, did_you_mean

LARGEST: Final = 1e4
"""Of a factor in training. Adam changes every weight by about the learning rate in each step: what is
larger is a slip of the pen, and far larger than float32 can hold."""

Factor: TypeAlias = Annotated[float, Gt(0), Le(LARGEST)]


@dataclass(frozen=True, slots=True)
class Regulariser:
    """The loss has a further term: ``weight · (λ − target)²``, its mean over samples and exponents.

    Attributes:
        weight: Of the term.
        target: Where λ is to go, nats a step.
        estimator: ``lambda_grad``: exponents of the gradient; ``lambda_delta``: growth of a perturbation.
        every: The term is part of one optimiser step in so many.
        exponents: How many of the largest exponents; of ``lambda_grad``.
        delta: Size of the perturbation, in thresholds; of ``lambda_delta``.

    Raises:
        UsageError: A setting of the other estimator is given.
    """

    weight: Factor
    target: Annotated[float, Ge(-LARGEST), Le(LARGEST)] = 0.0
    estimator: Literal["lambda_grad", "lambda_delta"] = "lambda_grad"
    every: Annotated[int, Ge(1)] = 1
    exponents: Annotated[int, Ge(1), Le(8)] = 1
    delta: Factor = 0.1

    def __post_init__(self) -> None:
        idle = {"lambda_grad": ("delta", 0.1), "lambda_delta": ("exponents", 1)}
        name, default = idle[self.estimator]
        if getattr(self, name) != default:
            raise UsageError(f"train.stability: {name} is not for {self.estimator}", f"leave out {name}")

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
    """This says what every cell may spend on training: the same for all rows that are compared.

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
    learning_rate: Factor = 1e-3
    weight_decay: Annotated[float, Ge(0), Le(LARGEST)] = 0.0
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
    """These standard measurements follow the training; accuracy always does.

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


class Rerun(StrEnum):
    """This says which cells of the plan are run although the journal has them."""

    MISSING = "missing"
    FAILED = "failed"
    ALL = "all"

    @classmethod
    def of(cls, text: str) -> Rerun:
        """Return the choice that is called ``text``.

        Raises:
            UsageError: There is none.
        """
        try:
            return cls(text)
        except ValueError:
            raise UsageError(f"rerun={text!r} is no choice of cells", did_you_mean(text, cls)) from None


NATIVE: Final = "native"
"""Recorded as the engine where neurons run by themselves or have no state: no engine changes anything."""
NO_LOOP: Final = "no loop"
"""Label of a result some of whose neurons have no loop and ran eagerly, with the reason."""


class EngineChoice(StrEnum):
    """This says what is to run populations over time, each choice with the sentence that explains it."""

    meaning: str

    def __new__(cls, text: str, meaning: str) -> EngineChoice:
        """Return the member of ``text``."""
        member = str.__new__(cls, text)
        member._value_, member.meaning = text, meaning
        return member

    LOOP = "loop", "A loop compiled from the neuron's step runs all steps; a neuron without one runs eagerly."
    EAGER = "eager", "PyTorch runs every neuron one step after the other, and nothing is compiled."
    COMPILED = "compiled", "Loops run, and torch.compile unrolls steps of the neurons that have no loop."

    @classmethod
    def of(cls, text: str) -> EngineChoice:
        """Return the choice that is called ``text``.

        Raises:
            UsageError: There is none.
        """
        try:
            return cls(text)  # type: ignore[call-arg]
        except ValueError:
            raise UsageError(f"there is no engine {text!r}", did_you_mean(text, cls)) from None
