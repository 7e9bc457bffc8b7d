"""The conformance kit tests whether components are what they claim to be.

``pytest --snnbench-conformance DIST`` collects one test for each component and probe; ``cases`` gives
them, and ``params`` and ``check`` make tests of them in a suite of one's own. It needs pytest and
hypothesis: ``pip install 'snnbench[conformance]'``. Every pytest of an environment imports this
package: each name below is loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from snnbench.testing.casebook import Case as Case
    from snnbench.testing.casebook import Probe as Probe
    from snnbench.testing.casebook import cases as cases
    from snnbench.testing.outcomes import Undecided as Undecided
    from snnbench.testing.outcomes import Violation as Violation
    from snnbench.testing.suite import check as check
    from snnbench.testing.suite import params as params

_HOMES = {
    "Case": "snnbench.testing.casebook",
    "Probe": "snnbench.testing.casebook",
    "cases": "snnbench.testing.casebook",
    "Undecided": "snnbench.testing.outcomes",
    "Violation": "snnbench.testing.outcomes",
    "check": "snnbench.testing.suite",
    "params": "snnbench.testing.suite",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'snnbench.testing' has no attribute {name!r}")
