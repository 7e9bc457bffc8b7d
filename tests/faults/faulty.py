"""A plugin whose neurons go wrong, each in its own way, on the first step of training."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import torch

import snnbench
from snnbench import CellResult, MeasurementSpec, Neuron, NeuronSpec, Param


class Base(Neuron):
    states = ()

    def __init__(self, features: tuple[int, ...], surrogate: object, generator: torch.Generator) -> None:
        super().__init__()

    def initial_state(self, x_t: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return ()

    def step(
        self, x_t: torch.Tensor, state: tuple[torch.Tensor, ...]
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        if self.training and torch.is_grad_enabled():
            self.misbehave()
        return x_t.relu(), state

    def misbehave(self) -> None:
        """Nothing: this one is fine."""


class Raising(Base):
    def misbehave(self) -> None:
        raise RuntimeError("this neuron is broken\nand says so at length")


class NotANumber(Base):
    def step(
        self, x_t: torch.Tensor, state: tuple[torch.Tensor, ...]
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        return x_t * torch.nan, state


class NotANumberInEvaluation(Base):
    def step(
        self, x_t: torch.Tensor, state: tuple[torch.Tensor, ...]
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        return (x_t.relu() if self.training else x_t * torch.nan), state


class Segfault(Base):
    def misbehave(self) -> None:
        ctypes.string_at(0)


class Exit(Base):
    def misbehave(self) -> None:
        os._exit(0)


class SystemExits(Base):
    def misbehave(self) -> None:
        sys.exit("enough")


class Interrupts(Base):
    def misbehave(self) -> None:
        raise KeyboardInterrupt


class Hang(Base):
    """Hangs, and starts a process that would outlive it."""

    def __init__(
        self, features: tuple[int, ...], surrogate: object, generator: torch.Generator, *, pids: str
    ) -> None:
        super().__init__(features, surrogate, generator)
        self.pids = pids

    def misbehave(self) -> None:
        code = "import time; time.sleep(600)"
        orphan = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
        Path(self.pids).write_text(f"{os.getpid()} {orphan.pid}")
        while True:
            time.sleep(0.01)


class Hoard(Base):
    def misbehave(self) -> None:
        hoard = []
        while True:
            hoard.append(torch.ones(2**22))
            time.sleep(0.001)


class NoMemory(Base):
    def misbehave(self) -> None:
        torch.empty(2**60)


class Printing(Base):
    def misbehave(self) -> None:
        print("printed by a neuron")  # noqa: T201


class Flooding(Base):
    def misbehave(self) -> None:
        print("a line of noise\n" * 10_000 + "last line")  # noqa: T201


class ClosesDescriptors(Base):
    """Cuts the line to its parent and goes on for ever."""

    def misbehave(self) -> None:
        os.closerange(3, 256)
        while True:
            time.sleep(0.01)


class GloballyRandom(Base):
    """Draws its weights and its dropout from torch's global generator."""

    def __init__(self, features: tuple[int, ...], surrogate: object, generator: torch.Generator) -> None:
        super().__init__(features, surrogate, generator)
        self.weight = torch.nn.Parameter(torch.randn(features))

    def step(
        self, x_t: torch.Tensor, state: tuple[torch.Tensor, ...]
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        return torch.nn.functional.dropout((x_t * self.weight).relu(), training=self.training), state


KINDS = (
    ClosesDescriptors,
    GloballyRandom,
    Base,
    Raising,
    NotANumber,
    NotANumberInEvaluation,
    Segfault,
    Exit,
    SystemExits,
    Interrupts,
    Hoard,
    NoMemory,
    Printing,
    Flooding,
)


@snnbench.hookimpl
def snnbench_neurons() -> Iterable[NeuronSpec]:
    hang = NeuronSpec(
        name="hang", version="1", summary="", factory=Hang, spike="none", params={"pids": Param("")}
    )
    missing = NeuronSpec(name="missing", version="1", summary="", factory="no_such_module:X", spike="none")
    return [
        *(
            NeuronSpec(name=kind.__name__.lower(), version="1", summary="", factory=kind, spike="none")
            for kind in KINDS
        ),
        hang,
        missing,
    ]


@snnbench.hookimpl
def snnbench_measurements() -> Iterable[MeasurementSpec]:
    return [
        MeasurementSpec(name="width", version="1", summary="", factory=width, params={"add": Param(0)}),
        MeasurementSpec(name="nothing", version="1", summary="", factory=nothing),
        MeasurementSpec(name="raises", version="1", summary="", factory=raises),
    ]


@snnbench.hookimpl
def snnbench_cell_finished(result: CellResult) -> None:
    if os.environ.get("SNNBENCH_TEST_OBSERVER"):
        raise RuntimeError(f"observer of {result.cell.id}")


sys.stdout.write("printed at import\n")


class Width:
    def __init__(self, add: int) -> None:
        self.add = add

    def __call__(self, trained: object) -> float:
        return float(len(trained.network.neurons) + self.add)  # type: ignore[attr-defined]


def width(add: int) -> Width:
    return Width(add)


def nothing() -> object:
    return lambda trained: None


def raises() -> object:
    raise ValueError("cannot measure")
