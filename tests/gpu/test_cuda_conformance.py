"""The probe that needs a GPU: a neuron runs there as it does on the CPU, or is told not to."""

from __future__ import annotations

import broken_neurons
import pytest
import torch

from snnbench.components import neurons
from snnbench.plugin.specs import NeuronSpec
from snnbench.testing import Violation
from snnbench.testing.neurons import Subject
from snnbench.testing.neurons.tensors import device

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")]


@pytest.mark.parametrize("spec", neurons.SPECS, ids=lambda spec: spec.name)
def test_built_in_neurons_run_on_a_gpu_as_on_the_cpu(spec: NeuronSpec) -> None:
    device(Subject(spec, ()))


def test_a_state_that_stays_on_the_cpu_is_found() -> None:
    with pytest.raises(Violation, match="its membrane is on cpu"):
        device(Subject(broken_neurons.spec(broken_neurons.OnTheCPU), ()))
