"""What each of the suite's metrics is called and means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["fraction", "rate", "ratio", "bytes", "exponent", "plain"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One metric.

    Attributes:
        title: Heading of its column.
        unit: Heading's second line: what the numbers below are in, scaled by ``kind``.
        kind: How a number is written.
        higher_is_better: None if neither end is better.
        meaning: One sentence.
        headline: It has a column of its own on the leaderboard.
    """

    title: str
    unit: str
    kind: Kind
    higher_is_better: bool | None
    meaning: str
    headline: bool = False


_IN_TURNS = (
    "The other network runs by the row's engine, or the ratio is marked other engine. The two took "
    "turns in one process; the interval, of one seed, is over the pairs of windows."
)
_CLASSES = (
    "A neuron that gives the same spikes and gradients as the reference is marked A, one that flips under "
    "0.1 % of the spikes B, and another model C: its speed is no faster way to the same numbers."
)


def _accuracy(title: str, meaning: str, headline: bool = False) -> Entry:
    return Entry(title, "%", "fraction", True, meaning, headline)


def _rate(title: str, meaning: str, headline: bool = False, unit: str = "samples/s") -> Entry:
    return Entry(title, unit, "rate", True, meaning, headline)


def _ratio(title: str, of: str, meaning: str) -> Entry:
    return Entry(title, of, "ratio", True, f"{meaning} {_IN_TURNS}", headline=True)


def _bytes(title: str, meaning: str, headline: bool = False) -> Entry:
    return Entry(title, "", "bytes", False, meaning, headline)


def _exponent(title: str, meaning: str, headline: bool = False) -> Entry:
    return Entry(title, "nats/step", "exponent", None, meaning, headline)


CATALOGUE: dict[str, Entry] = {
    "accuracy.test": _accuracy(
        "Accuracy",
        "Fraction of the test split classified correctly, at the epoch chosen on validation. Its interval is "
        "for new seeds and new samples of the kind: it includes the sampling error of the test split.",
        headline=True,
    ),
    "accuracy.test_last": _accuracy("Last-epoch accuracy", "Test accuracy after the last epoch."),
    "accuracy.validation": _accuracy("Validation accuracy", "Validation accuracy at the chosen epoch."),
    "accuracy.train": _accuracy(
        "Training accuracy",
        "Accuracy on the training split during the chosen epoch, while the weights were changing.",
    ),
    "accuracy.repeat_check": Entry(
        "Repeat check", "1", "plain", True, "1 where the same batch twice gave the same output, 0 where not."
    ),
    "accuracy.epoch": Entry(
        "Chosen epoch", "epoch", "plain", None, "The epoch, from 0, with the best validation accuracy."
    ),
    "data.balance": Entry(
        "Class balance",
        "1",
        "plain",
        None,
        "Training samples of the rarest class over those of the most frequent one: 1 where all are alike.",
    ),
    "data.overlap": Entry(
        "Test in training",
        "%",
        "fraction",
        False,
        "Test samples that equal a training or validation sample, bit by bit.",
    ),
    "data.duration": Entry(
        "Duration",
        "s",
        "plain",
        None,
        "Median time from the first event of a recording to its last, of 100 training recordings.",
    ),
    "data.outside": Entry(
        "Events cut off",
        "%",
        "fraction",
        False,
        "Events that lie in none of the bins, of 100 training recordings.",
    ),
    "data.padding": Entry(
        "Padding",
        "%",
        "fraction",
        None,
        "Bins that come after a recording's last event, of 100 training recordings.",
    ),
    "data.test_samples": Entry(
        "Test samples",
        "samples",
        "plain",
        None,
        "Samples of the test split: the interval of an accuracy includes that they are a sample.",
    ),
    "training.waiting": Entry(
        "Waiting",
        "%",
        "fraction",
        False,
        "Share of the training time until the next batch was fetched and encoded.",
    ),
    "throughput.training": _rate(
        "Training",
        "Rate of a training step (forward, backward, optimiser), model only, data already on the device.",
        headline=True,
    ),
    "throughput.inference": _rate(
        "Inference",
        "Rate of the forward pass without gradients, model only, data already on the device.",
        headline=True,
    ),
    "throughput.training_ratio": _ratio(
        "Training",
        "× reference",
        f"Rate of a training step as a multiple of the same network's with the reference neuron. {_CLASSES}",
    ),
    "throughput.inference_ratio": _ratio(
        "Inference",
        "× reference",
        f"Rate of inference as a multiple of the same network's with the reference neuron. {_CLASSES}",
    ),
    "throughput.training_floor": _ratio(
        "Training",
        "× floor",
        "Rate of a training step as a multiple of the same network's with a neuron that costs nothing much.",
    ),
    "throughput.inference_floor": _ratio(
        "Inference",
        "× floor",
        "Rate of inference as a multiple of the same network's with a neuron that costs nothing much.",
    ),
    "throughput.training_end_to_end": _rate(
        "Training, end to end", "Rate of a training step with the loader and the encoder."
    ),
    "throughput.inference_end_to_end": _rate(
        "Inference, end to end", "Rate of inference with the loader and the encoder."
    ),
    "throughput.training_updates": _rate(
        "Training updates", "Samples × steps × neurons a second while training.", unit="updates/s"
    ),
    "throughput.inference_updates": _rate(
        "Inference updates", "Samples × steps × neurons a second in inference.", unit="updates/s"
    ),
    "memory.training_peak": _bytes(
        "Training memory",
        "Peak of a training step above the level before the network was built.",
        headline=True,
    ),
    "memory.inference_peak": _bytes(
        "Inference memory", "Peak of inference above the level before the network was built."
    ),
    "memory.parameters": _bytes("Parameters", "Size of all parameters."),
    "memory.state_per_sample": _bytes("State", "Size of the neurons' state for one sample."),
    "memory.saved_per_sample_step": _bytes(
        "Saved for backward", "What one sample keeps for the backward pass at each time step."
    ),
    "memory.saved_predicted": _bytes(
        "Saved for backward, predicted",
        "The same in eager mode, added up from what each layer has to keep.",
    ),
    "stability.lambda_grad": _exponent(
        "λ grad",
        "Largest Lyapunov exponent along the surrogate gradient: gradients through time vanish below 0 and "
        "explode above it.",
        headline=True,
    ),
    "stability.lambda_delta": _exponent(
        "λ",
        "Growth rate of the distance between two real trajectories that is held at δ: a disturbance of that "
        "size dies out below 0 and grows above it. δ is in thresholds, the root mean square over all states.",
        headline=True,
    ),
    "stability.lambda_spike": _exponent(
        "λ spikes",
        "Growth rate of the number of spikes that differ, from the first 10 steps after a disturbance of "
        "size δ to the next 10.",
    ),
    "stability.lambda_true": _exponent(
        "λ true",
        "Largest exponent of the true derivative: for leaky neurons the leak, whatever the training.",
    ),
    "stability.spectrum": _exponent("λ grad, exponent", "An exponent of the gradient: the largest is 1."),
    "stability.p_coalesce": Entry(
        "Coalescence", "%", "fraction", None, "How often two trajectories that were δ apart became one."
    ),
    "stability.growth_from": Entry(
        "δ grows from", "1", "plain", None, "Size from which on a disturbance grows: smaller ones die out."
    ),
    "stability.growth_to": Entry(
        "δ grows to", "1", "plain", None, "Size up to which a disturbance grows: larger ones shrink to it."
    ),
    "stability.larger": Entry(
        "Larger",
        "%",
        "fraction",
        None,
        "Streams in which a disturbance of δ = 0.1, let go, is larger after 500 steps than at the start.",
    ),
    "stability.there": Entry(
        "Still there",
        "%",
        "fraction",
        None,
        "Streams in which a disturbance of δ = 0.1, let go, is not gone after 500 steps.",
    ),
    "activity.rate": Entry(
        "Firing rate", "spikes/step", "plain", None, "Spikes a neuron and step, over test samples."
    ),
    "activity.dead": Entry(
        "Dead", "%", "fraction", None, "Neurons that spiked in no step of any test sample shown."
    ),
    "activity.saturated": Entry(
        "Saturated", "%", "fraction", None, "Neurons that spiked in every step of every test sample shown."
    ),
    "gradient.norm": Entry(
        "Gradient norm", "1", "plain", None, "Euclidean norm of the loss' gradient, of one training batch."
    ),
    "stability.leak_check": Entry(
        "Leak check", "1", "plain", True, "1 where λ true met the value known in advance, 0 where it did not."
    ),
}
