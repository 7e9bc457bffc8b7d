"""Compiled code is loaded from a folder that is the user's own, whatever is there or asked for."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from torch._inductor.codecache import PyCodeCache
from torch._inductor.runtime.cache_dir_utils import cache_dir

from snnbench.compiler import chunks, native
from snnbench.compiler import triton as gpu
from snnbench.compiler.code_folder import TRITON_VARIABLE, VARIABLE, secure_code_folder


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's cache folder; no variable is set."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv(VARIABLE, "")
    monkeypatch.setenv(TRITON_VARIABLE, "")
    return tmp_path / "cache" / "snnbench" / "compiled"


def mode(folder: Path) -> int:
    return stat.S_IMODE(folder.stat().st_mode)


def test_it_is_the_users_own(home: Path) -> None:
    before = os.umask(0)  # as open as can be
    try:
        assert secure_code_folder() == home
    finally:
        os.umask(before)
    assert mode(home) == 0o700
    assert (Path(cache_dir()), os.environ[TRITON_VARIABLE]) == (home, str(home / "triton"))
    assert secure_code_folder() == home  # and again


@pytest.mark.parametrize("open_to", [0o777, 0o1777, 0o770, 0o755, 0o701])
@pytest.mark.parametrize("asked", [False, True])
def test_a_folder_that_others_can_enter_is_not_used(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: bool, open_to: int
) -> None:
    shared = tmp_path / "shared" if asked else home
    shared.mkdir(parents=True)
    shared.chmod(open_to)
    monkeypatch.setenv(VARIABLE, str(shared) if asked else "")
    monkeypatch.setenv(TRITON_VARIABLE, str(shared))
    used = secure_code_folder()
    assert used != shared
    assert mode(used) == 0o700
    assert os.environ[TRITON_VARIABLE] == str(used / "triton")
    assert mode(shared) == open_to


def test_a_folder_of_somebody_else_is_not_used(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's number differs from the folder's, as if another user had made it first, with mode 0700."""
    home.mkdir(parents=True, mode=0o700)
    monkeypatch.setattr(os, "getuid", lambda: home.stat().st_uid + 1)
    used = secure_code_folder()
    assert used != home
    assert used.name.startswith("snnbench-compiled-")


def test_a_private_folder_that_is_asked_for_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "mine"))
    assert secure_code_folder() == tmp_path / "mine"
    assert mode(tmp_path / "mine") == 0o700


def test_where_none_can_be_made_a_fresh_one_is_used(home: Path) -> None:
    home.parent.mkdir(parents=True)
    home.write_text("a file is in its place")
    assert mode(secure_code_folder()) == 0o700


LOADERS: dict[str, Callable[[], object]] = {
    "Triton": lambda: gpu._built.__wrapped__("x = 1"),
    "chunks": lambda: chunks.by_inductor(lambda *x: x, "cpu", 1),
}


@pytest.mark.parametrize("kind", LOADERS)
def test_nothing_is_loaded_from_elsewhere(home: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    looked: list[str] = []
    monkeypatch.setattr(PyCodeCache, "load", lambda *_: looked.append(cache_dir()))
    LOADERS[kind]()
    assert looked in ([], [str(home)])
    assert os.environ[VARIABLE] == str(home)


def test_a_loop_in_cpp_is_loaded_from_it_and_nobody_else_may_write_there(home: Path) -> None:
    library = native._library.__wrapped__('extern "C" void nothing(void* const*, const long*) {}', False)
    loaded = Path(library._name)
    assert loaded.parent == home / "loops"
    assert mode(loaded.parent) == 0o700
    assert not mode(loaded) & 0o022
    assert {*loaded.parent.iterdir()} == {
        loaded,
        loaded.with_suffix(".sha256"),
    }  # what it was made from is gone
