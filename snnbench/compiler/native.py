"""Compile C++ of a plain C interface into a library, and call it from Python."""

from __future__ import annotations

import ctypes
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from array import array
from collections.abc import Callable, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final, TypeAlias

import torch
from torch import Tensor

from snnbench.compiler.code_folder import secure_code_folder

Kernel: TypeAlias = Callable[[Sequence[Tensor], Sequence[int]], None]
"""Runs a compiled function on tensors and sizes; it lets go of Python's lock while it runs."""

TORCH_LIBRARIES: Final = Path(torch.__file__).parent / "lib"
OPTIMISATION: Final = (
    "-std=c++17", "-O3", "-shared", "-fPIC",
    "-mcpu=native" if platform.machine().lower() in {"arm64", "aarch64"} else "-march=native",
    "-ffp-contract=off",  # no multiplication and addition in one: eager rounds twice
    "-fno-math-errno", "-fno-trapping-math",
    "-fno-tree-loop-vectorize",  # the vectors are in the source
)  # fmt: skip
OPENMP: Final = (
    ("-Xclang", "-fopenmp", f"-L{TORCH_LIBRARIES}", "-lomp") if sys.platform == "darwin" else ("-fopenmp",)
)
WITH_TORCH: Final = (f"-L{TORCH_LIBRARIES}", f"-Wl,-rpath,{TORCH_LIBRARIES}", "-ltorch_cpu")


def load(source: str, names: Sequence[str], *, with_torch: bool) -> tuple[Kernel, ...]:
    """Return the functions ``extern "C" void name(void* const* tensors, const int64_t* sizes)``.

    Args:
        source: C++. It is compiled unless the private code folder has it, for this compiler and processor.
        names: Of the functions.
        with_torch: It calls functions of torch's library.

    Raises:
        RuntimeError: There is no compiler, or it refuses; with its first message.
    """
    library = _library(source, with_torch)
    return tuple(_kernel(library, name) for name in names)


def _kernel(library: ctypes.CDLL, name: str) -> Kernel:
    function = getattr(library, name)
    function.restype, function.argtypes = None, (ctypes.c_void_p, ctypes.c_void_p)

    def call(tensors: Sequence[Tensor], sizes: Sequence[int]) -> None:
        pointers = array("Q", [one.data_ptr() for one in tensors])  # arrays of ctypes take far longer to make
        numbers = array("q", sizes)
        function(pointers.buffer_info()[0], numbers.buffer_info()[0])

    return call


@cache
def _library(source: str, with_torch: bool) -> ctypes.CDLL:
    compiler = _compiler()
    flags = (*OPTIMISATION, *OPENMP, *(WITH_TORCH if with_torch else ()))
    key = sha256("\0".join((_target(compiler), torch.__version__, *flags, source)).encode()).hexdigest()
    folder = secure_code_folder() / "loops"
    folder.mkdir(mode=0o700, exist_ok=True)
    built = folder / f"{key[:32]}.so"
    if not _is_whole(built):
        _compile(compiler, flags, source, built)
    return ctypes.CDLL(str(built))


def _is_whole(built: Path) -> bool:
    """Return whether a library is on disk as it was compiled: a damaged one would end the process."""
    try:
        return sha256(built.read_bytes()).hexdigest() == _digest_of(built).read_text()
    except OSError:
        return False


def _digest_of(built: Path) -> Path:
    """Return the file beside a library that has the SHA-256 of its content."""
    return built.with_suffix(".sha256")


def _compile(compiler: Sequence[str], flags: Sequence[str], source: str, built: Path) -> None:
    """Compile beside the place where the library goes, then move it there: others see all of it or none.

    Where another process compiles the same at the same time, the digest may be that of its library for a
    moment. Whoever looks just then compiles once more.
    """
    with tempfile.TemporaryDirectory(dir=built.parent) as folder:
        text, made = Path(folder) / "loop.cpp", Path(folder) / "loop.so"
        text.write_text(source)
        done = subprocess.run(
            [*compiler, str(text), "-o", str(made), *flags], capture_output=True, text=True, check=False
        )
        if done.returncode:
            errors = [line for line in done.stderr.splitlines() if "error" in line]
            raise RuntimeError(f"{compiler[0]} fails: {(errors or [done.stderr.strip()])[0]}")
        digest = Path(folder) / "digest"
        digest.write_text(sha256(made.read_bytes()).hexdigest())
        made.replace(built)
        digest.replace(_digest_of(built))


@cache
def _compiler() -> tuple[str, ...]:
    """Return the command of the C++ compiler: that of ``CXX``, ``ccache g++`` too, else the first one found.

    Raises:
        RuntimeError: There is none, or ``CXX`` names none.
    """
    if named := shlex.split(os.environ.get("CXX", "")):
        if shutil.which(named[0]) is None:
            raise RuntimeError(f"there is no {named[0]}, which CXX names")
        return tuple(named)
    found = next(filter(None, map(shutil.which, ("g++", "clang++", "c++"))), None)
    if found is None:
        raise RuntimeError("there is no C++ compiler: install g++ or clang++, or set CXX")
    return (found,)


@cache
def _target(compiler: tuple[str, ...]) -> str:
    """Return what tells the compiler and the processor it compiles for: the macros it predefines.

    Raises:
        RuntimeError: The compiler does not tell them.
    """
    command = [*compiler, *OPTIMISATION, "-dM", "-E", "-x", "c++", os.devnull]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{compiler[0]} fails: {done.stderr.strip().partition(chr(10))[0]}")
    return done.stdout
