"""Describe what the rates of a cell mean."""

from __future__ import annotations

from snnbench.quantities import Better, Quantity, Scale

_IN_TURNS = (
    "The other network runs by the row's engine, or the ratio is marked other engine. The two took "
    "turns in one process; the interval, of one seed, is over the pairs of windows."
)
_CLASSES = (
    "A neuron that gives the same spikes and gradients as the reference is marked A, one that flips under "
    "0.1 % of the spikes B, and another model C: its speed is no faster way to the same numbers."
)

QUANTITIES = (
    Quantity(
        "throughput.training",
        "Training",
        "Rate of a training step (forward, backward, optimiser), model only, data already on the device.",
        unit="samples/s",
        scale=Scale.RATE,
        better=Better.HIGHER,
        headline=True,
    ),
    Quantity(
        "throughput.inference",
        "Inference",
        "Rate of the forward pass without gradients, model only, data already on the device.",
        unit="samples/s",
        scale=Scale.RATE,
        better=Better.HIGHER,
        headline=True,
    ),
    Quantity(
        "throughput.training_ratio",
        "Training",
        "Rate of a training step as a multiple of the same network's with the reference neuron. "
        f"{_CLASSES} {_IN_TURNS}",
        unit="× reference",
        scale=Scale.RATIO,
        better=Better.HIGHER,
        headline=True,
    ),
    Quantity(
        "throughput.inference_ratio",
        "Inference",
        "Rate of inference as a multiple of the same network's with the reference neuron. "
        f"{_CLASSES} {_IN_TURNS}",
        unit="× reference",
        scale=Scale.RATIO,
        better=Better.HIGHER,
        headline=True,
    ),
    Quantity(
        "throughput.training_floor",
        "Training",
        "Rate of a training step as a multiple of the same network's with a neuron that costs nothing much. "
        + _IN_TURNS,
        unit="× floor",
        scale=Scale.RATIO,
        better=Better.HIGHER,
        headline=True,
    ),
    Quantity(
        "throughput.inference_floor",
        "Inference",
        "Rate of inference as a multiple of the same network's with a neuron that costs nothing much. "
        + _IN_TURNS,
        unit="× floor",
        scale=Scale.RATIO,
        better=Better.HIGHER,
        headline=True,
    ),
    Quantity(
        "throughput.training_end_to_end",
        "Training, end to end",
        "Rate of a training step with the loader and the encoder.",
        unit="samples/s",
        scale=Scale.RATE,
        better=Better.HIGHER,
    ),
    Quantity(
        "throughput.inference_end_to_end",
        "Inference, end to end",
        "Rate of inference with the loader and the encoder.",
        unit="samples/s",
        scale=Scale.RATE,
        better=Better.HIGHER,
    ),
    Quantity(
        "throughput.training_updates",
        "Training updates",
        "Samples × steps × neurons a second while training.",
        unit="updates/s",
        scale=Scale.RATE,
        better=Better.HIGHER,
    ),
    Quantity(
        "throughput.inference_updates",
        "Inference updates",
        "Samples × steps × neurons a second in inference.",
        unit="updates/s",
        scale=Scale.RATE,
        better=Better.HIGHER,
    ),
)
