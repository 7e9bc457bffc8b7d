"""The measurements that are registered, on networks whose numbers are known in closed form."""

from types import SimpleNamespace
from typing import Any, cast

import snnbench
from snnbench.components.measurements import parameters


def test_a_dense_network_has_the_weights_and_biases_of_its_layers() -> None:
    network = snnbench.make_network("dense(hidden=[4])", (3,), 2, neuron="lif")
    context = cast(Any, SimpleNamespace(network=network))
    assert parameters.parameters()(context) == (3 * 4 + 4) + (4 * 2 + 2)
    next(network.parameters()).requires_grad_(requires_grad=False)
    assert parameters.parameters()(context) == (3 * 4 + 4) + (4 * 2 + 2) - 3 * 4
