"""Which measurements are left when someone names some."""

from __future__ import annotations

import pytest

from snnbench.cli import main
from snnbench.errors import UsageError
from snnbench.matrix.measuring import measuring
from snnbench.matrix.read import load
from snnbench.plugin.host import Host


@pytest.fixture(scope="module")
def host() -> Host:
    return Host.load()


def test_only_what_is_named_is_measured(host: Host) -> None:
    measure = measuring(load("speed"), ("accuracy", "memory"), host).measure
    assert (measure.throughput, measure.memory, measure.stability) == (False, True, False)
    assert not measure.floor, "a floor is for the throughput"
    assert measuring(load("speed"), ("throughput",), host).measure.floor == load("speed").measure.floor


def test_no_names_leave_the_matrix_as_it_is(host: Host) -> None:
    assert measuring(load("quick"), (), host) == load("quick")


def test_settings_of_a_measurement_stay(host: Host) -> None:
    assert measuring(load("quick"), ("throughput",), host).measure.throughput_seconds == 0.3


def test_a_name_that_is_not_known_is_told_with_the_closest(host: Host) -> None:
    with pytest.raises(UsageError, match="'throughptu'") as raised:
        measuring(load("quick"), ("throughptu",), host)
    assert raised.value.hint == "did you mean throughput?"


def test_the_command_line_splits_names_at_commas(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def ended(names: str) -> object:
        monkeypatch.setattr("sys.argv", ["snnbench", "plan", "quick", "--measure", names, "--format", "json"])
        with pytest.raises(SystemExit) as end:
            main()
        return end.value.code

    assert not ended("accuracy, throughput"), capsys.readouterr().err
    assert ended("accuracy,stabilty") == 2
    assert "did you mean stability?" in capsys.readouterr().err
