"""A watched child process: start it fresh, listen to it, kill it with all it started."""

from __future__ import annotations

import faulthandler
import importlib
import io
import multiprocessing
import os
import signal
import sys
import threading
import types
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from typing import Any

import psutil

from snnbench.execute.output import Output

PRELOAD = (
    "snnbench.execute.worker",
    "snnbench.components.datasets.digits",
    "snnbench.components.networks.dense",
    "torch._dynamo",  # torch imports it at the first optimiser: over a second, else paid by each cell
)
"""Imported once by the forkserver, so that each cell starts in milliseconds. No plugins:
one that starts threads or breaks at import must not do so there."""


PATIENCE_SECONDS = 5.0
"""How long a child that has nothing more to say may take to exit."""


@cache
def context() -> BaseContext:
    """A forkserver that has torch loaded, or spawn where there is no forkserver."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload(list(PRELOAD))
    with _hushed_tracker():
        resource_tracker.ensure_running()  # now, since it would lift the mask
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()  # it inherits the mask: Ctrl-C is for this process, which gets it later
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return server


class Child:
    """A running child, detached from the terminal.

    Args:
        target: ``"package.module:function"``, called in the child with ``argument`` and its
            connection. Named by text, so that this process need not import it.
        argument: Picklable; what it is made of is imported only once the child is detached.
        quiet: Keep what it prints off the terminal; ``printed`` tells it.

    Attributes:
        connection: To and from the child.
    """

    def __init__(self, target: str, argument: object, *, quiet: bool = False) -> None:
        started = context()
        self.connection, theirs = started.Pipe()
        lifeline, self._lifeline = started.Pipe(duplex=False)
        reader, writer = started.Pipe(duplex=False) if quiet and os.name == "posix" else (None, None)
        arguments = (target, theirs, lifeline, writer)
        process = started.Process(target=_enter, args=arguments)  # type: ignore[attr-defined]
        with _without_main():
            process.start()
        for given in filter(None, (theirs, lifeline, writer)):
            given.close()
        self._output = Output(reader) if reader else None
        self._process: multiprocessing.process.BaseProcess = process
        with suppress(OSError):  # a child that is gone already is noticed when it is listened to
            self.connection.send(argument)

    @property
    def signals(self) -> tuple[Connection | int, ...]:
        """What ``multiprocessing.connection.wait`` takes: ready when the child speaks or is gone."""
        return self.connection, self._process.sentinel

    def messages(self) -> Iterator[Any]:
        """What the child has sent so far.

        Raises:
            EOFError: There is nothing more to come: the child is gone.
        """
        gone = not self._process.is_alive()
        while self.connection.poll():
            yield self.connection.recv()
        if gone:
            raise EOFError

    def memory(self) -> int:
        """Resident bytes of the child and all it started; 0 if it is gone."""
        with suppress(psutil.Error):
            return sum(_resident(process) for process in self._family())
        return 0

    def kill(self) -> None:
        """End the child and all it started, now."""
        family: list[psutil.Process] = []
        with suppress(psutil.Error):
            family = self._family()
        self._process.kill()
        for process in family:
            with suppress(psutil.Error):
                process.kill()
        self.close()

    def close(self) -> None:
        """Forget a child that has ended, and end what it left running."""
        self._process.join(PATIENCE_SECONDS)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        with suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg") and self._process.pid:
                os.killpg(self._process.pid, signal.SIGKILL)
        self.connection.close()
        self._lifeline.close()

    def printed(self) -> str:
        """What a quiet child that is gone has written, the stack of a fatal error included."""
        return self._output.text() if self._output else ""

    def fate(self) -> str:
        """Why a child that says no more ended, in words; one that is still there is killed."""
        self._process.join(PATIENCE_SECONDS)
        code = self._process.exitcode
        self.kill()
        if code is None:
            return "the process closed its connection before the cell was done"
        if code >= 0:
            return f"the process exited with code {code} before the cell was done"
        name = signal.Signals(-code).name
        hint = " (the system may have run out of memory)" if name == "SIGKILL" else ""
        return f"the process was killed by {name}{hint}"

    def _family(self) -> list[psutil.Process]:
        process = psutil.Process(self._process.pid)
        return [process, *process.children(recursive=True)]


def _resident(process: psutil.Process) -> int:
    with suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0


def _enter(target: str, connection: Connection, lifeline: Connection, streams: Connection | None) -> None:
    """Where the child starts."""
    _detach(lifeline, streams)
    try:
        argument = connection.recv()
    except EOFError:
        os._exit(1)  # the parent is gone already
    module, _, function = target.partition(":")
    getattr(importlib.import_module(module), function)(argument, connection)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # without waiting for what a plugin may have left running


def _detach(lifeline: Connection, streams: Connection | None) -> None:
    """Leave the terminal's process group, keep stdout for results, and die with the parent.

    What is printed goes into ``streams``, or to stderr without them.
    """
    if hasattr(os, "setsid"):
        with suppress(PermissionError):
            os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.stdout.flush()
    if streams is not None:
        os.dup2(streams.fileno(), 2)
        streams.close()
    os.dup2(2, 1)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # what is printed is there if the child is killed
    faulthandler.enable(2)  # a segmentation fault tells where it was
    threading.Thread(target=_die_with, args=(lifeline,), daemon=True).start()


def _die_with(lifeline: Connection) -> None:
    """Wait for the parent's end of ``lifeline`` to close, however the parent ends."""
    with suppress(EOFError, OSError):
        lifeline.recv_bytes()
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


@contextmanager
def _hushed_tracker() -> Iterator[None]:
    """Start the process that cleans up semaphores, without its warning.

    A cell ends without waiting for what it left running: there always are some.
    """
    before = list(sys.warnoptions)
    sys.warnoptions.append("ignore:resource_tracker")
    try:
        yield
    finally:
        sys.warnoptions[:] = before


@contextmanager
def _without_main() -> Iterator[None]:
    """Keep the child from running the user's script again, guarded by ``__main__`` or not."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
