"""``pytest --snnbench-conformance DIST`` runs one test for each component and probe.

Loaded by every pytest of an environment with snnbench in it: without the option it does nothing and
imports neither torch nor a plugin.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from snnbench.testing.casebook import Case


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.getgroup("snnbench").addoption(
        "--snnbench-conformance",
        metavar="DIST",
        action="append",
        default=[],
        help="Check all that this distribution, or module, registers with snnbench; repeatable.",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Add the cases to what is collected, before ``-k`` chooses among it."""
    for distribution in dict.fromkeys(config.getoption("snnbench_conformance")):
        items.extend(_collect(session, distribution))


def _collect(session: pytest.Session, distribution: str) -> Iterable[pytest.Item]:
    from snnbench.errors import SnnbenchError
    from snnbench.testing.casebook import cases

    try:
        found = cases(distribution)
    except SnnbenchError as error:
        raise pytest.UsageError(str(error)) from None
    for group, members in groupby(found, key=lambda case: case.group):
        component = Component.from_parent(session, name=group, nodeid=group)
        for case in members:
            yield Item.from_parent(component, name=case.probe.name, case=case)


class Component(pytest.Collector):
    """This collects the cases of a component at given parameters."""

    def collect(self) -> Iterable[pytest.Item]:
        return []  # its items were added with it


class Item(pytest.Item):
    """An item runs one case."""

    def __init__(self, *, case: Case, **rest: Any) -> None:
        super().__init__(**rest)
        self.case = case

    def runtest(self) -> None:
        from snnbench.testing.outcomes import Undecided

        try:
            self.case.run()
        except Undecided as reason:
            pytest.skip(str(reason))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return the finding alone, without our stack.

        For anything else, return the stack, which ends in the component.
        """
        from snnbench.testing.outcomes import Violation

        if isinstance(excinfo.value, Violation):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Any, int | None, str]:
        return self.path, None, self.case.id
