"""Measure whether a cell's neuron is the reference: the same spikes and gradients for the same input current.

The current is counted in each neuron's own unit, the least that makes it spike in one step from rest: some
models scale their input, by dt/τ or 1 − β, and are the reference for a current of another size.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity

from snnbench.core.network import in_memory, over_time
from snnbench.core.neuron import Neuron
from snnbench.measure.context import CellContext
from snnbench.records import Metric

FLIPS, COSINE = "equivalence.spike_flips", "equivalence.gradient_cosine"
SCALE = "equivalence.current_scale"
LARGEST = 20
"""Binary exponent of the largest current that is tried."""
MOST_FLIPS = 1e-3
SAME = 1e-6
"""Units that differ by less differ by rounding."""
LEAST_COSINE = 0.999


def equivalence(trained: CellContext, reference: Callable[[tuple[int, ...]], Neuron]) -> dict[str, Metric]:
    """Compare the first population of a trained network with ``reference`` under the same current.

    The current is what reaches that population for a batch of test samples. The population runs as it
    is, the reference in float64, with the population's own weights where it has such (``take_weights``).

    Args:
        trained: The cell.
        reference: Makes the reference population of a given shape.

    Returns:
        ``equivalence.spike_flips``: the fraction of outputs that differ; ``.gradient_cosine``: the
        cosine between the gradients that a random cotangent of the outputs sends back to the current;
        ``.current_scale``: what the current is multiplied by for the reference.
    """
    network = copy.deepcopy(trained.network).eval()
    batch = trained.cell.budget.batch_size
    x, _ = trained.batch(trained.data.test, batch, "equivalence")
    current, neuron = _first_population(list(network.layers), x)
    made = reference(tuple(current.shape[2:])).to(current.device)
    take_weights(made, neuron)
    made = made.to(torch.float64).requires_grad_(False)
    noise = trained.generator("equivalence.cotangent")
    cotangent = torch.randn(current.shape, generator=noise, device=current.device, dtype=torch.float64)
    scale = _scale(copy.deepcopy(neuron).double(), made, current[0, :1].double())
    spikes, gradient = _run(neuron, current, cotangent)
    expected, expected_gradient = _run(made, scale * current.double(), cotangent)
    flips = Metric(float((spikes != expected).double().mean()))
    return {
        SCALE: Metric(scale),
        FLIPS: flips if spikes.any() or expected.any() else Metric.missing("neither spikes"),
        COSINE: _cosine(gradient, expected_gradient),
    }


def take_weights(target: nn.Module, source: nn.Module) -> None:
    """Copy into ``target`` every parameter and buffer that ``source`` has under the same name and shape."""
    own, given = target.state_dict(), source.state_dict()
    same = {name: given[name] for name in own if name in given and given[name].shape == own[name].shape}
    target.load_state_dict(same, strict=False)


def missing(reason: str) -> dict[str, Metric]:
    """Return the same, not measured."""
    return {name: Metric.missing(reason) for name in (SCALE, FLIPS, COSINE)}


def grade(metrics: dict[str, Metric]) -> str:
    """Return ``A``: equal spikes.

    ``B`` has few flips; both have gradients along the reference's. ``C`` is another model.

    ``–`` where it could not be compared. A or B for a current of another size says so: ``A at
    current × 0.1``.
    """
    flips, cosine = metrics[FLIPS].value, metrics[COSINE].value
    if flips is None or cosine is None:
        return "–"
    if flips >= MOST_FLIPS or cosine <= LEAST_COSINE:
        return "C"
    scale = metrics[SCALE].value
    return ("A" if flips == 0 else "B") + ("" if scale in (1, None) else f" at current × {scale:.3g}")


def _first_population(layers: list[nn.Module], x: Tensor) -> tuple[Tensor, Neuron]:
    """Return the first population and the current ``[T, B, *features]`` that reaches it for input ``x``."""
    for layer in layers:
        if isinstance(layer, Neuron):
            return in_memory(x).detach(), layer
        x = over_time(layer, x)
    raise ValueError("the network has no population")


def _scale(neuron: Neuron, reference: Neuron, like: Tensor) -> float:
    """Return the unit of ``reference`` over that of ``neuron``.

    It is 1 where they are equal or one is not known.
    """
    units = [_unit(one, like) for one in (neuron, reference)]
    if units[0] is None or units[1] is None or abs(units[1] / units[0] - 1) < SAME:
        return 1.0
    return units[1] / units[0]


@torch.no_grad()
def _unit(neuron: Neuron, like: Tensor) -> float | None:
    """Return the least current, to all neurons, that makes one spike in a step from rest ``[1, *features]``.

    None if none does, or if one spikes, or is graded, without any.
    """

    def fires(current: float) -> bool:
        x_t = torch.full_like(like, current)
        return bool((neuron.step(x_t, neuron.initial_state(x_t))[0] != 0).any())

    high = next((2.0**k for k in range(-LARGEST, LARGEST + 1) if fires(2.0**k)), None)
    if high is None or fires(0.0):
        return None
    low = 0.0
    while (middle := (low + high) / 2) not in (low, high):
        low, high = (low, middle) if fires(middle) else (middle, high)
    return high


def _run(neuron: Neuron, current: Tensor, cotangent: Tensor) -> tuple[Tensor, Tensor]:
    """Return the outputs, and the gradient of their product with ``cotangent``, both in float64."""
    current = current.clone().requires_grad_()
    outputs, _ = neuron(current)
    (gradient,) = torch.autograd.grad(outputs, current, cotangent.to(outputs.dtype))
    return outputs.detach().double(), gradient.double()


def _cosine(a: Tensor, b: Tensor) -> Metric:
    if not (a.any() and b.any()):
        return Metric.missing("a gradient is 0")
    return Metric(float(cosine_similarity(a.flatten(), b.flatten(), dim=0, eps=0.0)))
