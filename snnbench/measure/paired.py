"""Measure how much faster one work is than another that took turns with it."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from scipy.stats import quantile_test

from snnbench.measure.timing import SPREAD, Timing
from snnbench.records import Metric

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio is the rate of one work as a multiple of another's.

    Attributes:
        low: Lower end of the 95 % interval of ``value``.
        value: Median over the windows of both that are neighbours in time.
        high: Upper end.
        flags: ``unstable`` if a warm-up did not settle or the interval is wider than 10 % of the value;
            ``busy`` as for a rate.
    """

    low: float
    value: float
    high: float
    flags: tuple[str, ...]

    def metric(self, *flags: str) -> Metric:
        """Return the ratio as a metric, with further flags in front."""
        return Metric(self.value, "×", self.low, self.high, (*flags, *self.flags))


def ratio(one: Timing, other: Timing) -> Ratio:
    """Return how many times as fast ``one`` is as ``other``; both by the wall clock.

    The interval takes order statistics of the ratios (the sign test's, Conover 1999, section 3.2), so it
    asks for no distribution and an interrupted window moves nothing. What drifts within a turn makes every
    other ratio too high by what it makes the next too low, so it widens the interval and leaves the median.

    Args:
        one: A timing.
        other: What took turns with it, in the same call of ``take_turns``.
    """
    ratios = [a / b for a, b in zip(one.windows, other.windows, strict=True)]
    value = median(ratios)
    interval = quantile_test(ratios, q=value).confidence_interval(CONFIDENCE)
    low, high = float(interval.low), float(interval.high)  # type: ignore[attr-defined]  # stubs: a float
    unstable = not (one.settled and other.settled) or high - low > SPREAD * value
    busy = {"busy"} & {*one.wall.flags, *other.wall.flags}
    return Ratio(low, value, high, (*(["unstable"] if unstable else []), *busy))
