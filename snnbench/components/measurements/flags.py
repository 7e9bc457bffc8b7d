"""The warnings that the standard measurements raise."""

from __future__ import annotations

from snnbench.quantities import Flag


class MeasurementFlag(Flag):
    """Warnings of the standard measurements, with the sentence that explains each of them."""

    SUBSET = "subset", "Trained on part of the published training samples."
    UNPUBLISHED_FILES = (
        "unpublished files",
        "The files are not the published ones: results do not compare with published ones.",
    )
    OVERLAP = (
        "overlap",
        "Some test samples are also training or validation samples (Test in training says how many).",
    )
    EVENTS_CUT_OFF = (
        "events cut off",
        "More than 1 % of the events lie in none of the bins: their times may be in another unit than the"
        " window, or the window too narrow.",
    )
    MOSTLY_PADDING = (
        "mostly padding",
        "More than 90 % of the bins come after a recording's last event: their times may be in another "
        "unit than the window, or the window too wide.",
    )
    AT_BOUND = (
        "at bound",
        "Learned decays or thresholds ended at the end of their range: the label at bound says how many, "
        "and in which layer.",
    )
    CHANCE = (
        "chance",
        "A seed is no better than guessing the most frequent class, as far as so many test samples tell "
        "(exact binomial test, 5 %).",
    )
    EXPLODED = (
        "exploded",
        "The training loss ended at more than ten times that of the first batch: the learning rate is too"
        " large for these weights.",
    )
    UNSTABLE = "unstable", "A timing did not settle within its time cap."
    BUSY = "busy", "Other processes took more than their share of the processors during a timing."
    COARSE = "coarse", "The memory counter's resolution is coarse against the value."
    FINITE_TIME = "finite-time", "The sequence is too short for an asymptotic exponent."
    LEAK_UNKNOWN = (
        "leak unknown",
        "A population does not say how fast it forgets, and it could not be measured: what it started "
        "from may still be in the numbers.",
    )
    DEGENERATE = (
        "degenerate",
        "The growth fell off as 1/t, as where leading exponents are equal: the exponent is too high by "
        "about ln(T)/T.",
    )
    OTHER_ENGINE = (
        "other engine",
        "The reference or the floor did not run as this row did, but one by a compiled loop or chunks, the "
        "other eagerly or by a kernel of its own: the ratio compares that, too.",
    )
    FEW_SAMPLES = "few samples", "Fewer than 10 test samples to measure on: there is no interval."
    OWN_UNITS = (
        "own units",
        "A population names no threshold: its disturbances are measured in units of its own state.",
    )
    BANDS = "bands", "Disturbances larger than those of the band grow again."
    COALESCES = (
        "coalesces",
        "Most disturbances of this size vanished in one step: the exponent is of the others.",
    )
    SINGULAR = "singular", "Some directions shrink to nothing in one step: their exponents are −∞."
    RESOLUTION = "resolution", "δ is too close to the resolution of floating-point numbers."
