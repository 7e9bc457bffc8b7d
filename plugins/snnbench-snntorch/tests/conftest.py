"""What the conformance kit finds in snntorch itself, and is told so."""

from __future__ import annotations

import pytest

KNOWN = {
    "surrogate:sigmoid::derivative[finite]": "snntorch computes exp(-slope·z), which overflows below z = 0"
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        case = getattr(item, "case", None)
        if case is not None and case.component.distribution == "snnbench-snntorch" and case.id in KNOWN:
            item.add_marker(pytest.mark.xfail(reason=KNOWN[case.id], strict=True))
