"""Define what of this process a plugin's import may change, and how it is put back."""

from __future__ import annotations

import os
import pickle
import random
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple, cast


class _Setting(NamedTuple):
    """Everybody in a process shares this setting: what it is called, how to read and to write it."""

    name: str
    read: Callable[[], Any]
    write: Callable[[Any], object]


@contextmanager
def put_back(changes: list[str]) -> Iterator[None]:
    """Put back what the code within changes of this process, and add to ``changes`` what that was.

    The settings of numpy and torch are watched where the library is imported already: code that
    imports it first cannot be told from the library's own start.
    """
    settings = _settings()
    before = [_now(one) for one in settings]
    try:
        yield
    finally:
        for setting, value in zip(settings, before, strict=True):
            if _now(setting) != value:
                changes.append(setting.name)
                with suppress(Exception):
                    setting.write(value)


def _now(setting: _Setting) -> Any:
    """Return the value, or None where it can no longer be read, such as a current directory that is gone."""
    with suppress(Exception):
        return setting.read()
    return None


def _settings() -> list[_Setting]:
    settings = [
        _Setting("sys.path", lambda: (sys.path, list(sys.path)), _set_path),
        _Setting("the current directory", os.getcwd, os.chdir),
        _Setting("environment variables", lambda: dict(os.environ), _set_environment),
        _Setting("warning filters for all warnings", _filters_for_all, _set_filters_for_all),
        _Setting("the state of Python's random numbers", random.getstate, random.setstate),
    ]
    if threading.current_thread() is threading.main_thread():
        settings.append(_Setting("signal handlers", _handlers, _set_handlers))
    if numpy := _imported("numpy.random"):
        settings.append(
            _Setting(
                "the state of numpy's random numbers",
                lambda: pickle.dumps(numpy.get_state()),
                lambda state: numpy.set_state(pickle.loads(state)),
            )
        )
    if torch := _imported("torch"):
        settings += _settings_of_torch(torch)
    return settings


def _settings_of_torch(torch: Any) -> list[_Setting]:
    def set_rng(state: bytes) -> None:
        torch.set_rng_state(torch.frombuffer(bytearray(state), dtype=torch.uint8))

    def set_device(device: Any) -> None:
        torch.set_default_device(None if device.type == "cpu" else device)

    return [
        _Setting("torch's default device", torch.get_default_device, set_device),
        _Setting("torch's number of threads", torch.get_num_threads, torch.set_num_threads),
        _Setting("torch's default dtype", torch.get_default_dtype, torch.set_default_dtype),
        _Setting("torch's gradient mode", torch.is_grad_enabled, torch.set_grad_enabled),
        _Setting(
            "torch's deterministic algorithms",
            torch.are_deterministic_algorithms_enabled,
            torch.use_deterministic_algorithms,
        ),
        _Setting(
            "the state of torch's random numbers", lambda: torch.get_rng_state().numpy().tobytes(), set_rng
        ),
    ]


def _imported(name: str) -> Any:
    """Return a module that is imported, and completely so; None for any other."""
    module = sys.modules.get(name)
    return None if module is None or getattr(module.__spec__, "_initializing", False) else module


def _set_path(before: tuple[list[str], list[str]]) -> None:
    sys.path, content = before
    sys.path[:] = content


def _set_environment(before: dict[str, str]) -> None:
    for name in os.environ.keys() - before.keys():
        del os.environ[name]
    os.environ.update(before)


def _filters_for_all() -> list[Any]:
    """Return the filters that hold for every warning, not for those of one's own."""
    return [one for one in warnings.filters if one[1] is None and one[2] is Warning and one[3] is None]


def _set_filters_for_all(before: list[Any]) -> None:
    others = [one for one in warnings.filters if one not in _filters_for_all()]
    cast(list[Any], warnings.filters)[:] = [*others, *before]


def _handlers() -> dict[signal.Signals, Any]:
    return {number: signal.getsignal(number) for number in signal.Signals}


def _set_handlers(before: dict[signal.Signals, Any]) -> None:
    for number, handler in before.items():
        if handler is not None and signal.getsignal(number) != handler:
            signal.signal(number, handler)
