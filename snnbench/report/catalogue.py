"""What each metric and each mark is called and means."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from snnbench.records import Meaning
from snnbench.settings import INITIAL
from snnbench.words import plain

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
    "The other network runs eagerly. The two took turns in one process; the interval, of one seed, is over "
    "the pairs of windows."
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

PARAMETERS = {
    "stability.lambda_delta": "δ=",
    "stability.lambda_spike": "δ=",
    "stability.p_coalesce": "δ=",
    "activity.rate": "layer ",
}
"""What stands before the parameter of a metric of these families."""

CHARTED = {"stability.lambda_delta": {"0.0001", "0.01"}}
"""Of a long family, those that have no column on the leaderboard: its chart has them all."""

FAILED_CHECKS = {"accuracy.repeat_check": "not repeatable", "stability.leak_check": "leak check failed"}
"""Metrics that are 0 where a check failed, and the mark of it."""

MARKS = {
    "few seeds": "Fewer than 3 seeds were measured: the mean says little about the next seed.",
    "renewed": "Older versions of its components were measured here too; their cells are left out.",
    "versions": "A seed was measured in two versions, which must not be averaged: report the runs apart.",
    "identical": "All seeds gave the same number: how far seeds differ is not known.",
    "infinite": "A seed's number is infinite, so there is no interval.",
    "subset": "Trained on part of the published training samples.",
    "unpublished files": "The files are not the published ones: results do not compare with published ones.",
    "overlap": "Some test samples are also training or validation samples (Test in training says how many).",
    "events cut off": "More than 1 % of the events lie in none of the bins: their times may be in another "
    "unit than the window, or the window too narrow.",
    "mostly padding": "More than 90 % of the bins come after a recording's last event: their times may be "
    "in another unit than the window, or the window too wide.",
    "at bound": "Learned decays or thresholds ended at the end of their range: the label at bound says "
    "how many, and in which layer.",
    "chance": "A seed is no better than guessing the most frequent class, as far as so many test samples "
    "tell (exact binomial test, 5 %).",
    "exploded": "The training loss ended at more than ten times that of the first batch: the learning rate "
    "is too large for these weights.",
    "unstable": "A timing did not settle within its time cap.",
    "fallback": "Ran eagerly, as its compiled form failed or disagreed: the label fallback says why.",
    "other surrogate": "The reference ran with this row's surrogate, a library's perhaps, not with that of "
    "its own row here: the ratio is not that of the two rows' rates.",
    "busy": "Other processes took more than their share of the processors during a timing.",
    "coarse": "The memory counter's resolution is coarse against the value.",
    "finite-time": "The sequence is too short for an asymptotic exponent.",
    "leak unknown": "A population does not say how fast it forgets, and it could not be measured: what it "
    "started from may still be in the numbers.",
    "degenerate": "The growth fell off as 1/t, as where leading exponents are equal: the exponent is too "
    "high by about ln(T)/T.",
    "few samples": "Fewer than 10 test samples to measure on: there is no interval.",
    "own units": "A population names no threshold: its disturbances are measured in units of its own state.",
    "bands": "Disturbances larger than those of the band grow again.",
    "coalesces": "Most disturbances of this size vanished in one step: the exponent is of the others.",
    "singular": "Some directions shrink to nothing in one step: their exponents are −∞.",
    "resolution": "δ is too close to the resolution of floating-point numbers.",
    "diverged": "The loss was not finite in so many seeds.",
    "failed": "So many seeds ended in an error; the list of what was not measured says which.",
    "oom": "So many seeds ran out of memory.",
    "timeout": "So many seeds took longer than the time limit.",
    "interrupted": "So many seeds were interrupted; running again continues them.",
    "skipped": "So many seeds were left out, for the reason in the list of what was not measured.",
    "class": "How equal the model is to the reference: A the same spikes and gradients, B under 0.1 % of the "
    "spikes flipped, C another model.",
    "reference off": "The reference, timed against itself, is off 1 by more than its interval and 5 %: the "
    "timings of this machine are biased.",
    "ratio in doubt": "The reference's own ratio is off on this board (reference off): this row's may be "
    "off by as much.",
    "graded": "The output is graded, not binary: sparsity and operation counts do not compare.",
    "not repeatable": "The same batch gave another output the second time: something is carried from batch "
    "to batch, or drawn at random, and the numbers depend on it.",
    "leak check failed": "λ true missed the value known in advance: do not trust the exponents of this row.",
}
"""Warnings that stand beside numbers, in the order they are explained."""

_KINDS: dict[str, Kind] = {
    "accuracy": "fraction",
    "throughput": "rate",
    "memory": "bytes",
    "stability": "exponent",
}
_LOST = re.compile(r"\d+ of \d+ (\w+)")
"""The mark of seeds that were lost: ``1 of 3 timeout``."""

_FAMILY = re.compile(r"([^\[]+)\[(.*)\]")


def describe(metric: str, unit: str = "", said: Meaning | None = None) -> Entry:
    """The entry of ``metric``: ``accuracy.test``, ``stability.lambda_delta[0.01]``, or a plugin's own.

    Args:
        metric: Its name in the journal.
        unit: Its unit there, for a metric that is not in the catalogue.
        said: What the plugin says of it, likewise.
    """
    if metric.startswith(INITIAL):
        entry = describe(metric.removeprefix(INITIAL), unit, said)
        meaning = f"{entry.meaning.removesuffix('.')}, before training."
        return replace(entry, title=f"{entry.title} before training", meaning=meaning, headline=False)
    if metric in CATALOGUE:
        return CATALOGUE[metric]
    family, parameter = _split(metric)
    if family in CATALOGUE:
        entry = CATALOGUE[family]
        headline = entry.headline and parameter not in CHARTED.get(family, ())
        title = f"{entry.title} {PARAMETERS.get(family, '')}{parameter}"
        return replace(entry, title=title, headline=headline)
    kind = _KINDS.get(metric.partition(".")[0], "plain") if "." in family else "plain"
    shown = "" if unit == "1" else unit
    said = said or Meaning()
    meaning = plain(said.summary) or "A measurement added by a plugin."
    meaning = meaning if meaning.endswith((".", "!", "?")) else f"{meaning}."
    return Entry(plain(metric), shown, kind, said.higher_is_better, meaning, headline="." not in family)


def explain(mark: str) -> str:
    """What ``mark`` means: ``resolution[1e-06]`` is explained as ``resolution``; empty if unknown."""
    lost = _LOST.fullmatch(mark)
    return MARKS.get(lost[1] if lost else _split(mark)[0].partition(" ")[0], "") or MARKS.get(mark, "")


def headlines(metrics: Iterable[str]) -> list[str]:
    """Those of ``metrics`` that the leaderboard shows: in the catalogue's order, then a plugin's by name."""
    return sorted((metric for metric in metrics if describe(metric).headline), key=_order)


def _order(metric: str) -> tuple[int, float, str]:
    family, parameter = _split(metric)
    names = list(CATALOGUE)
    place = names.index(family) if family in names else len(names)
    try:
        return place, float(parameter), metric
    except ValueError:
        return place, 0.0, metric


def _split(metric: str) -> tuple[str, str]:
    match = _FAMILY.fullmatch(metric)
    return (match[1], match[2]) if match else (metric, "")
