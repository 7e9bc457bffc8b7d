"""The map in docs/architecture.md is of the code as it is."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "architecture.md"


def test_the_lists_of_rooms_and_modules_are_those_of_the_code() -> None:
    command = [sys.executable, ROOT / "docs" / "modules.py"]
    made = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    assert made.returncode == 0, made.stderr
    assert made.stdout.rstrip("\n") == PAGE.read_text("utf-8").rstrip("\n"), "python docs/modules.py --write"


def test_every_module_says_in_a_line_what_it_is() -> None:
    listed = re.findall(r"^\| `\w+` \| (.*) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert len(listed) > 200
    assert all(listed)


def test_every_file_that_the_map_names_exists() -> None:
    head = PAGE.read_text("utf-8").partition("## All modules")[0]
    named = set(re.findall(r"`((?:\w+/)*\w+\.py)`|`(\w+/(?:\w+/)*)`", head))
    assert len(named) > 15
    rooms = (ROOT, ROOT / "snnbench", *(ROOT / "snnbench" / room for room in ("compiler", "report")))
    for file in (one or other for one, other in named):
        assert any((room / file).exists() for room in rooms), file
