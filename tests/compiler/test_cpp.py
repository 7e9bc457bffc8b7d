"""Loops in C++: they need next to no stack, whatever the neuron."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

SCRIPT = """
import sys, threading, torch
from torch import Tensor, nn
from snnbench.compiler.loop import Loop
from snnbench.core.eager import EAGER
from snnbench.core.neuron import Neuron
from snnbench.factory.make import make_neuron

WIDTH = 5000  # more than a tile


class Many(Neuron):
    def __init__(self) -> None:
        super().__init__()
        for j in range(40):
            self.register_parameter(f"p{j}", nn.Parameter(torch.full((WIDTH,), 0.01 * j)))

    def initial_state(self, x_t):
        return (torch.zeros_like(x_t),)

    def step(self, x_t, state):
        following = 0.5 * state[0] + x_t
        for parameter in self.parameters():
            following = following + parameter * torch.sigmoid(state[0])
        return torch.sigmoid(following), (following,)


def gradients(run, neuron, x):
    current = x.clone().requires_grad_()
    outputs, _ = run(neuron, current, neuron.initial_state(x[0]))
    return [outputs, *torch.autograd.grad(outputs.sum(), [current, *neuron.parameters()])]


def compare():
    try:
        neuron = Many() if sys.argv[1] == "many" else make_neuron(sys.argv[1], (WIDTH,))
        neuron, x = neuron.double(), torch.rand(4, 2, WIDTH, dtype=torch.float64)
        loop = Loop(neuron, x, neuron.initial_state(x[0]))
        both = (gradients(run, neuron, x) for run in (loop.run, EAGER.run))
        for got, expected in zip(*both, strict=True):
            torch.testing.assert_close(got, expected)
        print("equal")
    except BaseException as error:
        print(error)


torch.set_num_threads(2)
threading.stack_size(512 * 1024)
thread = threading.Thread(target=compare)
thread.start()
thread.join()
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["many", "dsrlits"])
def test_a_neuron_of_many_parameters_runs_on_a_stack_of_512_kib(name: str) -> None:
    """The thread that calls has so much, and OpenMP's own thread as well."""
    if name == "dsrlits" and find_spec("snnbench_tracetorch") is None:
        pytest.skip("its package is not installed")
    environment = {**os.environ, "OMP_STACKSIZE": "512K", "OMP_NUM_THREADS": "2"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, name], capture_output=True, text=True, env=environment, check=False
    )
    assert done.stdout.strip() == "equal", done.stderr
