"""Each distribution declares the packages that it imports, and imports those that it declares."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLUGINS = sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))


@pytest.mark.parametrize("project", [ROOT, *PLUGINS], ids=lambda path: path.name)
def test_what_is_imported_is_declared_and_what_is_declared_is_imported(project: Path) -> None:
    pytest.importorskip("deptry")
    code = [f"--extend-exclude=^{folder}/" for folder in ("plugins", "tests", "docs")]
    own = "snnbench" if project == ROOT else project.name.replace("-", "_")
    done = subprocess.run(
        [sys.executable, "-c", "from deptry.cli import cli; cli()", ".", *code, f"--known-first-party={own}"],
        cwd=project,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
