"""Every probe can fail: a component that is wrong in one way turns that probe red and no other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import broken_neurons
import broken_others
import pytest

from snnbench.plugin.host import Provided
from snnbench.plugin.spec import Spec
from snnbench.testing.casebook import KITS, Case, component_cases
from snnbench.testing.outcomes import Undecided, Violation

BROKEN = {
    **{("neuron", probe): spec for probe, spec in broken_neurons.BROKEN.items()},
    **broken_others.BROKEN,
}
ALSO = {**{("neuron", probe): others for probe, others in broken_neurons.ALSO.items()}, **broken_others.ALSO}
SLOW = {"compile", "spec[effect]"}


def cases(spec: Spec, *, slow: bool) -> Iterator[Case]:
    for case in component_cases(Provided(spec, "snnbench-probe", "1.0", spec.name, "", "1.0")):
        if not case.probe.slow or slow:
            yield case


def red(spec: Spec, *, slow: bool) -> dict[str, BaseException]:
    """The probes that fail, each with its finding."""
    found: dict[str, BaseException] = {}
    for case in cases(spec, slow=slow):
        with suppress(Undecided):
            try:
                case.run()
            except Undecided:
                raise
            except Exception as finding:
                found[case.probe.name] = finding
    return found


@pytest.mark.parametrize("right", broken_others.RIGHT, ids=lambda spec: spec.kind)
def test_what_is_right_turns_nothing_red(right: Spec) -> None:
    assert red(right, slow=True) == {}
    decided = [case.probe.name for case in cases(right, slow=False)]
    assert len(decided) > 3


@pytest.mark.parametrize(("kind", "probe"), BROKEN, ids=lambda text: text)
def test_what_is_wrong_in_one_way_turns_one_probe_red(kind: str, probe: str) -> None:
    name = probe.strip()
    found = red(BROKEN[kind, probe], slow=name in SLOW)
    assert name in found
    assert set(found) - {name} <= ALSO.get((kind, probe), set()), found
    finding = found[name]
    assert isinstance(finding, Violation)
    assert str(finding).startswith(f"{kind}:{BROKEN[kind, probe].name} (snnbench-probe 1.0) breaks {name}, ")


@pytest.mark.parametrize("kind", KITS)
def test_every_probe_has_something_that_breaks_it(kind: str) -> None:
    right = next(spec for spec in broken_others.RIGHT if spec.kind == kind)
    probes = {case.probe.name for case in cases(right, slow=True)} - {"tensor[device]"}  # tests/gpu
    assert {probe.strip() for k, probe in BROKEN if k == kind} == probes


@pytest.mark.parametrize(
    ("probe", "smallest"),
    [
        ("claim[threshold]", "x[0] = 1.0, features=(1,), float64"),
        ("claim[spike]", "x = torch.tensor([[[1.25]]], dtype=torch.float64)"),
        ("run[steps]", "x = torch.tensor([[[-0.25]]], dtype=torch.float64)"),
        ("batch[independent]", "x = torch.tensor([[[0.0], [0.0]]], dtype=torch.float64)"),
        ("claim[reset]", "x[0] = 1.0000000000000002, features=(1,), float64"),
    ],
)
def test_a_finding_has_the_smallest_input_that_shows_it(probe: str, smallest: str) -> None:
    finding = red(broken_neurons.BROKEN[probe], slow=False)[probe]
    assert isinstance(finding, Violation)
    assert smallest in finding.smallest
