"""Norse's encoders, with their randomness from the generator they are given."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import torch
from norse.torch.functional import encode
from norse.torch.functional.lif import LIFParameters
from torch import Tensor

from snnbench.components.encoders.intensity import check_intensity
from snnbench.errors import UsageError

Encode: TypeAlias = Callable[[Tensor, torch.Generator], Tensor]


def poisson(steps: int, *, f_max: float, dt: float) -> Encode:
    """``poisson_encode`` of values in [0, 1]."""
    return partial(_poisson, rate=_rate("poisson", steps, f_max, dt))


def signed_poisson(steps: int, *, f_max: float, dt: float) -> Encode:
    """``signed_poisson_encode`` of values in [−1, 1]."""
    return partial(_signed_poisson, rate=_rate("signed_poisson", steps, f_max, dt))


def population_poisson(steps: int, *, out_features: int, scale: float, f_max: float, dt: float) -> Encode:
    """``population_encode`` of values in [0, scale], then ``poisson_encode``, as its documentation says.

    The fields are the last axis of the output, ``[T, B, *shape, out_features]``.
    """
    rate = _rate("population_poisson", steps, f_max, dt)
    return partial(_population_poisson, out_features=out_features, scale=scale, rate=rate)


def constant_current_lif(steps: int, *, dt: float, **parameters: float) -> Encode:
    """``constant_current_lif_encode`` of values in [0, 1]."""
    return partial(
        _lif, function=encode.constant_current_lif_encode, steps=steps, dt=dt, parameters=parameters
    )


def spike_latency_lif(steps: int, *, dt: float, **parameters: float) -> Encode:
    """``spike_latency_lif_encode`` of values in [0, 1]."""
    return partial(_lif, function=encode.spike_latency_lif_encode, steps=steps, dt=dt, parameters=parameters)


def _rate(encoder: str, steps: int, f_max: float, dt: float) -> dict[str, Any]:
    """The arguments that all Poisson encoders take."""
    if f_max * dt > 1:
        raise UsageError(
            f"encoder {encoder!r}: f_max·dt = {f_max * dt:g} spikes a step is no probability",
            "norse would clip it at 1 unseen; lower f_max or dt",
        )
    return {"seq_length": steps, "f_max": f_max, "dt": dt}


def _poisson(x: Tensor, generator: torch.Generator, *, rate: dict[str, Any]) -> Tensor:
    check_intensity(x, "poisson", 0, 1)
    spikes: Tensor = encode.poisson_encode(x, **rate, generator=generator)
    return spikes.to(x.dtype)


def _signed_poisson(x: Tensor, generator: torch.Generator, *, rate: dict[str, Any]) -> Tensor:
    check_intensity(x, "signed_poisson", -1, 1)
    spikes: Tensor = encode.signed_poisson_encode(x, **rate, generator=generator)
    return spikes.to(x.dtype)


def _population_poisson(
    x: Tensor, generator: torch.Generator, *, out_features: int, scale: float, rate: dict[str, Any]
) -> Tensor:
    check_intensity(x, "population_poisson", 0, scale)
    fields = encode.population_encode(x, out_features, scale)
    spikes: Tensor = encode.poisson_encode(fields, **rate, generator=generator)
    return spikes.to(x.dtype)


def _lif(
    x: Tensor,
    generator: torch.Generator,
    *,
    function: Callable[..., Tensor],
    steps: int,
    dt: float,
    parameters: dict[str, float],
) -> Tensor:
    check_intensity(x, function.__name__.removesuffix("_encode"), 0, 1)
    p = LIFParameters(**{name: torch.as_tensor(value) for name, value in parameters.items()})
    return function(x, steps, p, dt).to(x.dtype)
