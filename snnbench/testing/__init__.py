"""The conformance kit: whether components are what they claim to be. Importing it imports no torch.

``pytest --snnbench-conformance DIST`` collects one test for each component and probe; ``cases`` gives
them to a suite of one's own. It needs pytest and hypothesis: ``pip install 'snnbench[conformance]'``.
"""

from __future__ import annotations

from snnbench.testing.cases import Case, Probe, cases
from snnbench.testing.outcomes import Undecided, Violation

__all__ = ["Case", "Probe", "Undecided", "Violation", "cases"]
