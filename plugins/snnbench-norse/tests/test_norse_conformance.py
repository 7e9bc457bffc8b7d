"""What the package registers is what it claims to be, as far as the conformance kit can tell."""

from __future__ import annotations

import pytest

from snnbench.testing import Case, check, params

KNOWN = {
    "surrogate:circ::derivative[finite]": "norse's own expression overflows in float16",
}


@pytest.mark.slow
@pytest.mark.parametrize("case", params("snnbench-norse", KNOWN, slow=False))
def test_claim(case: Case) -> None:
    check(case)
