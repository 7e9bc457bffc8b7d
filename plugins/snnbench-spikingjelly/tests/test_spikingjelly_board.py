"""The package as a person meets it: listed, and on a board by the real command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

MATRIX = """
summary = "a board of spikingjelly"
datasets = ["yin_yang(train=40)"]
encoders = ["snnbench-spikingjelly:poisson"]
networks = ["dense(hidden=[4])"]
neurons = ["lif_node", "ilif_node", "sliding_psn"]
surrogates = ["snnbench-spikingjelly:atan"]
seeds = 1
[train]
batch_size = 20
steps = 3
epochs = 1
[measure]
throughput = false
memory = false
stability = false
"""


def test_listing_imports_neither_torch_nor_spikingjelly() -> None:
    code = (
        "import sys; from snnbench.plugin.host import Host; "
        "found = [p for p in Host.load().plugins if p.distribution == 'snnbench-spikingjelly']; "
        "print(found[0].status, len(found[0].components), {'torch', 'spikingjelly'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["ok", "43", "set()"]


@pytest.mark.slow
def test_a_board(tmp_path: Path) -> None:
    matrix = tmp_path / "small.toml"
    matrix.write_text(MATRIX)
    command = [sys.executable, "-m", "snnbench", "run", matrix, "-o", tmp_path / "run", "--workers", "1"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    cells = [json.loads(line) for line in (tmp_path / "run" / "cells.jsonl").read_text().splitlines()]
    assert [cell["status"] for cell in cells] == ["done"] * 3
