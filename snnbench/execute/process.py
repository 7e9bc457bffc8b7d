"""This module starts a child process fresh, listens to it, and kills it with all it started."""

from __future__ import annotations

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
from multiprocessing.context import BaseContext
from typing import Any

import cloudpickle
import psutil

from snnbench.execute.entry import enter
from snnbench.execute.mailbox import Mailbox
from snnbench.execute.output import Output

TETHER = "snnbench.execute.tethered"
"""Imported by the forkserver before all else."""

PRELOAD = (
    "snnbench.execute.worker",
    "snnbench.components.datasets.digits",
    "snnbench.components.networks.dense",
    "torch._inductor.decomposition",  # what recording a step imports: half a second, likewise
    "torch._dynamo",  # torch imports it at the first optimiser: over a second, else paid by each cell
)
"""Imported once by the forkserver, so that each cell starts in milliseconds. No plugins:
one that starts threads or breaks at import must not do so there."""


POLL_SECONDS = 0.2
"""How late a limit, or the end of a child, may be noticed."""

PATIENCE_SECONDS = 5.0
"""How long a child that has nothing more to say may take to exit."""


@cache
def context() -> BaseContext:
    """Return a forkserver that has torch loaded, or spawn where there is no forkserver."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    server = multiprocessing.get_context("forkserver")
    # Linux would end a forkserver that is tied to another thread when that thread ends
    tether = [TETHER] if threading.current_thread() is threading.main_thread() else []
    server.set_forkserver_preload([*tether, *PRELOAD])
    with _hushed_tracker():
        resource_tracker.ensure_running()  # now, since it would lift the mask
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()  # it inherits the mask: Ctrl-C is for this process, which gets it later
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return server


class Child:
    """A child runs detached from the terminal.

    Args:
        target: ``"package.module:function"``, called in the child with ``argument`` and its
            connection. Named by text, so that this process need not import it.
        argument: Picklable; what it is made of is imported only once the child is detached.
        quiet: Keep what it prints off the terminal; ``printed`` tells it.
        news: Set when the child has sent something or has closed its connection.
    """

    def __init__(
        self, target: str, argument: object, *, quiet: bool = False, news: threading.Event | None = None
    ) -> None:
        started = context()
        ours, theirs = started.Pipe()
        lifeline, self._lifeline = started.Pipe(duplex=False)
        reader, writer = started.Pipe(duplex=False) if quiet and os.name == "posix" else (None, None)
        arguments = (target, theirs, lifeline, writer)
        process = started.Process(target=enter, args=arguments)  # type: ignore[attr-defined]
        with _without_main():
            process.start()
        for given in filter(None, (theirs, lifeline, writer)):
            given.close()
        self._output = Output(reader) if reader else None
        self._process: multiprocessing.process.BaseProcess = process
        self._mailbox = Mailbox(ours, news or threading.Event())
        self.send(cloudpickle.dumps(argument))  # a class of a notebook goes by value

    def send(self, message: object) -> None:
        """Send to the child; that it is gone is noticed when it is listened to."""
        with suppress(OSError):
            self._mailbox.send(message)

    def messages(self) -> Iterator[Any]:
        """Yield what the child has sent so far.

        Raises:
            EOFError: There is nothing more to come: the child is gone, or has closed its connection.
            RubbishError: It has sent what is no message.
        """
        gone = not self._process.is_alive()
        if gone:
            self._mailbox.finish()
        ended = gone or self._mailbox.ended
        yield from self._mailbox.messages()
        if ended:
            raise EOFError

    def memory(self, enough: int) -> int:
        """Return the bytes of memory of the child and all it started; 0 if it is gone.

        Memory that processes share counts once. Counting so takes the kernel long for a large process
        and holds it up meanwhile, so resident sets alone are added up unless they come to more.

        Args:
            enough: Up to so many bytes, the sum of resident sets will do, which is never too small.
        """
        with suppress(psutil.Error):
            family = self._family()
            resident = sum(map(_resident, family))
            return resident if resident <= enough else sum(map(_proportional, family))
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
        self._mailbox.close()
        self._lifeline.close()

    def printed(self) -> str:
        """Return what a quiet child that is gone has written, the stack of a fatal error included."""
        return self._output.text() if self._output else ""

    def fate(self) -> str:
        """Return why a child that says no more ended, in words; one that is still there is killed."""
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


def _proportional(process: psutil.Process) -> int:
    """Return the proportional set: a page that several processes share counts for each in part."""
    with suppress(psutil.Error):
        memory = process.memory_full_info()
        return int(getattr(memory, "pss", memory.uss))
    return 0


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
