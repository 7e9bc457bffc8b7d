"""The shipped recipes on small files of a published format, and what a run says of its data."""

from __future__ import annotations

import shutil
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from test_published import LABELS, real, spoken, write_mnist, write_shd

from snnbench.components.datasets import published
from snnbench.data import fetch, files
from snnbench.errors import DataError, UsageError
from snnbench.execute.cell import run_cell
from snnbench.execute.job import Job, Settings
from snnbench.execute.limits import Limits
from snnbench.execute.prepare import check_data
from snnbench.matrix.plan import Plan, plan
from snnbench.matrix.read import load
from snnbench.plugin.host import Host
from snnbench.records import CellResult, Status
from snnbench.settings import Measure

SPECS = {one.name: one for one in published.SPECS}


def planned(matrix: str, **axes: str) -> Plan:
    content = load(matrix).replaced({kind: (text,) for kind, text in axes.items()}, (0,))
    return plan(content, Host.load())


def jobs(whole: Plan, root: Path) -> list[Job]:
    settings = Settings("cpu", 1, root, {}, download=False)
    nothing = Measure(throughput=False, memory=False, stability=False)
    return [
        Job(
            replace(cell, budget=replace(cell.budget, epochs=1, batch_size=50)),
            {kind: whole.components[kind, one.name].spec for kind, one in cell.components.items()},
            (),
            nothing,
            settings,
            keys={kind: whole.keys[kind, one] for kind, one in cell.components.items()},
        )
        for cell in whole.cells
    ]


def run(job: Job) -> CellResult:
    return run_cell(job, lambda epoch, accuracy: None, nullcontext)


@pytest.mark.parametrize("matrix", ["shd-cramer", "shd-sparch"])
def test_the_recipes_for_shd_run_on_its_format(matrix: str, tmp_path: Path) -> None:
    write_shd(tmp_path, *spoken(220))
    content = files.content_checksum(SPECS["shd"], tmp_path)
    first = jobs(planned(matrix, dataset=f"shd(content='{content}')"), tmp_path)[0]
    assert "rlif" in first.cell.id or "recurrent=true" in first.cell.id
    check_data([first], print, Limits())
    result = run(first)
    assert result.status is Status.DONE, result.reason
    accuracy = result.metrics["accuracy.test"]
    assert accuracy.value is not None and "unpublished files" in accuracy.flags
    # both files hold the same recordings
    assert result.metrics["data.overlap"].value == 1 and "overlap" in accuracy.flags
    assert result.metrics["training.waiting"].value is not None
    assert content in result.cell.id


def test_the_key_of_a_cell_depends_on_the_files_and_the_subset() -> None:
    texts = ("mnist", "mnist(train=5000)", "mnist(content='0123456789abcdef')", "fashion_mnist")
    keys = [planned("mnist", dataset=text).cells[0].key for text in texts]
    assert len(set(keys)) == 4


def test_a_subset_of_mnist_is_marked(tmp_path: Path) -> None:
    write_mnist(tmp_path, LABELS)
    job = jobs(planned("mnist", dataset="mnist(train=60)", network="dense(hidden=[8])"), tmp_path)[0]
    result = run(job)
    assert result.status is Status.DONE, result.reason
    assert "subset" in result.metrics["accuracy.test"].flags
    assert result.metrics["data.balance"].value == 1


def test_bad_data_is_told_before_any_cell(tmp_path: Path) -> None:
    write_mnist(tmp_path, LABELS[LABELS != 3])
    content = files.content_checksum(SPECS["mnist"], tmp_path)
    whole = jobs(planned("mnist", dataset=f"mnist(content='{content}')"), tmp_path)
    with pytest.raises(DataError, match="class 3 has no training sample"):
        check_data(whole, print, Limits())


def test_a_batch_of_more_than_all_samples_is_told_before_any_cell(tmp_path: Path) -> None:
    write_mnist(tmp_path, LABELS)
    content = files.content_checksum(SPECS["mnist"], tmp_path)
    whole = jobs(planned("mnist", dataset=f"mnist(content='{content}',train=40)"), tmp_path)
    with pytest.raises(UsageError, match="batch_size 50 exceeds the 40 training samples"):
        check_data(whole, print, Limits())


def test_a_file_beside_those_of_the_archives_is_refused(tmp_path: Path) -> None:
    root = shutil.copytree(real("pokerdvs"), tmp_path / "data", copy_function=shutil.copyfile)
    fetch.verify(SPECS["pokerdvs"], "", root)
    stranger = root / "POKERDVS/pips_train/cl/99.npy"
    shutil.copyfile(root / "POKERDVS/pips_test/cl/0.npy", stranger)
    with pytest.raises(DataError, match=rf"{stranger} is in none of its archives"):
        fetch.verify(SPECS["pokerdvs"], "", root)


def test_a_bad_recording_is_told_before_any_cell(tmp_path: Path) -> None:
    times, units, labels = spoken(220)
    times[7][4] = times[7][3] - 0.01
    write_shd(tmp_path, times, units, labels)
    content = files.content_checksum(SPECS["shd"], tmp_path)
    whole = jobs(planned("shd-cramer", dataset=f"shd(content='{content}')"), tmp_path)
    with pytest.raises(DataError, match=r"shd_train\.h5, record 7: the time goes backwards"):
        check_data(whole[:1], print, Limits())
