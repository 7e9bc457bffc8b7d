"""Half precision would bias exponents: ln 0.95 by a tenth, in bfloat16."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from itertools import chain
from typing import Any, Concatenate, ParamSpec

import torch
from torch import Tensor, nn
from torch.func import functional_call

HALF = (torch.float16, torch.bfloat16)
P = ParamSpec("P")


def in_single(measure: Callable[Concatenate[Any, Tensor, P], Tensor]) -> Callable[..., Tensor]:
    """Return ``measure(network, x, ...)`` outside autocast, with half precision raised to float32.

    Input, parameters and buffers are raised for the call; gradients return to the network's own. What
    is measured is the float32 trajectory, which leaves that of half precision where a spike differs.
    """

    @wraps(measure)
    def measured(network: nn.Module, x: Tensor, *rest: P.args, **named: P.kwargs) -> Tensor:
        values = chain(network.named_parameters(), network.named_buffers())
        raised = {f"network.{name}": value.float() for name, value in values if value.dtype in HALF}
        x = x.float() if x.dtype in HALF else x
        with torch.autocast(x.device.type, enabled=False):
            call = _Call(network, lambda network, x: measure(network, x, *rest, **named))
            return functional_call(call, raised, (x,))  # type: ignore[no-any-return]

    return measured


class _Call(nn.Module):
    """A function of a network as a module, which is what ``functional_call`` takes."""

    def __init__(self, network: nn.Module, function: Callable[[nn.Module, Tensor], Tensor]) -> None:
        super().__init__()
        self.network = network
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(self.network, x)
