"""Which populations were compiled before on this machine: torch keeps the code on disk, by its content.

It cannot be asked without tracing, so an empty file beside its cache tells. Only the time that
compiling takes is guessed from it.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import torch
from torch._inductor.runtime.cache_dir_utils import cache_dir

from snnbench.compiler.code_folder import secure_code_folder
from snnbench.core.neuron import Neuron
from snnbench.identity import program_key


def mark(neurons: Iterable[Neuron], chunk: int) -> None:
    """Note that these kinds were compiled in chunks of so many steps."""
    with suppress(OSError):
        folder = _folder()
        folder.mkdir(parents=True, exist_ok=True)
        for neuron in neurons:
            (folder / _name(neuron, chunk)).touch()


def is_marked(neurons: Iterable[Neuron], chunk: int) -> bool:
    """Whether all of them were."""
    return all((_folder() / _name(neuron, chunk)).exists() for neuron in neurons)


def _folder() -> Path:
    secure_code_folder()
    return Path(cache_dir()) / "snnbench"


def _name(neuron: Neuron, chunk: int) -> str:
    """Of what decides on the compiled code: torch, the threads, the class, and the values in it."""
    surrogate = getattr(neuron, "surrogate", None)
    values = [
        (type(owner).__module__, type(owner).__qualname__, name, value)
        for owner in (neuron, surrogate)
        if owner is not None
        for name, value in sorted(vars(owner).items())
        if isinstance(value, bool | int | float | str)
    ]
    return program_key(torch.__version__, torch.get_num_threads(), chunk, [type(neuron), *values])
