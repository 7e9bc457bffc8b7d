"""Define what all components of traceTorch have in common."""

from __future__ import annotations

from typing import Final

from snnbench import Library

TRACETORCH: Final = Library(
    package="snnbench_tracetorch",
    reference="traceTorch 0.19.2 (Menovchshikov), https://pypi.org/project/tracetorch",
)
