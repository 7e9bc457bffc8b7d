import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import snnbench
from snnbench.errors import NothingSelectedError, UsageError
from snnbench.matrix import select
from snnbench.matrix.estimate import OVERHEAD_SECONDS, SECONDS_PER_SAMPLE_STEP, estimate
from snnbench.matrix.plan import Plan, narrow, nothing_selected, plan
from snnbench.matrix.read import load
from snnbench.matrix.spec import Also, Exclude, Matrix, Override
from snnbench.plugin.host import Host, Provided
from snnbench.plugin.loading import load as load_plugin
from snnbench.plugin.params import Param
from snnbench.plugin.sources import find_sources
from snnbench.plugin.spec import Spec
from snnbench.plugin.specs import (
    DatasetSpec,
    EncoderSpec,
    MeasurementSpec,
    NetworkSpec,
    NeuronSpec,
    SurrogateSpec,
)
from snnbench.quantities import Quantity
from snnbench.records import Cell, Component
from snnbench.settings import Budget, Regulariser

BETA = Param(0.9, low=0.0, high=1.0)
SPECS: tuple[Spec, ...] = (
    DatasetSpec(name="digits", version="1", summary="", factory="a:b", checksum="c1", samples=100),
    DatasetSpec(name="shd", version="1", summary="", factory="a:b", data="events", params={"n": Param(1)}),
    EncoderSpec(name="rate", version="1", summary="", factory="a:b", params={"gain": Param(1.0)}),
    EncoderSpec(name="frames", version="1", summary="", factory="a:b", accepts=frozenset({"events"})),
    NetworkSpec(
        name="dense",
        version="1",
        summary="",
        factory="a:b",
        params={
            "hidden": Param((128,), low=1),
            "note": Param("none"),
            "gains": Param((1.0,)),
            "blocks": Param(((4, 4), (8,)), low=1),
        },
    ),
    NeuronSpec(
        name="lif",
        version="1",
        summary="",
        factory="a:b",
        params={"beta": BETA, "reset": Param("subtract", choices=("subtract", "zero"))},
    ),
    NeuronSpec(name="rlif", version="1", summary="", factory="a:b", params={"beta": BETA}),
    NeuronSpec(name="relu", version="1", summary="", factory="a:b", spike="none"),
    SurrogateSpec(name="atan", version="1", summary="", factory="a:b", params={"alpha": Param(2.0)}),
    SurrogateSpec(name="sigmoid", version="1", summary="", factory="a:b"),
    MeasurementSpec(
        name="energy",
        version="1",
        summary="",
        factory="a:b",
        params={"k": Param(1)},
        quantities=(Quantity("", "Energy", "Energy of a step."),),
    ),
)


class FakeHost(Host):
    def __init__(
        self,
        specs: Sequence[Spec] = SPECS,
        version: str = "1.0",
        distribution: str = "dist",
        skip: Callable[[Cell], str | None] = lambda cell: None,
    ) -> None:
        super().__init__(())
        self._provided = [Provided(spec, distribution, version, spec.name, "a", version) for spec in specs]
        self._skip = skip

    def skip_reason(self, cell: Cell) -> str | None:
        return self._skip(cell)


HOST = FakeHost()


def matrix(**changes: Any) -> Matrix:
    axes: dict[str, Any] = {
        "datasets": ("digits",),
        "encoders": ("rate",),
        "networks": ("dense",),
        "neurons": ("lif",),
        "surrogates": ("atan",),
    }
    return Matrix(name="m", **{**axes, "seeds": (0,), **changes})


def ids(cells: Sequence[Cell]) -> list[str]:
    return [cell.id for cell in cells]


def only(whole: Plan) -> Cell:
    assert len(whole.cells) == 1
    return whole.cells[0]


def test_cells_come_in_the_order_of_the_matrix() -> None:
    chosen = matrix(neurons=("rlif", "lif(beta=[0.5,0.25])"), surrogates=("sigmoid", "atan"), seeds=(0, 2))
    assert ids(plan(chosen, HOST).cells) == [
        f"digits/rate/dense/{neuron}/{surrogate}/s{seed}"
        for neuron in ("rlif", "lif[beta=0.5]", "lif[beta=0.25]")
        for surrogate in ("sigmoid", "atan")
        for seed in (0, 2)
    ]


def test_also_adds_combinations_and_what_they_share_runs_once() -> None:
    also = (Also(neurons=("lif", "rlif"), surrogates=("atan", "sigmoid")), Also(encoders=("rate(gain=2)",)))
    assert ids(plan(matrix(neurons=("relu", "lif"), also=also), HOST).cells) == [
        "digits/rate/dense/relu/s0",
        "digits/rate/dense/lif/atan/s0",
        "digits/rate/dense/lif/sigmoid/s0",
        "digits/rate/dense/rlif/atan/s0",
        "digits/rate/dense/rlif/sigmoid/s0",
        "digits/rate[gain=2.0]/dense/relu/s0",
        "digits/rate[gain=2.0]/dense/lif/atan/s0",
    ]


TERM = Regulariser(0.5, 0.0, every=2)


def test_also_may_train_the_same_combinations_in_another_way() -> None:
    also = (Also(train={"stability": TERM, "epochs": 7}), Also(train={"stability": TERM, "epochs": 7}))
    plain, led = plan(matrix(also=also), HOST).cells
    assert ids([plain, led]) == [
        "digits/rate/dense/lif/atan/s0",
        "digits/rate/dense/lif/atan/0.5·(lambda_grad→0)² every 2/s0",
    ]
    assert plain.key == key()
    assert led.key == key(train=Budget(epochs=7, stability=TERM))
    assert plain.key != led.key
    assert led.budget == Budget(epochs=7, stability=TERM)


def test_a_term_of_the_loss_can_be_selected() -> None:
    whole = plan(matrix(also=(Also(train={"stability": TERM}),)), HOST)
    assert [bool(cell.budget.stability) for cell in narrow(whole, select.parse("stability")).cells] == [True]
    assert [bool(cell.budget.stability) for cell in narrow(whole, select.parse("not stability")).cells] == [
        False
    ]
    assert "stability" in whole.words
    assert "stability" not in plan(matrix(), HOST).words


def test_an_axis_replaced_is_replaced_in_also_too() -> None:
    whole = matrix(also=(Also(neurons=("rlif",), surrogates=("sigmoid",)),))
    chosen = whole.replaced({"neuron": ("lif(beta=0.5)",)})
    assert ids(plan(chosen, HOST).cells) == [
        "digits/rate/dense/lif[beta=0.5]/atan/s0",
        "digits/rate/dense/lif[beta=0.5]/sigmoid/s0",
    ]


def test_rules_know_the_components_of_also() -> None:
    also, rule = (Also(neurons=("rlif",)),), (Exclude("rlif", "no"),)
    assert [one.reason for one in plan(matrix(also=also, exclude=rule), HOST).skips] == ["no"]
    assert ids(plan(matrix(also=also, exclude=rule).replaced({"neuron": ("lif",)}), HOST).cells)
    with pytest.raises(UsageError, match=r"'rlif' matches nothing"):
        plan(matrix(exclude=rule), HOST)


def test_a_sweep_of_two_parameters_is_their_product_in_the_order_written() -> None:
    cells = plan(matrix(neurons=("lif(reset=[zero,subtract], beta=[0.5,0.25])",)), HOST).cells
    assert [str(cell.neuron) for cell in cells] == [
        "lif[beta=0.5,reset=zero]",
        "lif[beta=0.25,reset=zero]",
        "lif[beta=0.5,reset=subtract]",
        "lif[beta=0.25,reset=subtract]",
    ]


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("dense(hidden=[64,32])", ["dense[hidden=[64,32]]"]),
        ("dense(hidden=[[64,32]])", ["dense[hidden=[64,32]]"]),
        ("dense(hidden=[[64],[64,32]])", ["dense[hidden=[64]]", "dense[hidden=[64,32]]"]),
        ("dense(hidden=[])", ["dense[hidden=[]]"]),
        ("dense(gains=[1,2])", ["dense[gains=[1.0,2.0]]"]),
        ("dense(blocks=[[64,64],[32]])", ["dense[blocks=[[64,64],[32]]]"]),
        ("dense(blocks=[[[64,64]],[[8],[8]]])", ["dense[blocks=[[64,64]]]", "dense[blocks=[[8],[8]]]"]),
    ],
)
def test_a_list_for_a_parameter_that_takes_one_is_a_value(text: str, labels: list[str]) -> None:
    assert [str(cell.network) for cell in plan(matrix(networks=(text,)), HOST).cells] == labels


def test_params_are_typed_and_sorted_and_without_defaults() -> None:
    cell = only(plan(matrix(neurons=("lif(reset=zero, beta=1)",)), HOST))
    assert cell.neuron.params == (("beta", 1.0), ("reset", "zero"))
    assert type(cell.neuron.params[0][1]) is float
    assert cell.encoder.params == ()


def test_a_neuron_that_does_not_spike_gets_no_surrogate_once() -> None:
    whole = plan(matrix(neurons=("relu",), surrogates=("atan", "sigmoid")), HOST)
    assert only(whole).surrogate is None
    assert whole.skips == ()
    assert plan(matrix(neurons=("relu",), surrogates=()), HOST).cells == whole.cells


def test_components_that_resolve_to_the_same_are_one() -> None:
    neurons = ("lif", "lif(beta=0.9)", "lif(beta=[0.9,0.9])", "lif(beta=0.9, reset=subtract)")
    assert ids(plan(matrix(neurons=neurons), HOST).cells) == ["digits/rate/dense/lif/atan/s0"]
    assert len(plan(matrix(neurons=("rlif(beta=1)", "rlif(beta=1.0)")), HOST).cells) == 1


def test_two_components_that_would_read_the_same_are_refused() -> None:
    free = {"a": Param(""), "b": Param("")}
    host = FakeHost([replace(spec, params=free) if spec.name == "dense" else spec for spec in SPECS])
    with pytest.raises(UsageError, match=r"2 different networks would all read 'dense\[a=1,b=2\]'"):
        plan(matrix(networks=("dense(a='1', b='2')", "dense(a='1,b=2')")), host)


@pytest.mark.parametrize(
    ("axis", "text", "message", "hint"),
    [
        ("neurons", "lfi", "unknown neuron 'lfi'", "did you mean lif"),
        ("neurons", "lif(bta=1)", "neuron 'lif' has no parameter 'bta'", "did you mean beta?"),
        ("neurons", "lif(beta=[0.5,2])", "neuron 'lif', parameter 'beta': 2.0 is outside 0 … 1", "beta"),
        ("neurons", "lif(beta=x)", "neuron 'lif', parameter 'beta': expected float, got x", "beta"),
        ("neurons", "lif(beta=nan)", "neuron 'lif', parameter 'beta': nan is not a finite number", "beta"),
        ("neurons", "lif(beta=[[0.5]])", "neuron 'lif', parameter 'beta': expected float, got [0.5]", "beta"),
        ("neurons", "lif(beta=[])", "neuron 'lif', parameter 'beta': [] gives it no value", ""),
        ("neurons", "lif(reset=none)", "neuron 'lif', parameter 'reset': 'none' is not one of", "reset"),
        ("networks", "dense(hidden=64)", "network 'dense', parameter 'hidden': expected a list", "hidden"),
        (
            "networks",
            "dense(hidden=[[64],32])",
            "network 'dense', parameter 'hidden': expected int",
            "hidden",
        ),
        ("networks", "dense(hidden=[0])", "network 'dense', parameter 'hidden': 0 is outside", "hidden"),
        (
            "networks",
            "dense(blocks=[64,32])",
            "network 'dense', parameter 'blocks': expected a list",
            "blocks",
        ),
        (
            "networks",
            "dense(blocks=[[64],[0]])",
            "network 'dense', parameter 'blocks': 0 is outside",
            "blocks",
        ),
        ("measurements", "enrgy", "unknown measurement 'enrgy'", "did you mean energy"),
        ("measurements", "energy(k=1.5)", "measurement 'energy', parameter 'k': expected int", "k"),
    ],
)
def test_a_wrong_component_is_refused(axis: str, text: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        plan(matrix(**{axis: (text,)}), HOST)
    assert caught.value.message.startswith(message)
    assert hint in caught.value.hint


def test_a_spiking_neuron_needs_a_surrogate() -> None:
    with pytest.raises(UsageError, match="neuron 'lif' spikes, and the matrix names no surrogate"):
        plan(matrix(neurons=("relu", "lif"), surrogates=()), HOST)


def test_a_matrix_that_got_out_of_hand_is_refused() -> None:
    gains = ",".join(map(str, range(1000)))
    seeds = tuple(range(1001))
    with pytest.raises(UsageError, match=r"the matrix spans 1,001,000 cells, more than 1,000,000"):
        plan(matrix(encoders=(f"rate(gain=[{gains}])",), seeds=seeds), HOST)


def test_a_sweep_that_got_out_of_hand_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("snnbench.matrix.axes.MOST_CHOICES", 5)
    assert len(plan(matrix(neurons=("rlif(beta=[0.1,0.2,0.3,0.4,0.5])",)), HOST).cells) == 5
    with pytest.raises(UsageError, match="sweeps more than 5 values"):
        plan(matrix(neurons=("lif(beta=[0.1,0.2,0.3], reset=[zero,subtract])",)), HOST)


def test_what_the_encoder_cannot_encode_is_skipped() -> None:
    rules = (Exclude("shd and rate", "not this reason"),)
    whole = plan(matrix(datasets=("digits", "shd"), encoders=("rate", "frames"), exclude=rules), HOST)
    assert ids(whole.cells) == ["digits/rate/dense/lif/atan/s0", "shd/frames/dense/lif/atan/s0"]
    assert [(skip.cell.id, skip.reason) for skip in whole.skips] == [
        ("digits/frames/dense/lif/atan/s0", "frames encodes events data; digits is image data"),
        ("shd/rate/dense/lif/atan/s0", "rate encodes image data; shd is events data"),
    ]


def test_an_exclude_skips_with_its_reason_and_the_first_one_counts() -> None:
    rules = (Exclude("rlif and s1", "one"), Exclude("rlif or s1", "two"))
    whole = plan(matrix(neurons=("lif", "rlif"), seeds=(0, 1), exclude=rules), HOST)
    assert [(skip.cell.id[18:], skip.reason) for skip in whole.skips] == [
        ("lif/atan/s1", "two"),
        ("rlif/atan/s0", "two"),
        ("rlif/atan/s1", "one"),
    ]
    assert only(whole).id == "digits/rate/dense/lif/atan/s0"


@pytest.mark.parametrize(
    "where",
    [
        {"also": (Also(train={"stability": TERM}),)},
        {"also": (Also(train={"epochs": 7}),), "override": (Override("rlif", {"stability": TERM}),)},
        {"train": Budget(stability=TERM)},
    ],
)
def test_an_exclude_knows_stability_in_the_loss_as_a_selection_does(where: dict[str, Any]) -> None:
    whole = plan(matrix(neurons=("lif", "rlif"), **where), HOST)
    selected = narrow(whole, select.parse("stability and rlif"))
    rules = (Exclude("stability and rlif", "too slow"),)
    excluded = plan(matrix(neurons=("lif", "rlif"), exclude=rules, **where), HOST)
    assert selected.cells
    assert [skip.cell for skip in excluded.skips] == list(selected.cells)
    assert {*excluded.cells, *selected.cells} == set(whole.cells)


def test_an_exclude_of_stability_where_no_loss_has_it_is_refused() -> None:
    with pytest.raises(UsageError, match="'stability' matches nothing"):
        plan(matrix(exclude=(Exclude("stability and lif", "x"),)), HOST)
    with pytest.raises(UsageError, match="'stability' matches nothing"):  # docs/matrix.md: not in an override
        plan(matrix(train=Budget(stability=TERM), override=(Override("stability", {}),)), HOST)


def test_a_plugin_may_skip_and_is_shown_the_cell_with_its_key() -> None:
    seen: list[Cell] = []

    def skip(cell: Cell) -> str | None:
        seen.append(cell)
        return "too slow" if cell.seed == 1 else None

    whole = plan(matrix(seeds=(0, 1)), FakeHost(skip=skip))
    assert [(skip.cell.seed, skip.reason) for skip in whole.skips] == [(1, "too slow")]
    assert seen == [only(whole), whole.skips[0].cell]


def test_overrides_change_the_budget_field_by_field_and_the_last_one_counts() -> None:
    rules = (
        Override("beta=0.5", {"epochs": 30, "steps": 7}),
        Override("lif*", {"epochs": 40}),
    )
    cells = plan(matrix(neurons=("lif(beta=0.5)", "rlif"), override=rules), HOST).cells
    assert [cell.budget for cell in cells] == [Budget(epochs=40, steps=7), Budget()]


@pytest.mark.parametrize(
    ("rules", "message", "hint"),
    [
        ({"exclude": (Exclude("lif and rte", "x"),)}, "exclude[0].when: 'rte'", "did you mean rate"),
        ({"exclude": (Exclude("not latency*", "x"),)}, "exclude[0].when: 'latency*'", ""),
        ({"exclude": (Exclude("lif", "x"), Exclude("s3", "x"))}, "exclude[1].when: 's3'", "s0"),
        ({"exclude": (Exclude("beta=0.8", "x"),)}, "exclude[0].when: 'beta=0.8'", "beta=0.5?"),
        ({"override": (Override("lif[beta=.5]", {}),)}, "override[0].when: 'lif[beta=.5]'", "lif[beta=0.5]"),
        ({"override": (Override("s0", {}),)}, "override[0].when: 's0'", "known: "),
    ],
)
def test_a_rule_with_a_term_that_matches_nothing_is_refused(
    rules: dict[str, Any], message: str, hint: str
) -> None:
    with pytest.raises(UsageError) as caught:
        plan(matrix(neurons=("lif(beta=0.5)",), **rules), HOST)
    assert caught.value.message == f"matrix m, {message} matches nothing in the matrix"
    assert hint in caught.value.hint


def test_a_rule_may_name_what_the_command_line_replaced() -> None:
    rules = {"exclude": (Exclude("rlif or s1 or beta=0.5", "x"),), "override": (Override("rlif", {}),)}
    file = matrix(neurons=("rlif", "lif(beta=0.5)"), seeds=(0, 1), **rules)
    assert only(plan(file.replaced({"neuron": ("relu",)}, (0,)), HOST)).neuron == Component("relu")
    with pytest.raises(UsageError, match="'rlfi' matches nothing"):
        plan(replace(file, exclude=(Exclude("rlfi", "x"),)).replaced({"neuron": ("relu",)}), HOST)


def test_a_rule_cannot_be_checked_against_what_is_not_installed() -> None:
    file = matrix(neurons=("absent(beta=0.5)",), exclude=(Exclude("absent", "x"),))
    assert only(plan(file.replaced({"neuron": ("lif",)}), HOST)).neuron == Component("lif")


def key(host: FakeHost = HOST, **changes: Any) -> str:
    return only(plan(matrix(**changes), host)).key


def changed(name: str, **changes: Any) -> FakeHost:
    return FakeHost([replace(spec, **changes) if spec.name == name else spec for spec in SPECS])


@pytest.mark.parametrize(
    "other",
    [
        key(seeds=(1,)),
        key(train=Budget(epochs=21)),
        key(neurons=("lif(beta=0.5)",)),
        key(neurons=("rlif",)),
        key(surrogates=("sigmoid",)),
        key(encoders=("rate(gain=0.5)",)),
        key(networks=("dense(hidden=[64])",)),
        key(FakeHost(version="1.1")),
        key(FakeHost(distribution="other")),
        key(changed("lif", version="another")),
        key(changed("digits", checksum="c2")),
        key(changed("lif", params={"beta": Param(0.8)})),
        key(changed("atan", params={"alpha": Param(2.0), "new": Param(1)})),
    ],
)
def test_the_key_changes_with_whatever_could_change_a_number(other: str) -> None:
    assert other != key()


def test_the_key_stays_where_no_number_could_change() -> None:
    assert key(neurons=("lif(beta=0.9)",)) == key()
    assert key(measurements=("energy",), summary="x") == key()
    assert key(changed("lif", summary="other words", reference="paper")) == key()
    assert key(neurons=("rlif", "lif"), exclude=(Exclude("rlif", "x"),)) == key()


def test_a_plan_names_who_provides_what_its_cells_need() -> None:
    extra = ("energy(k=[1,2])",)
    whole = plan(matrix(neurons=("lif", "relu"), measurements=extra, exclude=(Exclude("lif", "x"),)), HOST)
    assert set(whole.components) == {
        ("dataset", "digits"),
        ("encoder", "rate"),
        ("network", "dense"),
        ("neuron", "relu"),
        ("measurement", "energy"),
    }
    assert whole.components["neuron", "relu"].distribution == "dist"
    assert whole.measurements == (Component("energy", (("k", 1),)), Component("energy", (("k", 2),)))


def test_narrowing_keeps_matching_cells_skips_and_their_components() -> None:
    rules = (Exclude("rlif", "x"),)
    whole = plan(matrix(neurons=("lif", "rlif", "relu"), seeds=(0, 1), exclude=rules), HOST)
    left = narrow(whole, select.parse("s0 and *lif"))
    assert ids(left.cells) == ["digits/rate/dense/lif/atan/s0"]
    assert [skip.cell.id for skip in left.skips] == ["digits/rate/dense/rlif/atan/s0"]
    assert ("neuron", "relu") not in left.components


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("lfi", "the selection 'lfi' matches no cell: nothing is called 'lfi'", "did you mean lif"),
        ("xyz", "the selection 'xyz' matches no cell: nothing is called 'xyz'", "known: atan, dense,"),
        ("lif and relu", "the selection 'lif and relu' matches no cell", "no cell fits all"),
        (
            "rlif",
            "the selection 'rlif' leaves no cell to run: 1 skipped",
            "digits/rate/dense/rlif/atan/s0: why",
        ),
    ],
)
def test_an_empty_selection_says_what_it_could_have_named(text: str, message: str, hint: str) -> None:
    whole = plan(matrix(neurons=("lif", "rlif", "relu"), exclude=(Exclude("rlif", "why"),)), HOST)
    assert narrow(whole, select.parse(text)).cells == ()
    error = nothing_selected(whole, text)
    assert isinstance(error, NothingSelectedError)
    assert error.message == message
    assert hint in error.hint


def test_a_matrix_that_skips_everything_says_why() -> None:
    error = nothing_selected(plan(matrix(datasets=("shd",)), HOST), "")
    assert error.message == "the matrix leaves no cell to run: 1 skipped"
    assert error.hint == "shd/rate/dense/lif/atan/s0: rate encodes image data; shd is events data"


def test_the_estimate_adds_up_and_counts_what_it_cannot_know() -> None:
    budget = Budget(steps=10, epochs=3)
    whole = plan(
        matrix(datasets=("digits", "shd"), encoders=("rate", "frames"), seeds=(0, 1), train=budget), HOST
    )
    rough = estimate(whole, whole.cells)
    assert rough.seconds == pytest.approx(2 * (OVERHEAD_SECONDS + 100 * 3 * 10 * SECONDS_PER_SAMPLE_STEP))
    assert rough.unknown == 2
    assert estimate(whole, [cell for cell in whole.cells if cell.dataset.name == "shd"]).seconds is None


AXES: dict[str, dict[str, list[str]]] = {
    "datasets": {"digits": ["digits"], "shd": ["shd"], "shd(n=[1,2])": ["shd", "shd[n=2]"]},
    "encoders": {"rate": ["rate"], "rate(gain=2)": ["rate[gain=2.0]"], "frames": ["frames"]},
    "networks": {"dense": ["dense"], "dense(hidden=[8,8])": ["dense[hidden=[8,8]]"]},
    "neurons": {
        "lif": ["lif"],
        "lif(beta=[0.5,0.75])": ["lif[beta=0.5]", "lif[beta=0.75]"],
        "relu": ["relu"],
        "rlif": ["rlif"],
    },
    "surrogates": {"atan": ["atan"], "sigmoid": ["sigmoid"]},
}
CHOSEN_AXES = st.fixed_dictionaries(
    {axis: st.lists(st.sampled_from(sorted(texts)), min_size=1, unique=True) for axis, texts in AXES.items()}
)
SEEDS = st.lists(st.integers(0, 5), min_size=1, max_size=3, unique=True).map(sorted)


def spanned(axes: dict[str, list[str]], seeds: list[int]) -> set[str]:
    """Every id the axes span, written out by hand; shd and shd[n=1] resolve to the same."""
    labels = {axis: [label for text in axes[axis] for label in AXES[axis][text]] for axis in AXES}
    return {
        "/".join([*parts[:4], *([] if parts[3] == "relu" else [parts[4]]), f"s{seed}"])
        for parts in product(*labels.values())
        for seed in seeds
    }


@settings(max_examples=150, deadline=None)
@given(CHOSEN_AXES, SEEDS, st.data())
def test_every_point_of_the_matrix_is_a_cell_or_a_skip(
    axes: dict[str, list[str]], seeds: list[int], data: st.DataObject
) -> None:
    names = sorted({text.partition("(")[0] for texts in axes.values() for text in texts})
    terms = st.lists(st.sampled_from(names), min_size=1, max_size=2).map(" and ".join)
    excludes = tuple(Exclude(term, "x") for term in data.draw(st.lists(terms, max_size=2)))
    overrides = tuple(Override(term, {"epochs": 1}) for term in data.draw(st.lists(terms, max_size=2)))
    chosen = matrix(
        **{axis: tuple(texts) for axis, texts in axes.items()},
        seeds=tuple(seeds),
        exclude=excludes,
        override=overrides,
    )
    host = FakeHost(skip=lambda cell: "odd" if int(cell.key, 16) % 5 == 0 else None)
    whole = plan(chosen, host)
    everything = [*whole.cells, *(skip.cell for skip in whole.skips)]
    expected = {one.replace("shd[n=1]", "shd") for one in spanned(axes, seeds)}
    found = {cell.id.replace("shd[n=1]", "shd") for cell in everything}
    assert found == expected
    assert len({cell.key for cell in everything}) == len(everything) == len(expected)
    assert all(skip.reason for skip in whole.skips)
    assert plan(chosen, host) == whole


def test_the_packaged_matrices_plan_with_the_built_in_components() -> None:
    host = Host.load()
    counts = {name: plan(load(name), host) for name in ("quick", "standard")}
    assert {name: (len(one.cells), len(one.skips)) for name, one in counts.items()} == {
        "quick": (2 * (2 * 2 + 1) * 3, 0),
        "standard": (2 * 3 * (3 * 5 + 1) * 5, 0),
    }


def test_the_matrix_of_libraries_runs_what_is_installed_and_says_what_is_missing() -> None:
    bare = Host([load_plugin(source) for source in find_sources(()) if source.builtin])
    whole = plan(load("libraries"), bare)
    assert {cell.neuron.name for cell in whole.cells} == {"lif"}
    assert len(whole.notes) == 5
    assert "snnbench-sinabs is not installed" in whole.notes[3]
    assert whole.notes[3].endswith("(pip install plugins/snnbench-sinabs)")


def test_the_matrix_of_models_runs_every_built_in_model() -> None:
    host = Host.load()
    whole = plan(load("models"), host)
    assert not whole.skips
    for kind in ("neuron", "surrogate", "network"):
        built_in = {one.spec.name for one in host.all(kind) if one.distribution == "snnbench"}
        assert {name for of, name in whole.components if of == kind} == built_in


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A module without hooks, with the function of a surrogate."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "probe_rules.py").write_text("def rule(z, grad, spikes):\n    return grad * spikes\n")
    yield tmp_path / "probe_rules.py"
    sys.modules.pop("probe_rules", None)


CUSTOM = {"surrogates": ("custom(fn='probe_rules:rule')",)}


def test_a_matrix_file_alone_has_no_module_imported(rules: Path) -> None:
    with pytest.raises(UsageError, match="would import 'probe_rules', which is not named by -p") as caught:
        plan(matrix(**CUSTOM), Host.load())
    assert "-p probe_rules" in caught.value.hint
    with pytest.raises(UsageError, match="'os', which is not named"):
        snnbench.make_surrogate("custom(fn='os:system')")
    assert rules.stem not in sys.modules


def test_a_rule_of_a_module_that_the_user_named_runs_and_is_in_the_key(rules: Path) -> None:
    host = Host.load(["probe_rules"])
    assert "implements no hook" in host.warnings[-1]
    first = only(plan(matrix(**CUSTOM), host))
    surrogate = snnbench.make_surrogate(CUSTOM["surrogates"][0], plugins=["probe_rules"])
    assert surrogate.derivative(torch.tensor([-1.0, 1.0])).tolist() == [0.0, 1.0]
    rules.write_text("def rule(z, grad, spikes):\n    return 2 * grad * spikes\n")
    sys.modules.pop("probe_rules")
    assert only(plan(matrix(**CUSTOM), Host.load(["probe_rules"]))).key != first.key
