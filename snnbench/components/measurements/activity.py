"""Describe what the activity and the gradient of a cell mean."""

from __future__ import annotations

from snnbench.quantities import Quantity, Scale

QUANTITIES = (
    Quantity(
        "activity.rate",
        "Firing rate",
        "Spikes a neuron and step, over test samples.",
        unit="spikes/step",
        parameter="layer ",
    ),
    Quantity(
        "activity.dead",
        "Dead",
        "Neurons that spiked in no step of any test sample shown.",
        unit="%",
        scale=Scale.FRACTION,
    ),
    Quantity(
        "activity.saturated",
        "Saturated",
        "Neurons that spiked in every step of every test sample shown.",
        unit="%",
        scale=Scale.FRACTION,
    ),
    Quantity(
        "gradient.norm",
        "Gradient norm",
        "Euclidean norm of the loss' gradient, of one training batch.",
        unit="1",
    ),
)
