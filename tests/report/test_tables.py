from __future__ import annotations

import ast
import io
import math
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import snnbench
from results import HEADER, board_of, cells_of, make_cell, make_result, make_run, make_seeds
from snnbench.cli.leaderboard import print_leaderboard
from snnbench.components.measurements import QUANTITIES
from snnbench.errors import StoreError
from snnbench.quantities import Better, Quantity, Scale
from snnbench.records import Component, Metric, Status
from snnbench.report import tables
from snnbench.report.board import make_board
from snnbench.report.cells import measured_cells
from snnbench.report.frame import to_frame
from snnbench.report.imported import normalise
from snnbench.report.leaderboard import page
from snnbench.report.lookup import Descriptions
from snnbench.report.lost import missing
from snnbench.report.markdown import markdown
from snnbench.report.marks import LOST, Mark, ReportFlag
from snnbench.report.numbers import interval, mean_text, number
from snnbench.report.view import sections
from snnbench.report.write import Format, write

FRAME = to_frame(make_run())
BOARD = board_of(make_run())
DESCRIPTIONS = BOARD.cells.descriptions
explain = DESCRIPTIONS.explain


def rendered(*results: object) -> str:
    board = board_of(results)  # type: ignore[arg-type]
    return markdown("a run", board).decode()


def test_csv_and_parquet_hold_every_number_and_every_null() -> None:
    for read in (
        pd.read_csv(io.BytesIO(tables.csv(FRAME))),
        pd.read_parquet(io.BytesIO(tables.parquet(FRAME))),
    ):
        pd.testing.assert_frame_equal(normalise(read), FRAME, check_dtype=False)
        assert (read["stability.lambda_grad"] == -math.inf).sum() == 3


def test_a_frame_without_rows_can_be_written() -> None:
    empty = to_frame([])
    assert tables.csv(empty).decode().startswith("id,combination,")
    assert len(pd.read_parquet(io.BytesIO(tables.parquet(empty)))) == 0


def test_markdown_has_a_table_a_dataset_and_what_is_missing() -> None:
    text = rendered(*make_run())
    assert re.findall(r"^## (.*)$", text, re.M) == [
        "digits",
        r"yin\_yang",
        "Not measured",
        "How to read this",
    ]
    assert "| 1 | lif\\[beta=0.9\\] | 96.50 \\[93.85, 98.42\\] |" in text
    assert "| – | izhikevich | – | – |" in text
    assert "| 0/3 | 3 of 3 diverged, few seeds |" in text
    assert "| skipped | 1 | gru does not spike: a surrogate changes nothing |" in text
    assert "| throughput.inference | 3 | implausible: 9e15 FLOP/s |" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.count("|") - line.count("\\|") for line in rows} <= {12, 13, 4}


def test_names_in_markdown_cannot_become_markup() -> None:
    evil = replace(make_cell(), neuron=Component("<b>|`x`\n# [l](http://x)"))
    text = rendered(
        make_result(evil), make_result(make_cell(seed=1), None, status=Status.FAILED, reason="a|b\nc")
    )
    assert r"&lt;b&gt;\|\`x\` # \[l\](http:<!-- -->//x)" in text
    assert r"a\|b c" in text
    assert "<b>" not in text


def test_constants_are_said_once_and_differences_in_columns() -> None:
    other = [replace(one, device="cuda:0") for one in make_seeds([0.8, 0.81])]
    (section,) = sections(board_of([*make_seeds([0.9, 0.91]), *other]))
    assert section.axes == ("neuron", "device")
    assert section.fixed["surrogate"] == "atan"
    assert section.fixed["spike"] == "binary"
    assert "device" not in section.fixed
    assert [row.names["device"] for row in section.rows] == ["cpu", "cuda:0"]


@pytest.mark.parametrize(("engine", "differ"), [("compiled", True), ("native", False), ("eager", False)])
def test_a_board_says_where_rates_are_those_of_two_engines(
    engine: str, differ: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    other = [replace(one, engine=engine) for one in make_seeds([0.8, 0.81], "alif")]
    board = board_of([*make_seeds([0.9, 0.91]), *other])
    (section,) = sections(board)
    assert ("engines" in section.fixed) is differ
    print_leaderboard(board)
    assert ("--engine eager runs all rows alike" in capsys.readouterr().out.replace("\n", " ")) is differ


def test_why_a_cell_did_not_run_compiled_is_listed() -> None:
    fell, ran = make_seeds([0.9, 0.91])
    fell = replace(fell, labels={"fallback": "it cannot be compiled: no compiler"})
    (found,) = missing(cells_of([fell, ran]))
    assert (found.what, found.reason) == ("compiled code", "it cannot be compiled: no compiler")
    assert len(found.cells) == 1


def test_why_one_row_has_no_loop_is_not_said_of_all(capsys: pytest.CaptureFixture[str]) -> None:
    other = [
        replace(one, labels={**one.labels, "no loop": "Sorts: why"}) for one in make_seeds([0.8], "alif")
    ]
    board = board_of([*make_seeds([0.9, 0.91]), *other])
    (section,) = sections(board)
    assert "no loop" not in section.fixed
    assert [row.claims for row in section.rows] == [{}, {"no loop": "Sorts: why"}]
    assert "| loop | 1 | Sorts: why |" in markdown("board", board).decode()
    print_leaderboard(board)
    assert "no loop: Sorts: why" in capsys.readouterr().out


def test_a_lost_row_without_labels_hides_nothing_that_all_others_share() -> None:
    shared = {"data": "abc"}
    done = [replace(one, labels=shared) for one in make_seeds([0.9, 0.91])]
    lost = make_result(make_cell(neuron="alif"), None, status=Status.FAILED, reason="broken")
    (section,) = sections(board_of([*done, replace(lost, labels={})]))
    assert section.fixed["data"] == "abc"


def test_windows_are_part_of_the_budget_that_is_said() -> None:
    cell = make_cell()
    cut = replace(cell, budget=replace(cell.budget, truncate=4))
    whole, windowed = sections(board_of([make_result(cell), make_result(cut)]))
    assert windowed.fixed["budget"] == f"{whole.fixed['budget']}, truncate 4"


def test_a_mark_of_all_rows_is_said_once() -> None:
    (section,) = sections(board_of([*make_seeds([0.9, 0.91, 0.92]), *make_seeds([0.8], "alif")]))
    assert section.fixed["all rows"] == "finite-time"
    assert [row.marks for row in section.rows] == [(), (Mark.of(ReportFlag.FEW_SEEDS),)]


def test_a_number_that_some_measured_seeds_lack_says_so() -> None:
    first, *others = make_seeds([0.9, 0.91, None])
    gone = {**first.metrics, "memory.training_peak": Metric.missing("no counter here", "B")}
    (section,) = sections(board_of([replace(first, metrics=gone), *others]))
    (row,) = section.rows
    memory = row.numbers[list(section.metrics).index("memory.training_peak")]
    assert memory.line == "109 MiB (1/3)"
    assert memory.notes == "no counter here"
    assert row.count == "2/3"
    assert row.numbers[0].part == ""


def test_everything_that_is_missing_is_listed_with_its_cells() -> None:
    found = {(one.what, one.reason): one.cells for one in missing(BOARD.cells)}
    assert len(found[("diverged", "loss is nan in epoch 3")]) == 4
    assert found[("skipped", "gru does not spike: a surrogate changes nothing")] == (
        "digits/rate/dense/gru/s0",
    )
    assert len(found[("throughput.inference", "implausible: 9e15 FLOP/s")]) == 3
    silent = make_result(make_cell(), None, status=Status.FAILED)
    assert missing(cells_of([silent]))[0].reason == "no reason was recorded"
    assert missing(cells_of(make_seeds([0.9]))) == []


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("fraction", 0.96432, "96.43"),
        ("fraction", 0.0, "0.00"),
        ("fraction", 1.0, "100.00"),
        ("rate", 12_345.0, "12.3 k"),
        ("rate", 950.4, "950"),
        ("rate", 3.2e9, "3.20 G"),
        ("rate", 0.1234, "0.123"),
        ("bytes", 512.0, "512 B"),
        ("bytes", 40_488.0, "39.5 KiB"),
        ("bytes", 120 * 2.0**20, "120 MiB"),
        ("bytes", 3.5 * 2**30, "3.50 GiB"),
        ("exponent", -0.10536, "−0.105"),
        ("exponent", 1.0811, "1.081"),
        ("exponent", -1e-6, "0.000"),
        ("exponent", -math.inf, "−∞"),
        ("exponent", math.inf, "∞"),
        ("plain", 1234.56, "1235"),
        ("plain", 0.0123456, "0.01235"),
        ("plain", 2.5e-7, "2.500e-07"),
        ("plain", -2.5e9, "−2.500e+09"),
        ("rate", math.nan, "–"),
        ("bytes", math.nan, "–"),
    ],
)
def test_a_number_as_people_read_it(kind: Scale, value: float, text: str) -> None:
    assert number(kind, value) == text


def test_an_interval_is_in_the_scale_of_its_mean() -> None:
    assert mean_text("rate", 12_345.0, 11_945.0, 12_745.0) == "12.3 ± 0.4 k"
    assert mean_text("bytes", 2.0**20, 2.0**20 - 2**18, 2.0**20 + 2**18) == "1.00 ± 0.25 MiB"
    assert mean_text("exponent", -0.105, -0.205, -0.005) == "−0.105 ± 0.100"
    assert mean_text("fraction", 0.9, math.nan, math.nan) == "90.00"
    assert interval("rate", 12_345.0, 11_945.0, 12_745.0) == "± 0.4 k"


def test_a_lopsided_interval_shows_both_ends() -> None:
    assert mean_text("fraction", 0.9, 0.8, 0.92) == "90.00 [80.00, 92.00]"
    assert mean_text("exponent", 0.01, -0.02, 0.015) == "0.010 [−0.020, 0.015]"


def test_a_narrow_interval_is_not_rounded_to_nothing() -> None:
    assert interval("fraction", 0.9, 0.899998, 0.900002) == "± 0.0002"
    assert interval("rate", 9e3, 9e3, 9e3) == "± 0"
    assert mean_text("rate", 9e3, 9e3, 9e3) == "9.00 ± 0 k"


def test_every_metric_of_the_suite_is_described() -> None:
    assert DESCRIPTIONS.of("stability.lambda_delta[0.01]").title == "λ δ=0.01"
    assert DESCRIPTIONS.of("stability.p_coalesce[0.01]").scale == "fraction"
    assert not DESCRIPTIONS.of("memory.training_reserved").headline
    assert Descriptions(units={"sparsity": "mJ"}).of("sparsity").unit == "mJ"
    assert DESCRIPTIONS.of("sparsity[layer=1]").headline
    assert all(entry.meaning.endswith(".") for entry in QUANTITIES)
    assert explain(Mark.of("resolution[1e-06]")) == explain(Mark.of("resolution")) != ""
    assert explain(Mark.of("of a plugin")) == ""


def test_headlines_are_in_one_order() -> None:
    names = [
        "zeta",
        "stability.lambda_delta[10]",
        "stability.lambda_delta[2]",
        "accuracy.test",
        "memory.parameters",
    ]
    assert DESCRIPTIONS.headlines(names) == [
        "accuracy.test",
        "stability.lambda_delta[2]",
        "stability.lambda_delta[10]",
        "zeta",
    ]


def test_writing_replaces_the_files_it_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("old")
    (tmp_path / "leaderboard.md").write_text("kept")
    paths = write("quick", BOARD, [HEADER], lambda: FRAME, formats=[Format.CSV, Format.HTML], out=tmp_path)
    assert [path.name for path in paths] == ["table.csv", "leaderboard.html"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "leaderboard.html",
        "leaderboard.md",
        "table.csv",
    ]
    assert (tmp_path / "table.csv").read_bytes() == tables.csv(FRAME)
    assert (tmp_path / "leaderboard.md").read_text() == "kept"


def test_a_directory_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match=r"cannot write .*table\.csv"):
        write("quick", BOARD, [HEADER], lambda: FRAME, formats=[Format.CSV], out=tmp_path / "file" / "out")


def test_texts_in_csv_are_one_line_and_no_formulas() -> None:
    """A carriage return in a reason made 8 rows of 4; a spreadsheet runs what begins with =."""
    reasons = ["a\rb\nc", "=HYPERLINK(1)", "@SUM(1)", "+1", "-1", "plain", "\x1b[2Jred"]
    lost = [
        make_result(make_cell(seed=seed), None, status=Status.FAILED, reason=reason)
        for seed, reason in enumerate(reasons)
    ]
    text = tables.csv(to_frame(lost)).decode()
    assert len(text.splitlines()) == len(text.split("\n")) - 1 == 1 + len(lost)
    back = pd.read_csv(io.StringIO(text))
    assert back["reason"].tolist() == ["a b c", "'=HYPERLINK(1)", "'@SUM(1)", "'+1", "'-1", "plain", "red"]


def test_reasons_in_markdown_link_to_nothing_and_mention_nobody_and_are_short() -> None:
    reason = "see https://x.org or www.x.org, @someone, #12" + "x" * 300_000
    text = rendered(make_result(make_cell(), None, status=Status.FAILED, reason=reason))
    (line,) = [line for line in text.splitlines() if "see https" in line]
    assert not re.search(r"://|www[.]|@s|#1", line)
    assert "more characters" in line
    assert len(line) < 800


def test_what_a_plugin_says_of_its_measurement_is_on_the_board() -> None:
    energy = Quantity("energy", "Energy", "Energy of one inference", "mJ", better=Better.LOWER, headline=True)
    results = [
        replace(one, metrics={**one.metrics, "energy": Metric(2.0, "mJ")})
        for one in make_seeds([0.9, 0.8, 0.7])
    ]
    board = board_of(results, {"energy": energy})
    text = markdown("a run", board).decode()
    html = page("a run", board, [HEADER]).decode()
    assert "- **Energy**: Energy of one inference. Lower is better." in text
    assert "Energy of one inference. Lower is better." in html
    assert "- **Accuracy**: Fraction of the test split classified correctly" in text


def test_the_steps_that_are_said_are_those_that_ran() -> None:
    """Boards of sequences printed "25 steps" whatever their length was."""
    asked = [replace(one, labels={**one.labels, "steps": "100"}) for one in make_seeds([0.9, 0.8, 0.7])]
    lost = make_result(make_cell("alif"), None, status=Status.FAILED, reason="boom", labels={})
    (section,) = sections(board_of([*asked, lost]))
    assert section.fixed["steps"] == "100"
    assert "steps" not in section.fixed["budget"]


def flags_in_the_code() -> set[str]:
    """The texts that measurements give as flags, found in their source."""
    found: set[str] = set()
    named = {"flags", "flag", "raised", "remarks", "busy", "fine"}
    for path in (Path(snnbench.__file__).parent / "measure").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            parts = [node.value] if isinstance(node, ast.keyword) and node.arg == "flags" else []
            if isinstance(node, ast.Assign) and named & {getattr(one, "id", "") for one in node.targets}:
                parts = [node.value]
            constants = [one for part in parts for one in ast.walk(part) if isinstance(one, ast.Constant)]
            found |= {one.value.partition("[")[0] for one in constants if isinstance(one.value, str)}
    return found - {"", "]", "control", "falling"}  # these two become reasons of missing numbers


def test_every_flag_and_mark_has_a_sentence() -> None:
    flags = flags_in_the_code()
    assert {"coalesces", "busy", "resolution"} <= flags
    assert [
        flag for flag in sorted({*flags, "resolution[1e-06]", *ReportFlag}) if not explain(Mark.of(flag))
    ] == []
    assert {status for status in Status if status not in LOST} == {Status.DONE}


def test_a_plugins_quantities_stand_on_the_board_as_ours_do() -> None:
    rate = Quantity(
        "energy.rate", "Energy", "Energy of a step.", "J", Scale.RATE, Better.LOWER, headline=True
    )
    results = [
        replace(one, metrics={**one.metrics, "energy.rate": Metric(2e4 + one.cell.seed, "J", flags=("hot",))})
        for one in make_seeds([0.9, 0.8, 0.7])
    ]
    cells = measured_cells(results, {"energy.rate": rate}, {"hot": "The chip throttled."})
    text = markdown("a run", make_board(cells)).decode()
    assert "| Energy (J) |" in text
    assert "| 20.0 ± 0.002 k |" in text
    assert "- **Energy**: Energy of a step. Lower is better." in text
    assert "- **hot**: The chip throttled." in text
