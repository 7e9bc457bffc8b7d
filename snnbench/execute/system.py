"""A system offers help against processes that stay behind; without it, these do nothing.

A thread of Python cannot watch over a process for certain: it does not run while other code holds the
interpreter's lock, nor while the process is stopped. The kernel does not depend on either.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from contextlib import suppress
from typing import Final

PR_SET_PDEATHSIG: Final = 1
PR_SET_CHILD_SUBREAPER: Final = 36


def end_with(descriptor: int) -> None:
    """Kill this process group once the other end of a pipe is closed, however its owner ends.

    Linux sends the signal itself, to stopped processes too.

    Args:
        descriptor: The end to read from of a pipe that is never written to.
    """
    if sys.platform != "linux":
        return
    import fcntl  # not everywhere

    with suppress(OSError):
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(descriptor, fcntl.F_SETOWN, -os.getpgrp())
        flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
        fcntl.fcntl(descriptor, fcntl.F_SETFL, flags | os.O_ASYNC)


def end_with_parent() -> None:
    """Kill this process once the thread that started it has ended, on Linux."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def adopt_orphans() -> None:
    """Become the parent of every process whose parent ends among those this one has started, on Linux.

    A process that was forked twice is then still found among the descendants.
    """
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
