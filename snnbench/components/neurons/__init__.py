"""Neuron models, one a file. This list is all that finding them needs; it imports no torch."""

from __future__ import annotations

from typing import Final

from snnbench.components.neurons.adaptive_specs import ADAPTIVE_SPECS
from snnbench.components.neurons.control_specs import CONTROL_SPECS
from snnbench.components.neurons.leaky_specs import LEAKY_SPECS
from snnbench.components.neurons.trace_specs import TRACE_SPECS

SPECS: Final = (*LEAKY_SPECS, *ADAPTIVE_SPECS, *TRACE_SPECS, *CONTROL_SPECS)
