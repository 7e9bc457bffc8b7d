"""The private interfaces of torch are there, do what is said of them, and are used in one module only."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.autograd.graph import saved_tensors_hooks
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.checkpoint import checkpoint

import snnbench
from snnbench.core import torch_private

PACKAGE = Path(snnbench.__file__).parent
PRIVATE = re.compile(
    r"\btorch(\.\w+)*\._(?!_)\w+|from torch[\w.]*\._\w+ import|torch\.fx\.experimental|\._version\b"
)
NAMED_ONLY = {"execute/process.py"}
"""It names a module of torch for a new process to import; torch is not imported where it runs."""


def test_a_version_counts_writes() -> None:
    tensor = torch.zeros(2)
    before = torch_private.version(tensor)
    tensor += 1
    assert torch_private.version(tensor) > before


def test_what_a_module_holds_is_told_by_name() -> None:
    module = nn.BatchNorm1d(3, affine=False)
    module.register_parameter("unset", None)
    module.add_module("inner", nn.Identity())
    names = [name for name, _ in torch_private.tensors_and_modules(module)]
    assert names == ["running_mean", "running_var", "num_batches_tracked", "weight", "bias", "unset", "inner"]


@pytest.mark.parametrize(
    "kind",
    [
        "register_forward_hook",
        "register_forward_pre_hook",
        "register_full_backward_hook",
        "register_full_backward_pre_hook",
    ],
)
def test_hooks_are_seen(kind: str) -> None:
    module = nn.Identity()
    assert not torch_private.has_hooks(module)
    getattr(module, kind)(lambda *_: None)
    assert torch_private.has_hooks(module)


def test_a_dispatch_mode_is_seen() -> None:
    class Mode(TorchDispatchMode):
        pass

    assert not torch_private.is_in_dispatch_mode()
    with Mode():
        assert torch_private.is_in_dispatch_mode()


def test_transforms_are_seen() -> None:
    seen: list[tuple[bool, bool]] = []

    def look(x: torch.Tensor) -> torch.Tensor:
        seen.append((torch_private.is_in_functorch_transform(), torch_private.is_in_forward_mode()))
        return x

    x = torch.zeros(2)
    look(x)
    torch.vmap(look)(x)
    with torch.autograd.forward_ad.dual_level():
        look(x)
    assert seen == [(False, False), (True, False), (False, True)]


def test_who_replaces_saved_tensors_is_seen() -> None:
    seen = [torch_private.has_saved_tensor_hooks()]

    def look(x: torch.Tensor) -> torch.Tensor:
        seen.append(torch_private.has_saved_tensor_hooks())
        return x.sin()

    with saved_tensors_hooks(lambda one: one, lambda one: one):
        look(torch.zeros(1))
    checkpoint(look, torch.zeros(1, requires_grad=True), use_reentrant=False)
    assert seen == [False, True, True]


def test_a_trace_holds_the_backward_pass_in_elementary_operations() -> None:
    def gradient(x: torch.Tensor) -> torch.Tensor:
        with torch.enable_grad():
            leaf = x.detach().requires_grad_()
            return torch.autograd.grad(leaf.sigmoid().sum(), leaf)[0]

    graph = torch_private.trace(gradient, [torch.zeros(3)])
    operations = [str(node.target) for node in graph.nodes if node.op == "call_function"]
    assert "aten.sigmoid.default" in operations
    assert not any("backward" in one for one in operations)


def test_python_is_loaded_from_a_file_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    module = torch_private.load_python("def two():\n    return 2\n")
    assert module.two() == 2
    assert Path(str(inspect.getsourcefile(module.two))).is_relative_to(tmp_path)


def test_settings_hold_within_the_block() -> None:
    import torch._dynamo

    before = torch._dynamo.config.recompile_limit
    with torch_private.dynamo_settings({"recompile_limit": before + 1}):
        assert torch._dynamo.config.recompile_limit == before + 1
    assert torch._dynamo.config.recompile_limit == before


def test_an_axis_that_is_marked_compiles_once_until_all_is_forgotten() -> None:
    compiled: list[int] = []

    def backend(graph: torch.fx.GraphModule, _: object) -> object:
        compiled.append(1)
        return graph.forward

    torch_private.forget_compiled()
    double = torch.compile(lambda x: 2 * x, backend=backend, fullgraph=True)
    for length in (3, 4, 5):
        x = torch.ones(length)
        torch_private.mark_dynamic(x, 0)
        assert double(x).sum() == 2 * length
    assert len(compiled) == 1
    torch_private.forget_compiled()
    double(torch.ones(3))
    assert len(compiled) == 2


def test_no_other_module_uses_them() -> None:
    found = {
        str(path.relative_to(PACKAGE)): PRIVATE.findall(path.read_text("utf-8"))
        for path in PACKAGE.rglob("*.py")
        if path.name != "torch_private.py" and PRIVATE.search(path.read_text("utf-8"))
    }
    assert found.keys() <= NAMED_ONLY
