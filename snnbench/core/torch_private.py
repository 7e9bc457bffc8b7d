"""Every private or experimental interface of torch that this package uses, each in one function.

Torch may change these in any release. ``tests/core/test_torch_private.py`` calls each of them and fails where
one is used elsewhere. Modules that take long to import are imported when they are needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.fx.experimental.proxy_tensor import make_fx
from torch.utils._python_dispatch import is_in_torch_dispatch_mode


def version(tensor: Tensor) -> int:
    """Return how often a tensor was written into: somebody changed it if this number changes."""
    return tensor._version


def tensors_and_modules(module: nn.Module) -> Iterator[tuple[str, Tensor | nn.Module | None]]:
    """Yield what a module itself holds: buffers, parameters, then modules; None where one is unset."""
    yield from module._buffers.items()
    yield from module._parameters.items()
    yield from module._modules.items()


def has_hooks(module: nn.Module) -> bool:
    """Return whether hooks are called with this module's forward or backward pass."""
    return any(
        (
            module._forward_hooks,
            module._forward_pre_hooks,
            module._backward_hooks,
            module._backward_pre_hooks,
        )
    )


def is_in_dispatch_mode() -> bool:
    """Return whether a dispatch mode, as a counter of operations, sees the operations done here."""
    return bool(is_in_torch_dispatch_mode())


def is_in_functorch_transform() -> bool:
    """Return whether ``torch.func`` transforms what is computed here, as ``vmap`` and ``jvp`` do."""
    return torch._C._functorch.peek_interpreter_stack() is not None


def is_in_forward_mode() -> bool:
    """Return whether a level of forward-mode differentiation is open."""
    return torch.autograd.forward_ad._current_level >= 0


def has_saved_tensor_hooks() -> bool:
    """Return whether somebody, as a checkpoint, replaces or counts the tensors saved for backward."""
    return torch._C._autograd._top_saved_tensors_default_hooks(False) is not None


def trace(function: Callable[..., Any], arguments: Sequence[Tensor]) -> fx.Graph:
    """Return the elementary operations of aten that a function does, with the backward pass it runs."""
    from torch._inductor.decomposition import select_decomp_table

    return make_fx(function, select_decomp_table())(*arguments).graph


def load_python(source: str) -> ModuleType:
    """Return a module of this source, kept as a file in Inductor's code folder: Triton reads the file."""
    from torch._inductor.codecache import PyCodeCache

    return PyCodeCache.load(source)


def dynamo_settings(settings: Mapping[str, Any]) -> AbstractContextManager[None]:
    """Change settings of ``torch.compile``'s tracer within a block: they are no arguments of it."""
    import torch._dynamo

    changed: AbstractContextManager[None] = torch._dynamo.config.patch(**settings)
    return changed


def mark_dynamic(tensor: Tensor, axis: int) -> None:
    """Tell ``torch.compile`` that the length of an axis changes, so that it compiles once for all lengths."""
    import torch._dynamo

    torch._dynamo.maybe_mark_dynamic(tensor, axis)


def forget_compiled() -> None:
    """Make ``torch.compile`` forget what it compiled in this process."""
    import torch._dynamo

    torch._dynamo.reset()
