"""What a run shows on a terminal."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from snnbench.cli.progress import RunProgress
from snnbench.records import Cell, CellResult, Component, Status
from snnbench.settings import Budget

HOSTILE = "\x1b[2Jwiped\r\n" + "x" * 300_000


def cell(network: str = "dense") -> Cell:
    part = Component("digits")
    return Cell(part, part, Component(network), Component("lif"), None, Budget(), 0, key="k")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")


@pytest.mark.usefixtures("terminal")
def test_bars_leave_room_for_what_a_terminal_echoes() -> None:
    with RunProgress() as shown:
        shown.begin(3, 3)
        shown.epoch(cell("dense[hidden=[128,64,32,16],readout=spike_mean_of_the_last_layer]"), None)
        bars = shown._bars
        lines = bars.console.render_lines(bars.get_renderable(), pad=False)
    widths = [sum(cell_len(segment.text) for segment in line) for line in lines]
    assert max(widths) > 70
    assert max(widths) + len("^C") < 80


def test_a_reason_steers_no_terminal_and_is_shortened(capsys: pytest.CaptureFixture[str]) -> None:
    with RunProgress() as shown:
        shown.begin(1, 1)
        shown.epoch(cell(), None)
        shown.note(HOSTILE)
        shown.result(CellResult(cell(), Status.FAILED, HOSTILE))
    talk = capsys.readouterr().err
    assert "\x1b" not in talk
    assert "\r" not in talk
    assert len(talk.splitlines()) == 2
    assert len(talk) < 1500
    assert "wiped" in talk
