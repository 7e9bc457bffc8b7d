"""A run that trains nothing: its ratios with their classes, its ranks by speed, its missing accuracy."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import torch

import snnbench
from results import HERE, board_of, cells_of
from snnbench.errors import UsageError
from snnbench.matrix.plan import Plan, plan
from snnbench.matrix.read import load
from snnbench.plugin.host import Host
from snnbench.records import Cell, CellResult, Component, Metric, Status
from snnbench.report.frame import board_frame, to_frame
from snnbench.report.leaderboard import page
from snnbench.report.lost import missing
from snnbench.report.markdown import markdown
from snnbench.report.tables import csv as write_csv
from snnbench.report.view import sections
from snnbench.results import write_report
from snnbench.settings import Budget

MATRIX = """
datasets = ["random_spikes(shape=[6], steps=3, train=4, amplitude=9.0)"]
encoders = ["none"]
networks = ["dense(hidden=[5])"]
neurons = ["lif", "lif(detach_reset=true)", "relu"]
surrogates = ["atan"]
{more}
seeds = 1
[train]
epochs = 0
batch_size = 4
steps = 3
[measure]
throughput_seconds = 0.1
memory = false
stability = false
reference = "lif"
floor = "relu"
[[also]]
neurons = ["rlif"]
reference = "rlif"
"""
NAMES = ("accuracy.test", "accuracy.test_last", "accuracy.validation", "accuracy.train", "accuracy.epoch")


def write(folder: Path, more: str = "", **changes: str) -> str:
    text = MATRIX.format(more=more)
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    (folder / "m.toml").write_text(text)
    return str(folder / "m.toml")


def planned(folder: Path, more: str = "", **changes: str) -> Plan:
    return plan(load(write(folder, more, **changes)), Host.load())


def result(neuron: str, rate: float, grade: str = "A", network: str = "dense", **labels: str) -> CellResult:
    """A cell of a made-up run: the reference makes 1000 samples/s, the floor 2000."""
    part, budget = Component("any"), Budget(epochs=0)
    made = Cell(part, part, Component(network), Component(neuron), part, budget, 0, f"{network}/{neuron}")
    ratio = rate / 1000
    metrics = {
        "accuracy.test": Metric.missing("no epoch was trained"),
        "accuracy.train": Metric.missing("no epoch was trained"),
        "throughput.training": Metric(rate, "samples/s", 0.97 * rate, 1.02 * rate),
        "throughput.training_ratio": Metric(ratio, "×", 0.98 * ratio, 1.02 * ratio, (f"class {grade}",)),
        "throughput.training_floor": Metric(ratio / 2, "×", 0.49 * ratio, 0.51 * ratio, ("unstable",)),
    }
    given = {"equivalence": grade, "reference": "lif", **labels}
    return CellResult(made, Status.DONE, metrics=metrics, labels=given, environment=HERE)


SPEED = [result("slow", 400.0, "C"), result("lif", 1000.0), result("fast", 3210.0, "B")]


def test_a_run_without_training_is_measured_end_to_end(tmp_path: Path) -> None:
    out = tmp_path / "out"
    rows = snnbench.run(write(tmp_path), out=out).set_index("neuron")
    assert set(rows["status"]) == {"done"}
    for name in NAMES:
        assert rows[name].isna().all()
        assert set(rows[f"{name}.reason"]) == {"no epoch was trained"}
    assert rows["label.reference"].to_dict() == {
        "lif": "lif", "lif[detach_reset=true]": "lif", "rlif": "rlif", "relu": "lif"
    }  # fmt: skip
    assert set(rows["label.floor"]) == {"relu"}
    for which in ("training", "inference"):
        assert (rows[f"throughput.{which}_floor"] > 0).all()
        assert (rows[f"throughput.{which}_ratio"].drop("relu") > 0).all()
        flags = rows[f"throughput.{which}_ratio.flags"].drop("relu").str.partition(",")[0]
        assert flags.to_dict() == {"lif": "class A", "lif[detach_reset=true]": "class C", "rlif": "class A"}
        assert (
            rows.loc["relu", f"throughput.{which}_ratio.reason"]
            == "the other network: the neuron does not spike"
        )
    board = board_frame(write_report(out).board)
    assert set(board["ranked_by"]) == {"throughput.training"}
    assert board.groupby("contest")["label.reference"].unique().map(list).tolist() == [["lif"], ["rlif"]]


def test_rows_are_ranked_by_speed_and_none_is_said_to_be_tied() -> None:
    (section,) = sections(board_of(SPEED))
    assert [(row.names["neuron"], row.rank, row.standing) for row in section.rows] == [
        ("fast", 1, "best"), ("lif", 2, ""), ("slow", 3, "")
    ]  # fmt: skip
    assert "accuracy.test" not in section.metrics
    assert section.fixed["rank"].startswith("Nothing was trained")
    assert all("few seeds" not in row.marks for row in section.rows)


def test_networks_and_references_are_not_ranked_against_each_other() -> None:
    others = [
        result("lif", 7.0, network="dense[hidden=[512]]"),
        result("lif", 5.0, network="dense[hidden=[16384]]"),
        result("rlif", 9.0, reference="rlif"),
    ]
    found = sections(board_of([*others, *SPEED]))
    assert [(one.fixed["network"], len(one.rows)) for one in found] == [
        ("dense", 3), ("dense", 1), ("dense[hidden=[512]]", 1), ("dense[hidden=[16384]]", 1)
    ]  # fmt: skip


def test_the_class_stands_beside_every_ratio() -> None:
    board = board_of(SPEED)
    (section,) = sections(board)
    index = list(section.metrics).index("throughput.training_ratio")
    assert [row.numbers[index].text for row in section.rows] == ["3.21× B", "1.00× A", "0.400× C"]
    assert [row.numbers[index].line for row in section.rows] == [
        "3.21 ± 0.06× B", "1.00 ± 0.02× A", "0.400 ± 0.008× C"
    ]  # fmt: skip
    assert all("class" not in mark for row in section.rows for mark in row.marks)
    assert "3.21 ± 0.06× B" in markdown("speed", board).decode()
    html = page("speed", board, []).decode()
    assert "3.21× B<small>± 0.06×</small>" in html
    assert "another model C" in html
    lines = list(csv.DictReader(write_csv(to_frame(SPEED)).decode().splitlines()))
    assert [line["throughput.training_ratio.flags"] for line in lines] == ["class C", "class A", "class B"]


def test_several_seeds_have_the_interval_over_seeds_and_every_class() -> None:
    cells = [result("lif", rate, grade) for rate, grade in ((1000.0, "A"), (1100.0, "B"), (1200.0, "A"))]
    seeds = [
        CellResult(
            **{**{name: getattr(one, name) for name in one.__slots__}, "cell": with_seed(one.cell, seed)}
        )
        for seed, one in enumerate(cells)
    ]
    (section,) = sections(board_of(seeds))
    (number,) = [n for n in section.rows[0].numbers if "×" in n.text and "A" in n.text]
    assert number.text == "1.10× A/B"
    assert number.low < 1.0  # t with two degrees of freedom


def with_seed(cell: Cell, seed: int) -> Cell:
    return Cell(**{**{name: getattr(cell, name) for name in cell.__slots__}, "seed": seed, "key": f"{seed}"})


def test_what_the_same_cells_lack_for_the_same_reason_is_said_once() -> None:
    (found,) = missing(cells_of(SPEED))
    assert (found.what, found.reason, len(found.cells)) == (
        "accuracy.test, accuracy.train", "no epoch was trained", 3
    )  # fmt: skip


def test_each_block_may_have_a_reference_of_its_own(tmp_path: Path) -> None:
    found = planned(tmp_path)
    named = {str(cell.neuron): str(found.references[cell.key]) for cell in found.cells}
    assert named == {"lif": "lif", "lif[detach_reset=true]": "lif", "relu": "lif", "rlif": "rlif"}
    assert str(found.floor) == "relu"
    assert {name for kind, name in found.components if kind == "neuron"} == {"lif", "relu", "rlif"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {'reference = "rlif"': 'reference = "relu"'},
            r"also\[0\]\.reference: 'relu' is not a neuron that spikes",
        ),
        ({'floor = "relu"': 'floor = "rely"'}, "unknown neuron 'rely'"),
        ({'floor = "relu"': 'floor = "lif(beta=[0.5,0.6])"'}, "measure.floor: .* is more than one neuron"),
        (
            {"memory = false": "throughput = false"},
            "measure.floor is for the throughput, which is not measured",
        ),
    ],
)
def test_what_cannot_be_compared_with_is_refused(tmp_path: Path, changes: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        planned(tmp_path, **changes)


def test_optional_components_are_left_out_where_their_package_is_not_installed(tmp_path: Path) -> None:
    more = 'optional = ["snnbench-nowhere"]\nexclude = [{ when = "fancy", reason = "never" }]'
    found = planned(tmp_path, more, **{'["lif",': '["snnbench-nowhere:fancy", "lif",'})
    assert found.absent == ("snnbench-nowhere",)
    assert len(found.cells) == 4
    assert found.notes[0].endswith("(pip install snnbench-nowhere)")
    with pytest.raises(UsageError, match="'snnbench-nowhere', which is not installed"):
        planned(tmp_path, **{'["lif",': '["snnbench-nowhere:fancy", "lif",'})


def test_a_block_of_which_nothing_is_left_is_left_out(tmp_path: Path) -> None:
    more = 'optional = ["snnbench-nowhere"]'
    found = planned(tmp_path, more, **{'neurons = ["rlif"]': 'neurons = ["snnbench-nowhere:fancy"]'})
    assert [str(cell.neuron) for cell in found.cells] == ["lif", "lif[detach_reset=true]", "relu"]


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize(("name", "least"), [("speed", 11), ("growth", 24)])
def test_the_packaged_matrices_can_be_planned_with_the_other_packages_and_without(
    name: str, least: int, alone: bool
) -> None:
    others = {plugin.distribution for plugin in Host.load().plugins} - {"snnbench"}
    found = plan(load(name), Host.load([f"no:{other}" for other in others] if alone else []))
    assert len(found.cells) == least if alone else len(found.cells) >= least
    assert not found.skips
    for cell in found.cells:
        steps = dict(cell.dataset.params).get("steps", 100)
        assert (cell.budget.steps, cell.budget.epochs) == (steps, 0)


def test_random_spikes_are_as_frequent_as_asked_for_and_from_a_seed() -> None:
    data = snnbench.make_dataset("random_spikes(shape=[2,5,7], steps=40, rate=0.1, amplitude=3.0, train=50)")
    assert data.train.x.shape == (50, 40, 2, 5, 7)
    assert set(data.train.x.unique().tolist()) == {0.0, 3.0}
    assert (data.train.x > 0).float().mean() == pytest.approx(0.1, abs=0.003)  # six standard deviations
    assert (len(data.validation), len(data.test), data.classes) == (64, 64, 20)
    again = snnbench.make_dataset("random_spikes(shape=[2,5,7], steps=40, rate=0.1, amplitude=3.0, train=50)")
    assert torch.equal(data.train.x, again.train.x)
    assert not torch.equal(data.train.x[:50], data.test.x[:50])
