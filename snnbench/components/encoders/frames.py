"""Frames: events counted a pixel, polarity and bin of time, by tonic (Lenz et al. 2021)."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from tonic.io import make_structured_array
from tonic.transforms import ToFrame
from torch import Tensor

from snnbench.components.encoders import SPECS
from snnbench.data.dataset import Samples
from snnbench.data.events import Events, Sensor
from snnbench.errors import UsageError
from snnbench.plugin.spec import defaults

_DEFAULT: Final = defaults(SPECS, "frames")

EVENT = np.dtype([(name, np.int64) for name in "txyp"])


class Frames:
    """Counts events in T bins, from a recording's first event or from time 0 on, in any order.

    Without a window the bins share the recording's span equally, the last one with its end, as in
    numpy's histogram. With one they have its width, rounded to whole microseconds; what comes after
    the last bin is cut off, and bins after the recording are padding. Events before time 0 are in no
    bin that begins there.
    Pixels at the right and the lower border may be cut off by ``downsample``.
    ``snnbench show frames`` has the equation and the parameters.

    Args:
        steps: T.

    Raises:
        UsageError: The window is narrower than the clock of events, 1 µs.
    """

    def __init__(
        self,
        steps: int,
        *,
        window_ms: float = _DEFAULT.window_ms,
        start: str = _DEFAULT.start,
        downsample: int = _DEFAULT.downsample,
        polarity: bool = _DEFAULT.polarity,
    ) -> None:
        if 0 < window_ms < 0.001:
            raise UsageError(
                f"encoder 'frames': window_ms = {window_ms:g} is less than 1 µs, the clock of events",
                "give 0.001 or more, or 0 for bins that share each recording equally",
            )
        self.steps = steps
        self.window_ms = window_ms
        self.start = start
        self.downsample = downsample
        self.polarity = polarity

    def __call__(self, x: Samples, generator: torch.Generator) -> Tensor:
        """Counts ``[T, B, polarities, height, width]``, float32, for B recordings.

        Raises:
            UsageError: ``x`` holds no events, or a count exceeds tonic's 16 bits.
        """
        if not isinstance(x, Events):
            raise UsageError(
                f"encoder 'frames' takes events, got a tensor of shape {list(x.shape)}",
                "choose the encoder 'rate' or 'direct' for images, 'none' for sequences",
            )
        width, height, polarities = x.sensor
        side = self.downsample
        sensor = (-(-width // side), -(-height // side), polarities if self.polarity else 1)
        frames = np.zeros((self.steps, len(x), *reversed(sensor)), np.float32)
        for index, rows in enumerate(x.to(torch.device("cpu"))):
            if len(rows):
                frames[:, index] = self._count(self._coarse(rows.numpy().astype(np.int64)), sensor)
        return torch.from_numpy(frames).to(generator.device)

    def lengths(self, x: Samples) -> Tensor | None:
        """Return the bins from the start to the last event of each recording, ``[B]``.

        It is None without a window.
        """
        if not self.window_ms or not isinstance(x, Events):
            return None
        spans = [int(self._time(rows[:, 0].cpu().numpy()).max(initial=0)) for rows in x]
        bins = torch.tensor(spans, device=x.offsets.device) // self._width + 1
        return bins.clamp(max=self.steps)

    def outside(self, x: Events) -> Tensor:
        """Return how many events of each recording lie in no bin, ``[B]``."""
        end = self.steps * self._width if self.window_ms else 2**62
        times = (self._time(rows[:, 0].cpu().numpy()) for rows in x)
        return torch.tensor([int(((time < 0) | (time >= end)).sum()) for time in times])

    def _coarse(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the events as a sensor of larger pixels has them, of one polarity if they count together."""
        rows[:, 1:3] //= self.downsample
        if not self.polarity:
            rows[:, 3] = 0
        return rows

    def _count(self, rows: NDArray[np.int64], sensor: Sensor) -> NDArray[np.int16]:
        """Counts ``[T, polarities, height, width]`` of one recording ``[events, 4]``."""
        time, width = self._bins(rows[:, 0])
        order = time.argsort(kind="stable")
        begin, end = time[order].searchsorted([0, self.steps * width])
        order = order[begin:end]
        if not len(order):
            return np.zeros((self.steps, *reversed(sensor)), np.int16)
        events = make_structured_array(time[order], *rows[order, 1:].T, dtype=EVENT)
        bins = ToFrame(sensor, time_window=width, start_time=0, end_time=self.steps * width)
        counts: NDArray[np.int16] = bins(events)
        if counts.sum(dtype=np.int64) != len(events):  # a count beyond 16 bits has wrapped around
            raise UsageError(
                "encoder 'frames': a pixel has more than 32,767 events in one bin", "take more, narrower bins"
            )
        return counts

    @property
    def _width(self) -> int:
        """Return the width of a bin of a given window, in µs."""
        return round(1000 * self.window_ms)

    def _time(self, time: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return the times ``[events]`` in µs from the start of the first bin on."""
        first = time.min(initial=2**31 - 1) if self.start == "first" else 0
        return time.astype(np.int64) - np.int64(first)

    def _bins(self, time: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
        """Return the times from the start on, and the width of a bin, in a unit that makes both whole.

        Whole edges lose no event between two bins. tonic's ``n_time_bins`` rounds the width down to
        whole microseconds and drops what is left over at the end: at T = 1000, all of a short recording.
        """
        time = self._time(time)
        if self.window_ms:
            return time, self._width
        span = max(int(time.max()), 1)
        return np.minimum(self.steps * time, self.steps * span - 1), span
