"""A plugin whose neurons go wrong, each in its own way, on the first step of training."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

import torch

import snnbench
from snnbench import CellResult, Dataset, DatasetSpec, MeasurementSpec, Neuron, NeuronSpec, Param


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


class HoldsLock(Base):
    """Calls into C without giving the interpreter's lock away: no other thread of the process runs."""

    def misbehave(self) -> None:
        Path("holdslock").write_text(str(os.getpid()))
        ctypes.PyDLL(None).sleep(600)


class Stopped(Base):
    def misbehave(self) -> None:
        Path("stopped").write_text(str(os.getpid()))
        os.kill(os.getpid(), signal.SIGSTOP)


class Rubbish(Base):
    """Writes into every file and connection of its process, and goes on."""

    content = b"\x00\x00\x00\x06nobody"

    def misbehave(self) -> None:
        for descriptor in range(3, 64):
            with suppress(OSError):
                os.set_blocking(descriptor, False)
                os.write(descriptor, self.content)


class Unending(Rubbish):
    """Announces more bytes than ever come."""

    content = b"\x07\xff\xff\xff and so on"


class Strange(Base):
    """Sends what can be read and says nothing."""

    def misbehave(self) -> None:
        for descriptor in range(3, 64):
            with suppress(OSError, ValueError):
                Connection(os.dup(descriptor)).send({"epoch": 1})


class NoException(Base):
    def misbehave(self) -> None:
        class Unusual(BaseException):
            pass

        raise Unusual("not an Exception")


class ClosesOutput(Base):
    def misbehave(self) -> None:
        for descriptor in (1, 2):
            with suppress(OSError):
                os.close(descriptor)
        sys.stdout.close()


class Daemon(Base):
    """Starts a process as daemons do, twice forked and in a session of its own, with all files open."""

    def __init__(
        self, features: tuple[int, ...], surrogate: object, generator: torch.Generator, *, pid: str, end: bool
    ) -> None:
        super().__init__(features, surrogate, generator)
        self.pid, self.end = Path(pid), end

    def misbehave(self) -> None:
        if self.pid.exists():
            return
        if os.fork() == 0:
            os.setsid()
            if os.fork():
                os._exit(0)
            self.pid.with_suffix(".new").write_text(str(os.getpid()))
            self.pid.with_suffix(".new").rename(self.pid)
            time.sleep(600)
        os.wait()
        while not self.pid.exists():
            time.sleep(0.01)
        if self.end:
            os._exit(0)


class Sharing(Base):
    """Five processes look at one tensor of 200 MiB."""

    begun = False

    def misbehave(self) -> None:
        if self.begun:
            return
        self.begun = True
        shared = torch.ones(200 * 2**18)
        for _ in range(5):
            if os.fork() == 0:
                float(shared.sum())
                time.sleep(600)
        time.sleep(1)


def asleep(root: Path | None) -> Dataset:
    time.sleep(600)
    raise AssertionError


def hoarding(root: Path | None) -> Dataset:
    hoard = []
    while True:
        hoard.append(torch.ones(2**22))
        time.sleep(0.001)


def crashing(root: Path | None) -> Dataset:
    ctypes.string_at(0)
    raise AssertionError


def leaving(root: Path | None) -> Dataset:
    """Leaves a process that keeps the line to the parent open, and ends."""
    if os.fork() == 0:
        os.setsid()
        time.sleep(60)
    os._exit(0)


KINDS = (
    HoldsLock,
    Stopped,
    Rubbish,
    Unending,
    Strange,
    NoException,
    ClosesOutput,
    Sharing,
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
    daemon = NeuronSpec(
        name="daemon",
        version="1",
        summary="",
        factory=Daemon,
        spike="none",
        params={"pid": Param(""), "end": Param(False)},
    )
    missing = NeuronSpec(name="missing", version="1", summary="", factory="no_such_module:X", spike="none")
    return [
        *(
            NeuronSpec(name=kind.__name__.lower(), version="1", summary="", factory=kind, spike="none")
            for kind in KINDS
        ),
        hang,
        daemon,
        missing,
    ]


@snnbench.hookimpl
def snnbench_datasets() -> Iterable[DatasetSpec]:
    return [
        DatasetSpec(name=factory.__name__, version="1", summary="", factory=factory)
        for factory in (asleep, hoarding, crashing, leaving)
    ]


WIDTH = (snnbench.Quantity("", "Width", "Populations.", headline=True),)


@snnbench.hookimpl
def snnbench_measurements() -> Iterable[MeasurementSpec]:
    return [
        MeasurementSpec(
            name="width", version="1", summary="", factory=width, params={"add": Param(0)}, quantities=WIDTH
        ),
        MeasurementSpec(name="nothing", version="1", summary="", factory=nothing, quantities=WIDTH),
        MeasurementSpec(name="raises", version="1", summary="", factory=raises, quantities=WIDTH),
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
