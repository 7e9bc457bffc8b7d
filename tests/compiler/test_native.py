"""Compiled libraries on disk are compiled again if damaged, and never read another device's memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from snnbench.compiler import native
from snnbench.compiler.engine import Compiled
from snnbench.core.eager import EAGER
from snnbench.factory.make import make_neuron

SOURCE = """
#include <cstdint>
extern "C" void twice(void* const* tensors, const int64_t* sizes) {
  for (int64_t i = 0; i < sizes[0]; ++i) ((float*)tensors[0])[i] *= 2;
}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    tmp_path.chmod(0o700)
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    native._library.cache_clear()
    native._compiler.cache_clear()
    return tmp_path / "loops"


def doubled() -> float:
    (twice,) = native.load(SOURCE, ["twice"], with_torch=False)
    x = torch.tensor([1.5])
    twice([x], [1])
    return x.item()


DAMAGE: dict[str, Callable[[Path], object]] = {
    "cut": lambda one: one.write_bytes(one.read_bytes()[:1000]),
    "empty": lambda one: one.write_bytes(b""),
    "changed": lambda one: one.write_bytes(one.read_bytes()[:-1] + b"?"),
    "without its digest": lambda one: one.with_suffix(".sha256").unlink(),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_library_is_compiled_again(folder: Path, damage: Callable[[Path], object]) -> None:
    assert doubled() == 3.0
    (built,) = folder.glob("*.so")
    whole = built.read_bytes()
    built.unlink()  # this process has it in use
    built.write_bytes(whole)
    damage(built)
    native._library.cache_clear()
    assert doubled() == 3.0
    assert native._is_whole(built)


def test_a_whole_library_is_only_loaded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert doubled() == 3.0
    native._library.cache_clear()
    monkeypatch.setattr(native, "_compile", lambda *_: pytest.fail("it was compiled again"))
    assert doubled() == 3.0


def test_a_compiler_that_is_named_and_not_there_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler -O1")
    with pytest.raises(RuntimeError, match="there is no no-such-compiler, which CXX names"):
        doubled()
    native._compiler.cache_clear()
    monkeypatch.setenv("CXX", "env g++")
    assert doubled() == 3.0
    native._compiler.cache_clear()


@pytest.mark.parametrize("moved", ["state", "neuron"])
def test_tensors_of_another_device_are_an_error_as_by_eager(moved: str) -> None:
    neuron, engine, x = make_neuron("lif(learn_beta=true)", (5,)), Compiled(), torch.rand(4, 2, 5)
    state = neuron.initial_state(x[0])
    engine.run(neuron, x, state)  # now it is trusted
    if moved == "neuron":
        neuron.to("meta")
    else:
        state = tuple(part.to("meta") for part in state)
    for one in (EAGER, engine):
        with pytest.raises(RuntimeError, match=r"meta|device"):
            one.run(neuron, x, state)[0].sum().item()
