"""The page on the compiler shows what the code gives.

To write its excerpts anew: ``python tests/compiler/test_page.py``.
"""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "compiler.md"
BLOCK = re.compile(r"```python\n(?P<code>.*?)```(?P<between>\s+)(?:```text\n(?P<shown>.*?)```)", re.DOTALL)


def regenerated(page: str) -> str:
    """The page with what each of its blocks of Python prints, run one after another."""
    names: dict[str, Any] = {"__name__": "docs"}

    def run(found: re.Match[str]) -> str:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(found["code"], PAGE.name, "exec"), names)
        shown = printed.getvalue().strip("\n")
        return f"```python\n{found['code']}```{found['between']}```text\n{shown}\n```"

    return BLOCK.sub(run, page)


def test_the_page_shows_what_the_code_gives() -> None:
    page = PAGE.read_text("utf-8")
    assert len(BLOCK.findall(page)) == page.count("```python")
    assert regenerated(page) == page


if __name__ == "__main__":
    PAGE.write_text(regenerated(PAGE.read_text("utf-8")), "utf-8")
