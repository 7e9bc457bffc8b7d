"""A child process leaves the terminal, does what was asked, and leaves nothing behind."""

from __future__ import annotations

import faulthandler
import importlib
import io
import os
import pickle
import signal
import sys
import threading
from contextlib import suppress
from multiprocessing import forkserver
from multiprocessing.connection import Connection

import psutil

from snnbench.execute.system import adopt_orphans, end_with
from snnbench.plugin.state import put_back


def enter(target: str, connection: Connection, lifeline: Connection, streams: Connection | None) -> None:
    """Call ``target`` with what the parent sends and ``connection``, detached from the terminal; then exit.

    Args:
        target: ``"package.module:function"``.
        connection: To and from the parent.
        lifeline: Its other end closes when the parent ends.
        streams: Where what is printed goes; None for stderr.
    """
    _detach(lifeline, streams)
    try:
        with put_back([]):  # what a plugin's import changes was said before the run
            argument = pickle.loads(connection.recv())
    except EOFError:
        os._exit(1)  # the parent is gone already
    module, _, function = target.partition(":")
    getattr(importlib.import_module(module), function)(argument, connection)
    with suppress(OSError, ValueError, AttributeError):  # a plugin may have closed or replaced them
        sys.stdout.flush()
        sys.stderr.flush()
    _end_descendants()
    os._exit(0)  # without waiting for what a plugin may have left running


def _detach(lifeline: Connection, streams: Connection | None) -> None:
    """Leave the terminal's process group, keep stdout for results, and die with the parent.

    What is printed goes into ``streams``, or to stderr without them.
    """
    if hasattr(os, "setsid"):
        with suppress(PermissionError):
            os.setsid()
    end_with(lifeline.fileno())
    adopt_orphans()
    _leave_forkserver()
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


def _leave_forkserver() -> None:
    """Close this process's end of the pipe that keeps the forkserver alive.

    The server would else outlive a run whose cell hangs, and end when a plugin writes into every file.
    """
    server = getattr(forkserver, "_forkserver", None)
    descriptor = getattr(server, "_forkserver_alive_fd", None)
    if isinstance(descriptor, int):
        os.close(descriptor)
        server._forkserver_alive_fd = None  # type: ignore[union-attr]


def _die_with(lifeline: Connection) -> None:
    """Wait for the parent's end of ``lifeline`` to close, however the parent ends.

    The kernel is faster, where it does this.
    """
    with suppress(EOFError, OSError):
        lifeline.recv_bytes()
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _end_descendants() -> None:
    """End what a plugin has started and left running, also in a session of its own."""
    with suppress(psutil.Error):
        for process in psutil.Process().children(recursive=True):
            with suppress(psutil.Error):
                process.kill()
