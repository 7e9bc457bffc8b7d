"""Describe what the exponents of a cell mean."""

from __future__ import annotations

from snnbench.quantities import Better, Quantity, Scale

QUANTITIES = (
    Quantity(
        "stability.lambda_grad",
        "λ grad",
        "Largest Lyapunov exponent along the surrogate gradient: gradients through time vanish below 0 "
        "and explode above it.",
        unit="nats/step",
        scale=Scale.EXPONENT,
        headline=True,
    ),
    Quantity(
        "stability.lambda_delta",
        "λ",
        "Growth rate of the distance between two real trajectories that is held at δ: a disturbance of "
        "that size dies out below 0 and grows above it. δ is in thresholds, the root mean square over all"
        " states.",
        unit="nats/step",
        scale=Scale.EXPONENT,
        headline=True,
        parameter="δ=",
        without_column=("0.0001", "0.01"),
    ),
    Quantity(
        "stability.lambda_spike",
        "λ spikes",
        "Growth rate of the number of spikes that differ, from the first 10 steps after a disturbance of "
        "size δ to the next 10.",
        unit="nats/step",
        scale=Scale.EXPONENT,
        parameter="δ=",
    ),
    Quantity(
        "stability.lambda_true",
        "λ true",
        "Largest exponent of the true derivative: for leaky neurons the leak, whatever the training.",
        unit="nats/step",
        scale=Scale.EXPONENT,
    ),
    Quantity(
        "stability.spectrum",
        "λ grad, exponent",
        "An exponent of the gradient: the largest is 1.",
        unit="nats/step",
        scale=Scale.EXPONENT,
    ),
    Quantity(
        "stability.p_coalesce",
        "Coalescence",
        "How often two trajectories that were δ apart became one.",
        unit="%",
        scale=Scale.FRACTION,
        parameter="δ=",
    ),
    Quantity(
        "stability.growth_from",
        "δ grows from",
        "Size from which on a disturbance grows: smaller ones die out.",
        unit="1",
    ),
    Quantity(
        "stability.growth_to",
        "δ grows to",
        "Size up to which a disturbance grows: larger ones shrink to it.",
        unit="1",
    ),
    Quantity(
        "stability.larger",
        "Larger",
        "Streams in which a disturbance of δ = 0.1, let go, is larger after 500 steps than at the start.",
        unit="%",
        scale=Scale.FRACTION,
    ),
    Quantity(
        "stability.there",
        "Still there",
        "Streams in which a disturbance of δ = 0.1, let go, is not gone after 500 steps.",
        unit="%",
        scale=Scale.FRACTION,
    ),
    Quantity(
        "stability.leak_check",
        "Leak check",
        "1 where λ true met the value known in advance, 0 where it did not.",
        unit="1",
        better=Better.HIGHER,
    ),
)
