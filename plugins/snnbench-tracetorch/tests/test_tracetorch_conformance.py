"""What the package registers is what it claims to be, as far as the conformance kit can tell."""

from __future__ import annotations

import pytest

from snnbench.testing import Case, check, params

KNOWN = {
    "surrogate:sigmoid4x_round_ste::claim[forward]": "traceTorch rounds up just below the threshold",
}


@pytest.mark.slow
@pytest.mark.parametrize("case", params("snnbench-tracetorch", KNOWN, slow=False))
def test_claim(case: Case) -> None:
    check(case)
