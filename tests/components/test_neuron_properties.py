"""What every registered neuron must have, third-party ones included, at random parameters and inputs.

The kit of ``snnbench.testing`` probes the same rules at chosen parameters and explains what it finds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import pytest
import torch
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from torch import Tensor

from snnbench.core.neuron import Neuron
from snnbench.plugin.host import Host, Provided
from snnbench.plugin.params import Param
from snnbench.plugin.specs import NeuronSpec
from snnbench.testing.neurons.running import close
from snnbench.testing.neurons.subject import Subject
from snnbench.testing.outcomes import Undecided

HOST = Host.load()
REGISTERED = HOST.all("neuron")
SEVERAL = 8
"""A parameter is drawn within this factor of its default where its range goes further."""

each = pytest.mark.parametrize("provided", REGISTERED, ids=lambda provided: provided.reference)
few = settings(max_examples=5, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])


@dataclass(frozen=True)
class Population:
    """A neuron at drawn parameters, which can be made again, and an input ``[T, B, *features]``, float64."""

    subject: Subject
    features: tuple[int, ...]
    x: Tensor

    def make(self, dtype: torch.dtype = torch.float64) -> Neuron:
        return self.subject.make(self.features, dtype=dtype).requires_grad_(False)


def values(param: Param) -> st.SearchStrategy[Any]:
    """What a parameter can be: all choices, and numbers up to ``SEVERAL`` times the default in its range."""
    default = param.default
    if param.choices:
        return st.sampled_from(param.choices)
    if isinstance(default, bool):
        return st.booleans()
    if isinstance(default, tuple | str) or param.low is param.high is None:
        return st.just(default)
    low = default / SEVERAL if param.low is None else max(param.low, default / SEVERAL)
    high = default * SEVERAL if param.high is None else min(param.high, default * SEVERAL)
    if default <= 0:
        low, high = param.low if param.low is not None else -1, param.high if param.high is not None else 1
    return st.integers(math.ceil(low), int(high)) if isinstance(default, int) else st.floats(low, high)


@st.composite
def populations(draw: st.DrawFn, provided: Provided) -> Population:
    """Up to 8 steps, 4 samples and 3 axes of neurons."""
    spec = cast(NeuronSpec, provided.spec)
    beside = [one.spec for one in HOST.all("surrogate") if one.distribution == provided.distribution]
    given = draw(
        st.fixed_dictionaries({}, optional={name: values(param) for name, param in spec.params.items()})
    )
    features = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3).map(tuple))
    steps, batch = draw(st.integers(1, 8)), draw(st.integers(1, 4))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**32)))
    subject = Subject(spec, tuple(sorted(given.items())), beside)
    for shape in (features, (math.prod(features),)):  # one that takes a single axis is given that
        x = torch.randn(steps, batch, *shape, dtype=torch.float64, generator=generator)
        one = Population(subject, shape, x * draw(st.sampled_from([1, 0.2, 5])))
        try:
            one.make()
        except Undecided:
            continue
        return one
    return reject()  # parameters that do not go together


def same(one: Sequence[Tensor], other: Sequence[Tensor]) -> bool:
    return len(one) == len(other) and all(map(close, one, other))


@each
@few
@given(st.data())
def test_a_step_loop_and_a_split_sequence_equal_the_whole(provided: Provided, data: st.DataObject) -> None:
    one = data.draw(populations(provided))
    neuron, x = one.make(), one.x
    whole, last = neuron(x)
    state, outputs = neuron.initial_state(x[0]), []
    for x_t in x:
        y_t, state = neuron.step(x_t, state)
        outputs.append(y_t)
    assert close(torch.stack(outputs), whole)
    assert same(state, last)
    cut = data.draw(st.integers(1, len(x)))
    first, middle = neuron(x[:cut])
    rest, end = neuron(x[cut:], middle) if cut < len(x) else (x[cut:], middle)
    assert close(torch.cat([first, rest]), whole)
    assert same(end, last)


@each
@few
@given(st.data())
def test_samples_are_independent(provided: Provided, data: st.DataObject) -> None:
    one = data.draw(populations(provided))
    neuron, x = one.make(), one.x
    whole, last = neuron(x)
    index = torch.tensor(data.draw(st.lists(st.integers(0, x.shape[1] - 1), min_size=1, max_size=3)))
    part, state = neuron(x[:, index])
    assert close(part, whole[:, index])
    assert same(state, [tensor[index] for tensor in last])


@each
@few
@given(st.data())
def test_nothing_is_kept_and_nothing_written(provided: Provided, data: st.DataObject) -> None:
    """The same call twice, after one on a batch of another size, with a state that is used once more."""
    one = data.draw(populations(provided))
    neuron, x = one.make(), one.x
    neuron(torch.cat([x, x], 1))
    before, weights = x.clone(), {name: value.clone() for name, value in neuron.state_dict().items()}
    whole, state = neuron(x)
    kept = [tensor.clone() for tensor in state]
    assert all(tensor.shape[0] == x.shape[1] for tensor in state)
    neuron(x, state)
    again, last = neuron(x)
    fresh, _ = one.make()(x)
    assert close(again, whole)
    assert close(fresh, whole)
    assert same(last, state)
    assert same(state, kept)
    assert torch.equal(x, before)
    assert all(torch.equal(value, weights[name]) for name, value in neuron.state_dict().items())


@each
@few
@given(st.data())
def test_dtype_and_device_are_the_input_s(provided: Provided, data: st.DataObject) -> None:
    one = data.draw(populations(provided))
    dtype = data.draw(st.sampled_from([torch.float64, torch.float32, torch.bfloat16, torch.float16]))
    neuron, x = one.make(dtype), one.x.to(dtype)
    y, state = neuron(x)
    found = [y, *state, *neuron.initial_state(x[0])]
    assert {(tensor.dtype, tensor.device) for tensor in found} == {(dtype, x.device)}
    assert y.shape == x.shape
