"""Probe what a measurement claims: it is made on a tiny trained cell."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Final, cast

import torch

from snnbench.execute.build import Builder
from snnbench.execute.measured import measured
from snnbench.measure import CellContext
from snnbench.plugin.host import Host
from snnbench.plugin.spec import Spec
from snnbench.plugin.specs import MeasurementSpec
from snnbench.records import Cell, Component, Metric, Params
from snnbench.settings import Budget
from snnbench.testing.casebook import Probe
from snnbench.testing.outcomes import Undecided, Violation
from snnbench.testing.rng import no_global_draws
from snnbench.testing.specs import SPEC_PROBES
from snnbench.training import Trainer


class Subject:
    """The probes run on a measurement at given parameters."""

    def __init__(self, spec: MeasurementSpec, params: Params, beside: Sequence[Spec] = ()) -> None:
        self.spec = spec
        self.params = params

    def measure(self, trained: CellContext) -> object:
        """Return what it gives for a trained cell."""
        made = cast(Callable[[CellContext], object], self.spec.load()(**self.spec.resolve(self.params)))
        return made(trained)


@cache
def trained_cell() -> CellContext:
    """Return a LIF network of 8 neurons after one epoch on 60 points."""
    cell = Cell(
        Component("yin_yang", (("train", 60),)),
        Component("direct"),
        Component("dense", (("hidden", (8,)),)),
        Component("lif"),
        Component("atan"),
        Budget(steps=4, epochs=1, batch_size=20),
        0,
        "conformance",
    )
    host = Host.load()
    build = Builder(
        cell, {kind: host.find(kind, one.name).spec for kind, one in cell.components.items()}, None
    )
    trained = CellContext(cell, build.network(), build.encoder, build.data, torch.device("cpu"))
    Trainer(
        trained.network,
        trained.encoder,
        trained.data,
        budget=cell.budget,
        key=cell.key,
        device=trained.device,
    ).run()
    return trained


def number(subject: Subject) -> None:
    """Check that it gives the quantities of its spec, each a metric, a float or None."""
    given = subject.measure(trained_cell())
    if given is None:
        raise Undecided("it gave None for a LIF network on the CPU: it could not be measured")
    numbers = given if isinstance(given, Mapping) else {"its number": given}
    for name, one in numbers.items():
        value = one.value if isinstance(one, Metric) else one
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, float):
            raise Violation(f"{name}: it gives {value!r}, neither a float nor None", hint="return float(...)")
        if not math.isfinite(value):
            raise Violation(f"{name}: it gives {value!r}", hint="return None where it cannot be measured")
    made = measured(subject.spec, Component(subject.spec.name, subject.params), trained_cell())
    reasons = {one.reason for one in made.values() if one.value is None}
    if len(reasons) == 1 and all(one.value is None for one in made.values()):
        raise Violation(f"{reasons.pop()}", hint="give what the spec's quantities and flags name")


def untouched(subject: Subject) -> None:
    """The network that is measured."""
    trained = trained_cell()
    before = {name: value.clone() for name, value in trained.network.state_dict().items()}
    with no_global_draws("measuring"):
        subject.measure(trained)
    changed = [
        name for name, value in trained.network.state_dict().items() if not torch.equal(value, before[name])
    ]
    if changed or trained.network.training:
        what = f"changes {changed[0]!r}" if changed else "leaves the network in training mode"
        trained.network.load_state_dict(before)
        trained.network.eval()
        raise Violation(f"it {what}", hint="measure on copy.deepcopy(trained.network)")


PROBES: Final = (
    *SPEC_PROBES,
    Probe("value", "that it gives the quantities and flags that its spec names", number),
    Probe("pure[network]", "that the network is as it was, for the measurements after it", untouched),
)
