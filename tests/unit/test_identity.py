"""A change of anything that a key covers changes it; nothing else does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snnbench import identity
from snnbench.identity import (
    STANDARD,
    cell_key,
    component_key,
    encoding_key,
    environment_key,
    measurement_keys,
    version_key,
)
from snnbench.plugin.host import Provided
from snnbench.plugin.specs import DataFile, DatasetSpec, NeuronSpec
from snnbench.settings import Budget, Measure, Regulariser

TEXT = st.text(max_size=4)
PARTS = st.dictionaries(st.sampled_from(["dataset", "encoder", "neuron"]), TEXT)
BUDGETS = st.builds(
    Budget,
    steps=st.integers(1, 3),
    epochs=st.integers(0, 3),
    batch_size=st.integers(1, 3),
    learning_rate=st.sampled_from([1e-3, 1e-2]),
    weight_decay=st.sampled_from([0.0, 0.1]),
    stability=st.sampled_from([None, Regulariser(0.1), Regulariser(0.1, every=2)]),
    truncate=st.integers(0, 2),
)
COMPONENT = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["lif", "alif"]),
        "version": st.sampled_from(["1", "2"]),
        "distribution": st.sampled_from(["a", "b"]),
        "release": st.sampled_from(["", "1.0", "1.1"]),
        "code": st.dictionaries(st.sampled_from(["module m", "distribution d"]), TEXT),
        "params": st.dictionaries(st.just("beta"), st.sampled_from([0.5, 1, 1.0, True, "1", (1.0,)])),
    }
)


def component(facts: Mapping[str, Any], **untold: str) -> str:
    spec = NeuronSpec(
        name=facts["name"], version=facts["version"], **{"summary": "", "factory": "a:b", **untold}
    )
    provided = Provided(spec, facts["distribution"], "any", "any", "m", facts["release"])
    return component_key(provided, facts["code"], facts["params"])


@given(COMPONENT, COMPONENT)
def test_a_component_is_all_that_tells_it_apart(one: dict[str, Any], other: dict[str, Any]) -> None:
    same = _written(one) == _written(other)
    assert (component(one) == component(other)) == same
    assert component(one, summary="text", reference="text", equation="text") == component(one)


def _written(facts: dict[str, Any]) -> list[str]:
    """1, 1.0 and true are different values, though equal in Python."""
    parts = {**facts, "code": sorted(facts["code"].items())}
    return [repr(parts[name]) for name in sorted(parts)]


def test_a_dataset_is_also_what_was_published() -> None:
    def key(**changes: Any) -> str:
        spec = DatasetSpec(name="d", version="1", summary="", factory="a:b", **changes)
        return component_key(Provided(spec, "a", "1", "d", "m", "1"), {}, {})

    def file(checksum: str) -> DataFile:
        return DataFile("f", checksum, ())

    keys = [key(), key(checksum="x"), key(files=(file("x"),)), key(files=(file("y"),))]
    assert len({*keys}) == len(keys)
    assert key(samples=5) == key()


@given(*[st.tuples(PARTS, BUDGETS, st.integers(0, 2))] * 2)
def test_a_cell_is_its_components_budget_and_seed(one: Any, other: Any) -> None:
    keys = {cell_key(version_key(parts), budget, seed) for parts, budget, seed in (one, other)}
    assert (len(keys) == 1) == (one == other)
    assert version_key(dict(reversed(one[0].items()))) == version_key(one[0])


def test_every_field_of_a_budget_counts() -> None:
    changes = {
        "steps": 2, "epochs": 2, "batch_size": 2, "learning_rate": 2.0, "weight_decay": 2.0,
        "stability": Regulariser(0.1), "truncate": 2, "checkpoint": 2,
    }  # fmt: skip
    assert {*changes} == {field.name for field in fields(Budget)}
    budgets = [Budget(), *(replace(Budget(), **{name: value}) for name, value in changes.items())]
    assert len({cell_key("v", budget, 0) for budget in budgets}) == len(budgets)


def test_the_protocol_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    before = cell_key("v", Budget(), 0)
    monkeypatch.setattr(identity, "PROTOCOL", identity.PROTOCOL + 1)
    assert cell_key("v", Budget(), 0) != before


CHANGES: dict[str, tuple[Any, set[str]]] = {
    "throughput_seconds": (0.1, {"throughput"}),
    "stability_every": (2, {"stability"}),
    "stability_exponents": (2, {"stability"}),
}
"""Another value of each setting, and the measurements that it changes."""


@pytest.mark.parametrize("name", CHANGES)
def test_a_setting_is_part_of_its_own_measurement_alone(name: str) -> None:
    value, changed = CHANGES[name]
    before = measurement_keys(Measure(), "r", "f", {"energy": "e"})
    after = measurement_keys(replace(Measure(), **{name: value}), "r", "f", {"energy": "e"})
    assert {one for one in before if before[one] != after[one]} == changed


def test_every_setting_of_a_measurement_is_part_of_some_key() -> None:
    """Whoever adds a setting meets this: name it after its measurement, and say above what it changes."""
    asked = {*STANDARD, "reference", "floor"}
    assert {field.name for field in fields(Measure)} == {*CHANGES, *asked}


def test_what_a_cell_is_compared_with_is_part_of_what_it_is_compared_in() -> None:
    def keys(reference: str = "r", floor: str = "f", **extra: str) -> dict[str, str]:
        return measurement_keys(Measure(), reference, floor, {"energy": "e"} | extra)

    def changed(other: dict[str, str]) -> set[str]:
        return {name for name in keys() if keys()[name] != other.get(name)}

    assert changed(keys(reference="s")) == {"reference", "throughput"}
    assert changed(keys(floor="g")) == {"floor", "throughput"}
    assert changed(keys(energy="another version")) == {"energy"}
    assert "floor" not in keys(floor="")


def test_a_measurement_that_is_not_asked_for_has_no_key() -> None:
    assert {*measurement_keys(Measure(throughput=False, stability=False), "", "", {})} == {"memory"}


@given(*[st.tuples(TEXT, TEXT, st.integers(1, 3), TEXT, TEXT)] * 2)
def test_encoded_data_is_dataset_encoder_steps_content_and_suite(one: Any, other: Any) -> None:
    assert (encoding_key(*one) == encoding_key(*other)) == (one == other)


@given(*[st.dictionaries(TEXT, TEXT)] * 2)
def test_an_environment_is_what_describes_it(one: dict[str, str], other: dict[str, str]) -> None:
    assert (environment_key(one) == environment_key(other)) == (one == other)


def test_what_is_no_plain_data_is_refused() -> None:
    with pytest.raises(TypeError, match="cannot be part of a key"):
        environment_key({"a": object()})  # type: ignore[dict-item]
