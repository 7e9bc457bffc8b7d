"""Probe what an encoder claims."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final, cast

import numpy as np
import torch
from torch import Tensor

from snnbench.core import torch_private
from snnbench.data.dataset import Encoder
from snnbench.data.events import Events
from snnbench.errors import UsageError
from snnbench.plugin.spec import Spec
from snnbench.plugin.specs import EncoderSpec
from snnbench.records import Params
from snnbench.testing.casebook import Probe
from snnbench.testing.outcomes import Undecided, Violation
from snnbench.testing.rng import no_global_draws
from snnbench.testing.specs import BUILD_PROBE, SPEC_PROBES

STEPS: Final = 7
BATCH: Final = 3
SENSOR: Final = (4, 5, 2)


class Subject:
    """The probes run on an encoder at given parameters."""

    def __init__(self, spec: EncoderSpec, params: Params, beside: Sequence[Spec] = ()) -> None:
        self.spec = spec
        self.params = params

    def make(self, steps: int = STEPS) -> Encoder:
        """Return the encoder for T = ``steps``.

        Raises:
            Undecided: It takes a parameter that has no default, or no such T.
        """
        try:
            return cast(Encoder, self.spec.load()(steps, **self.spec.resolve(self.params)))
        except UsageError as error:
            raise Undecided(f"it cannot be built for {steps} steps: {error.message}") from None

    def samples(self, kind: str, steps: int = STEPS) -> Tensor | Events:
        """Return a batch of ``kind``, values well within [0, 1], the same at every call."""
        generator = np.random.Generator(np.random.PCG64(0))
        if kind == "events":
            return Events.of([_recording(generator) for _ in range(BATCH)], SENSOR)
        shape = (BATCH, steps, 4) if kind == "sequence" else (BATCH, 1, 4, 5)
        return 0.05 + 0.9 * torch.from_numpy(generator.random(shape, dtype=np.float32))


def _recording(generator: np.random.Generator) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    times = np.sort(generator.integers(0, 100_000, 50))
    places = [generator.integers(0, limit, 50) for limit in SENSOR]
    return np.stack([times, *places], axis=1).astype(np.int64)


def _seeded(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _encode(encode: Encoder, x: Tensor | Events) -> Tensor:
    """Return the samples encoded.

    Raises:
        Undecided: It refuses them: they do not suit its parameters.
    """
    try:
        return encode(x, _seeded())
    except UsageError as error:
        raise Undecided(f"it refuses the samples: {error.message}") from None


def shape(subject: Subject) -> None:
    """Check that the shape is ``[T, B, *]``."""
    _check_shape(subject, STEPS)


def one_step(subject: Subject) -> None:
    """Check an encoding with T = 1."""
    _check_shape(subject, 1)


def _check_shape(subject: Subject, steps: int) -> None:
    for kind in sorted(subject.spec.accepts):
        encoded = _encode(subject.make(steps), subject.samples(kind, steps))
        if tuple(encoded.shape[:2]) != (steps, BATCH) or encoded.ndim < 3:
            raise Violation(
                f"for {BATCH} samples of kind {kind!r} and {steps} steps it gives {list(encoded.shape)}",
                hint=f"its output is [T, B, *], here [{steps}, {BATCH}, *]",
            )
        if not encoded.is_floating_point() or not bool(encoded.isfinite().all()):
            raise Violation(
                f"for samples of kind {kind!r} it gives {encoded.dtype}, or values that are not finite"
            )


def reproducible(subject: Subject) -> None:
    """Encode twice with equal generators, whatever was encoded in between."""
    for kind in sorted(subject.spec.accepts):
        x, encode = subject.samples(kind), subject.make()
        first = _encode(encode, x)
        encode(x, _seeded(2))
        if not torch.equal(first, encode(x, _seeded())) or not torch.equal(
            first, subject.make()(x, _seeded())
        ):
            raise Violation(
                f"samples of kind {kind!r} with the same generator give different spikes",
                smallest=f"{BATCH} samples, {STEPS} steps, torch.Generator().manual_seed(1) twice",
                hint="draw from the generator alone: torch.bernoulli(p, generator=generator)",
            )


def unseeded(subject: Subject) -> None:
    """Check that it leaves the global generators alone."""
    for kind in sorted(subject.spec.accepts):
        x = subject.samples(kind)
        with no_global_draws(f"encoding samples of kind {kind!r}"):
            _encode(subject.make(), x)


def untouched(subject: Subject) -> None:
    """Check that it leaves the samples alone."""
    for kind in sorted(subject.spec.accepts):
        given = _tensors(subject.samples(kind))
        x = subject.samples(kind)
        versions = list(map(torch_private.version, _tensors(x)))
        _encode(subject.make(), x)
        if versions != list(map(torch_private.version, _tensors(x))) or not all(
            map(torch.equal, given, _tensors(x))
        ):
            raise Violation(f"it writes into samples of kind {kind!r}")


def _tensors(x: Tensor | Events) -> tuple[Tensor, ...]:
    return x.tensors if isinstance(x, Events) else (x,)


def independent(subject: Subject) -> None:
    """Change a sample of a batch; where nothing is drawn, encode a sample alone too."""
    for kind in sorted(subject.spec.accepts):
        x, drawing = subject.samples(kind), _seeded()
        encode = subject.make()
        whole = _encode(encode, x)
        if not torch.equal(encode(x, drawing), whole):
            raise Undecided("it encodes the same samples otherwise each time")
        for said, other in _changed(x):
            generator = _seeded()
            if torch.equal(encode(other, generator)[:, 1:], whole[:, 1:]):
                continue
            if not torch.equal(generator.get_state(), drawing.get_state()):
                raise Undecided("how much it draws depends on the samples: each then changes those after it")
            raise _mixed(f"{said} changes the others of its batch", kind)
        if subject.spec.deterministic and not _close(encode(x[1:2], _seeded()), whole[:, 1:2]):
            raise _mixed("a sample alone becomes something else than within a batch", kind)


def _mixed(found: str, kind: str) -> Violation:
    return Violation(
        found,
        smallest=f"{BATCH} samples of kind {kind!r}, torch.Generator().manual_seed(1)",
        hint="nothing may be summed, averaged or normalised over the batch",
    )


def _changed(x: Tensor | Events) -> Iterator[tuple[str, Tensor | Events]]:
    """Yield the batch with another first sample, brighter or darker than all.

    With each comes what has been done to it.
    """
    if isinstance(x, Events):
        longer = _recording(np.random.Generator(np.random.PCG64(1)))
        longer[:, 0] *= 2
        rest = [x[i : i + 1].rows.numpy() for i in range(1, BATCH)]
        yield "a recording twice as long", Events.of([longer, *rest], x.sensor)
        return
    for value in (0.99, 0.01):
        other = x.clone()
        other[0] = value
        yield f"a sample of {value} throughout", other


def _close(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and torch.allclose(one, other)


def in_range(subject: Subject) -> None:
    """Check that intensities outside [0, 1] are refused by range or taken as they are, never clamped."""
    if "image" not in subject.spec.accepts:
        raise Undecided("only images have a range")
    encode = subject.make()
    for bad, edge in ((-0.5, 0.0), (1.5, 1.0), (math.nan, 0.0)):
        encoded = _refused(encode, bad)
        if encoded is None:
            continue
        usual = _refused(encode, edge)
        hidden = math.isnan(bad) and bool(encoded.isfinite().all())
        if hidden or (usual is not None and bool(usual.any()) and torch.equal(encoded, usual)):
            raise Violation(
                f"it takes an intensity of {bad} for {edge}",
                smallest=f"x = {bad}",
                hint="raise snnbench.errors.UsageError with the range it takes, in place of clamping",
            )


def _refused(encode: Encoder, value: float) -> Tensor | None:
    """Return what a sample of ``value`` alone becomes; None where it is refused in words.

    Raises:
        Violation: It is refused otherwise.
    """
    x = torch.full((BATCH, 1, 2, 2), 0.5)
    x[0] = value
    try:
        return encode(x, _seeded())[:, 0]
    except UsageError as error:
        said = error.message + error.hint
        if any(character.isdigit() for character in said) or (not math.isfinite(value) and "finite" in said):
            return None
        text = f"its error {error.message!r} does not name the range"
        raise Violation(text, smallest=f"x = {value}") from None
    except Exception as error:
        raise Violation(
            f"it fails with {type(error).__name__}: {error}",
            smallest=f"x = {value}",
            hint="raise snnbench.errors.UsageError with the range it takes",
        ) from error


PROBES: Final = (
    *SPEC_PROBES,
    BUILD_PROBE,
    Probe("shape", "that it gives [T, B, *]", shape),
    Probe("shape[one_step]", "that it gives [1, B, *] for one step", one_step),
    Probe("random[reproducible]", "that a generator decides its spikes", reproducible),
    Probe("random[global]", "that no global random number is drawn", unseeded),
    Probe("pure[arguments]", "that it writes into nothing it is given", untouched),
    Probe("batch[independent]", "that samples of a batch are independent", independent),
    Probe("range", "that values out of range are refused, not clamped", in_range),
)
