"""Describe what the bytes of a cell mean."""

from __future__ import annotations

from snnbench.quantities import Better, Quantity, Scale

QUANTITIES = (
    Quantity(
        "memory.training_peak",
        "Training memory",
        "Peak of a training step above the level before the network was built.",
        scale=Scale.BYTES,
        better=Better.LOWER,
        headline=True,
    ),
    Quantity(
        "memory.inference_peak",
        "Inference memory",
        "Peak of inference above the level before the network was built.",
        scale=Scale.BYTES,
        better=Better.LOWER,
    ),
    Quantity(
        "memory.parameters",
        "Parameters",
        "Size of all parameters.",
        scale=Scale.BYTES,
        better=Better.LOWER,
    ),
    Quantity(
        "memory.state_per_sample",
        "State",
        "Size of the neurons' state for one sample.",
        scale=Scale.BYTES,
        better=Better.LOWER,
    ),
    Quantity(
        "memory.saved_per_sample_step",
        "Saved for backward",
        "What one sample keeps for the backward pass at each time step.",
        scale=Scale.BYTES,
        better=Better.LOWER,
    ),
    Quantity(
        "memory.saved_predicted",
        "Saved for backward, predicted",
        "The same in eager mode, added up from what each layer has to keep.",
        scale=Scale.BYTES,
        better=Better.LOWER,
    ),
)
