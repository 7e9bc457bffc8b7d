"""The folder that compiled code is loaded from: the user's own, which nobody else can enter.

Torch's own choice is a folder of predictable name in the shared temporary directory. Whoever makes it first
decides what code other users run.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

import platformdirs

from snnbench.paths import user_path

VARIABLE: Final = "TORCHINDUCTOR_CACHE_DIR"
TRITON_VARIABLE: Final = "TRITON_CACHE_DIR"


def secure_code_folder() -> Path:
    """Make torch and Triton load compiled code from a private folder only, and return it.

    It is the one that ``TORCHINDUCTOR_CACHE_DIR`` names, else the folder ``compiled`` in the platform's cache
    folder. Where neither is the user's own with mode 0700, nor can be made, a fresh one takes their place; it
    is deleted when this process ends. Processes that are started later inherit the choice.
    """
    given = os.environ.get(VARIABLE)
    folders = [user_path(given)] if given else []
    folders.append(platformdirs.user_cache_path("snnbench") / "compiled")
    folder = next(filter(is_private, folders), None) or _fresh()
    os.environ[VARIABLE] = str(folder)
    triton = user_path(os.environ.get(TRITON_VARIABLE) or folder / "triton")
    os.environ[TRITON_VARIABLE] = str(triton if is_private(triton) else folder / "triton")
    return folder


def is_private(folder: Path) -> bool:
    """Return whether ``folder`` is this user's and lets nobody else in; it is made so where there is none."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        facts = folder.stat()
    except OSError:
        return False
    if not hasattr(os, "getuid"):  # Windows keeps a user's folders by other means
        return os.access(folder, os.W_OK)
    return facts.st_uid == os.getuid() and not facts.st_mode & 0o077 and os.access(folder, os.W_OK)


@cache
def _fresh() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="snnbench-compiled-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
