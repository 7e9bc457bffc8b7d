"""A plugin's code is called so that what it raises, prints, closes or hangs in becomes a sentence."""

from __future__ import annotations

import ctypes
import importlib
import io
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from types import FrameType
from typing import TextIO, TypeVar

import pluggy

from snnbench.plugin import hookspecs
from snnbench.plugin.checks import Fault

HOOK_SECONDS = 30.0
"""How long a hook that is called during a command may take."""

_MACHINERY = ("<", *(str(Path(module.__file__ or "").parent) for module in (importlib, pluggy, hookspecs)))
_Value = TypeVar("_Value")


class Stuck(Fault):
    """A hook did not end in time. The thread that it ran in was asked to end."""


@contextmanager
def doing(what: str) -> Iterator[None]:
    """Turn whatever a plugin's code raises, ``SystemExit`` too, into a ``Fault`` that says where.

    What it prints, below Python too, goes to stderr: stdout is for results. Streams that it closes are
    there again afterwards, and ``os._exit`` does not end this process.

    Raises:
        Fault: The code within raised anything but KeyboardInterrupt.
    """
    try:
        with _streams_kept(), _not_ended():
            yield
    except (Fault, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise Fault(f"{what} failed: {_describe(error)}") from error


def call(what: str, hook: Callable[[], _Value], seconds: float | None = None) -> _Value:
    """Return what ``hook`` returns, unless it takes longer than ``seconds``, ``HOOK_SECONDS`` if None.

    Raises:
        Fault: It raised something.
        Stuck: It did not end in time.
    """
    limit = HOOK_SECONDS if seconds is None else seconds
    values: list[_Value] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            values.append(hook())
        except BaseException as error:
            errors.append(error)

    with doing(what):
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        thread.join(limit)
        if thread.is_alive():
            place = _place(_frames(sys._current_frames().get(thread.ident or 0)))
            _interrupt(thread)
            raise Stuck(f"{what} did not end within {limit:g} s{place}")
        if errors:
            raise Fault(f"{what} failed: {_describe(errors[0])}") from errors[0]
    return values[0]


def _interrupt(thread: threading.Thread) -> None:
    """Raise ``SystemExit`` in ``thread``, so that an endless loop of Python code ends.

    It would take turns with this process's other threads for the rest of a run, and slow them several times.
    """
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread.ident or 0), ctypes.py_object(SystemExit)
    )


def _describe(error: BaseException) -> str:
    """Return ``ValueError: text (file.py:12)``, on one line.

    The place is the deepest in the plugin's own code.
    """
    text = " ".join(str(error).split())
    frames = [(f.f_code.co_filename, line) for f, line in traceback.walk_tb(error.__traceback__)]
    return f"{type(error).__name__}{': ' if text else ''}{text}{_place(frames)}"


def _frames(frame: FrameType | None) -> list[tuple[str, int]]:
    """Return the file and line of a running frame and its callers, the outermost first."""
    return (
        [(one.f_code.co_filename, line) for one, line in traceback.walk_stack(frame)][::-1] if frame else []
    )


def _place(frames: Iterable[tuple[str, int]]) -> str:
    own = [f" ({Path(name).name}:{line})" for name, line in frames if not name.startswith(_MACHINERY)]
    return own[-1] if own else ""


class _Shield(io.TextIOBase):
    """Passes text on to a stream, and does not close it."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return self._stream.write(text) if self._stream else len(text)

    def flush(self) -> None:
        if self._stream:
            self._stream.flush()

    def close(self) -> None:
        """Do nothing: the stream belongs to the command."""

    def isatty(self) -> bool:
        return bool(self._stream and self._stream.isatty())

    def fileno(self) -> int:
        return self._stream.fileno() if self._stream else super().fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return (self._stream and self._stream.encoding) or "utf-8"


@contextmanager
def _streams_kept() -> Iterator[None]:
    """Send what is written to stdout to stderr, by Python or below it, and keep both open."""
    with ExitStack() as undo:
        for number in (2, 1):
            with suppress(OSError):
                kept = os.dup(number)
                undo.callback(_restore, kept, number)
        undo.callback(_flush)
        _flush()
        with suppress(OSError):
            os.dup2(2, 1)
        shield = _Shield(sys.stderr)
        undo.enter_context(redirect_stderr(shield))
        undo.enter_context(redirect_stdout(shield))
        yield


def _restore(kept: int, number: int) -> None:
    with suppress(OSError):
        os.dup2(kept, number)
        os.close(kept)


def _flush() -> None:
    """Write out what Python and the C library still hold for the stdout there is now."""
    with suppress(Exception):
        (sys.__stdout__ or sys.stdout).flush()
    with suppress(Exception):
        ctypes.CDLL(None).fflush(None)


@contextmanager
def _not_ended() -> Iterator[None]:
    """Let ``os._exit`` raise in this process; one that was forked from it ends as it asks."""
    end, here, within = os._exit, os.getpid(), True

    def refuse(status: int) -> None:
        if not within or os.getpid() != here:  # kept by the plugin for later
            end(status)
        raise Fault(f"it called os._exit({status})")

    os._exit = refuse  # type: ignore[assignment]
    try:
        yield
    finally:
        os._exit, within = end, False
