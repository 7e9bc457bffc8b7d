import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from snnbench.cli import main

MATRIX = """
datasets = ["digits"]
encoders = ["rate"]
networks = ["dense"]
neurons = ["lif(beta=[0.9,0.5])", "relu"]
surrogates = ["atan"]
seeds = 2
[train]
epochs = 4
[[exclude]]
when = "relu and s1"
reason = "once is enough"
[[override]]
when = "beta=0.5"
train = { epochs = 8 }
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "my.toml"
    path.write_text(MATRIX)
    return str(path)


class Ended(NamedTuple):
    code: int
    out: str
    err: str


Plan = Callable[..., Ended]


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Plan:
    """``snnbench plan`` in this process."""
    monkeypatch.setattr("snnbench.matrix.estimate.OVERHEAD_SECONDS", 2.0)
    monkeypatch.setattr("snnbench.matrix.estimate.SECONDS_PER_SAMPLE_STEP", 1.1e-5)

    def run(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["snnbench", "plan", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        return Ended(int(caught.value.code or 0), *capsys.readouterr())

    return run


def document(ended: Ended) -> dict[str, list[dict[str, str]]]:
    assert ended.code == 0, ended.err
    return dict(json.loads(ended.out))


def test_the_table_shows_combinations_skips_budgets_and_a_rough_estimate(plan: Plan, file: str) -> None:
    ended = plan(file)
    assert ended.code == 0
    lines = [" ".join(line.split()) for line in ended.out.splitlines()]
    # 1,293 samples, 25 steps, 4 or 8 epochs; two seeds of lif, one of relu
    assert "digits/rate/dense/lif[beta=0.9]/atan 2 7 s" in lines
    assert "digits/rate/dense/lif[beta=0.5]/atan 2 epochs=8 10 s" in lines
    assert "digits/rate/dense/relu 1 3 s" in lines
    assert "digits/rate/dense/relu 1 once is enough" in lines
    assert "5 cells in 3 combinations, 1 skipped" in lines
    assert "rough estimate, one cell at a time: 20 s" in lines


def test_without_a_matrix_it_is_quick(plan: Plan) -> None:
    shown = document(plan("--format", "json"))
    assert shown["matrix"] == "quick"
    assert len(shown["cells"]) == 30
    assert shown["skips"] == []


def test_json_has_ids_keys_and_reasons(plan: Plan, file: str) -> None:
    shown = document(plan(file, "--format", "json"))
    assert [cell["id"] for cell in shown["cells"]] == [
        "digits/rate/dense/lif[beta=0.9]/atan/s0",
        "digits/rate/dense/lif[beta=0.9]/atan/s1",
        "digits/rate/dense/lif[beta=0.5]/atan/s0",
        "digits/rate/dense/lif[beta=0.5]/atan/s1",
        "digits/rate/dense/relu/s0",
    ]
    assert all(len(cell["key"]) == 16 for cell in shown["cells"])
    assert [(skip["id"], skip["reason"]) for skip in shown["skips"]] == [
        ("digits/rate/dense/relu/s1", "once is enough")
    ]
    assert shown["rough_seconds"] == pytest.approx(5 * 2 + 1293 * 25 * (3 * 4 + 2 * 8) * 1.1e-5)


def test_options_replace_axes_and_seeds_and_select(plan: Plan, file: str) -> None:
    neurons = ("--neuron", "lif(beta=[0.1,0.2])", "--neuron", "rlif")
    others = ("--surrogate", "sigmoid", "--encoder", "direct", "--dataset", "yin_yang", "--network")
    size = "dense(hidden=[8])"
    chosen = ("--seeds", "4,6-7", "-k", "lif[*] and not s6")
    shown = document(plan(file, *neurons, *others, size, *chosen, "--format", "json"))
    assert [cell["id"] for cell in shown["cells"]] == [
        f"yin_yang/direct/dense[hidden=[8]]/lif[beta={beta}]/sigmoid/s{seed}"
        for beta in (0.1, 0.2)
        for seed in (4, 7)
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "message", "hint"),
    [
        (
            ["-k", "lfi"],
            5,
            "the selection 'lfi' matches no cell: nothing is called 'lfi'",
            "did you mean lif?",
        ),
        (["-k", "relu and atan"], 5, "the selection 'relu and atan' matches no cell", "no cell fits all"),
        (["-k", "relu and s1"], 5, "leaves no cell to run: 1 skipped", "relu/s1: once is enough"),
        (["-k", "relu and"], 2, "selection 'relu and', column 9: expected a term", "write terms"),
        (["--seeds", "x"], 2, '"x" is not a choice of seeds', '"0-4"'),
        (["--neuron", "lif(beta=2)"], 2, "neuron 'lif', parameter 'beta': 2.0 is outside 0 … 1", "decay"),
        (["--neuron", "lif(beta="], 2, "component 'lif(beta=', column 4: '(' was never closed", "NAME"),
        (["--encoder", "ratee"], 2, "unknown encoder 'ratee'", "did you mean rate?"),
        (["-p", "no:builtin"], 2, "builtin", ""),
    ],
)
def test_mistakes_are_two_lines_and_an_exit_code(
    plan: Plan, file: str, *, arguments: list[str], code: int, message: str, hint: str
) -> None:
    ended = plan(file, *arguments)
    assert (ended.code, ended.out) == (code, "")
    first, second = ended.err.splitlines()
    assert first.startswith("error: ")
    assert second.startswith("hint: ")
    assert message in first
    assert hint in second


def test_a_term_that_matches_nothing_is_warned_of(plan: Plan, file: str) -> None:
    ended = plan(file, "-k", "relu or lfi")
    assert ended.code == 0
    assert ended.err == "warning: -k: nothing in the matrix is called 'lfi'\n"
    assert "1 cell in 1 combination, 1 skipped" in ended.out


def test_the_plan_is_the_same_in_every_process() -> None:
    code = "from snnbench.cli import main; main()"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code, "plan", "standard", "--format", "json"],
            capture_output=True,
            check=True,
            env=os.environ | {"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


def test_planning_imports_neither_torch_nor_pandas(file: str) -> None:
    code = (
        "import sys, contextlib\n"
        "from snnbench.cli import main\n"
        f"sys.argv = ['snnbench', 'plan', {file!r}]\n"
        "with contextlib.suppress(SystemExit):\n"
        "    main()\n"
        "sys.exit(', '.join({'torch', 'pandas', 'tonic', 'torchvision'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "5 cells" in done.stdout
