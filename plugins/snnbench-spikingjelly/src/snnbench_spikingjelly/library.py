"""Define what all components of SpikingJelly have in common."""

from __future__ import annotations

from typing import Final

from snnbench import FromParam, Library

SPIKINGJELLY: Final = Library(
    package="snnbench_spikingjelly",
    reference="Fang et al. 2023, Science Advances 9(40)",
    neurons={
        "threshold": ">=",
        "reset": FromParam("reset"),
        "reset_detached": FromParam("detach_reset"),
        "states": ("v",),
    },
    surrogates={"threshold": ">="},
)
