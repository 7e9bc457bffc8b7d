"""The adapters for other libraries, on modules and functions written here in the libraries' manner."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.func import jvp, vmap

from snnbench.components.surrogates.atan import ATan
from snnbench.core.adapter import LibraryNeuron, LibrarySurrogate, drawing_from
from snnbench.core.surrogate import derivative


class Toy(nn.Module):
    """A leaky integrator with a slow current, which keeps both, and what it last saw."""

    current: Tensor
    membrane: Tensor

    def __init__(self, spike: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.spike = spike
        self.weight = nn.Parameter(torch.tensor(0.8))
        self.register_buffer("membrane", torch.zeros(0), persistent=False)
        self.current = torch.zeros(0)

    def forward(self, x: Tensor) -> Tensor:
        self.current = 0.5 * self.current + x
        self.membrane = self.weight * self.membrane + self.current
        spikes = self.spike(self.membrane - 1)
        self.seen = x
        if x.ndim == 1:
            raise RuntimeError("no batch")
        self.membrane = self.membrane - spikes
        return spikes


class Square(torch.autograd.Function):
    """A spike function as most libraries write it: ``>=``, float32, no other gradient than backward's."""

    @staticmethod
    def forward(ctx: Any, z: Tensor, slope: float) -> Tensor:
        ctx.save_for_backward(z)
        ctx.slope = slope
        return (z >= 0).float()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (z,) = ctx.saved_tensors
        return gradients[0].clone() * ctx.slope * z.square(), None


def square(slope: float = 2.0) -> Callable[[Tensor], Tensor]:
    return lambda z: Square.apply(z, slope)  # type: ignore[no-any-return]


def flat() -> Callable[[Tensor], Tensor]:
    return lambda z: (z > 0).to(z.dtype)


def toy(spike: Callable[[Tensor], Tensor] | None = None) -> LibraryNeuron:
    return LibraryNeuron(Toy(spike or ATan()), ("current", "membrane"), scratch=("seen",)).double()


def drive(steps: int = 30) -> Tensor:
    return torch.randn(steps, 3, 4, generator=torch.Generator().manual_seed(2), dtype=torch.float64)


def by_hand(neuron: LibraryNeuron, x: Tensor) -> list[Tensor]:
    """The module itself, keeping its state."""
    module: Any = neuron.module
    held = module.current, module.membrane
    module.current = module.membrane = torch.zeros_like(x[0])
    rows = [(module(x_t), module.current, module.membrane) for x_t in x]
    module.current, module.membrane = held
    return [torch.stack(column) for column in zip(*rows, strict=True)]


def test_it_is_the_module_forward_and_backward() -> None:
    neuron, x = toy(), drive().requires_grad_()
    spikes, state = neuron(x)
    expected = by_hand(neuron, x)
    assert torch.equal(spikes, expected[0])
    assert all(torch.equal(a, b[-1]) for a, b in zip(state, expected[1:], strict=True))
    assert 0 < float(spikes.detach().mean()) < 1
    wrt = x, *neuron.parameters()
    ours = torch.autograd.grad(spikes.sum() + state[1].sum(), wrt)
    theirs = torch.autograd.grad(expected[0].sum() + expected[2][-1].sum(), wrt)
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


def attributes(module: nn.Module) -> dict[str, object]:
    return {**vars(module), **module._buffers, **module._parameters}


def same(one: dict[str, object], other: dict[str, object]) -> bool:
    return one.keys() == other.keys() and all(one[key] is other[key] for key in one)


def test_a_step_leaves_the_module_as_it_was() -> None:
    neuron = toy()
    before = attributes(neuron.module)
    neuron(drive())
    assert same(attributes(neuron.module), before)
    with pytest.raises(RuntimeError, match="no batch"):
        neuron(drive()[:, 0])
    assert same(attributes(neuron.module), before)


def test_a_state_of_another_length_is_refused() -> None:
    neuron = toy()
    before = attributes(neuron.module)
    with pytest.raises(ValueError, match="shorter"):
        neuron.step(drive()[0], neuron.initial_state(drive()[0])[:1])
    assert same(attributes(neuron.module), before)


def test_it_is_copied_and_pickled_after_use() -> None:
    neuron, x = toy(LibrarySurrogate(square, slope=3.0)), drive()
    spikes = neuron(x.clone().requires_grad_())[0].detach()
    for twin in (copy.deepcopy(neuron), pickle.loads(pickle.dumps(neuron))):
        assert torch.equal(twin(x)[0], spikes)
        assert twin.module is not neuron.module


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_state_and_spikes_follow_the_input(dtype: torch.dtype) -> None:
    neuron = toy(LibrarySurrogate(square)).to(dtype)
    spikes, state = neuron(drive().to(dtype))
    assert {spikes.dtype, *(part.dtype for part in state)} == {dtype}


@pytest.mark.parametrize("spike", [ATan(), LibrarySurrogate(square)], ids=["ours", "theirs"])
def test_its_tangents_are_those_of_reverse_mode_alone_and_under_vmap(spike: Callable[..., Tensor]) -> None:
    """u·(J v) by forward mode is (u J)·v by reverse mode; vmap over v is a loop over v."""
    neuron, x = toy(spike), drive(2)
    _, state = neuron.step(x[0], neuron.initial_state(x[0]))
    generator = torch.Generator().manual_seed(4)
    v, u = torch.randn(2, 5, *x[0].shape, generator=generator, dtype=torch.float64)

    def membrane(current: Tensor) -> Tensor:
        return neuron.step(x[1], (current, state[1]))[1][1]

    def push(tangent: Tensor) -> Tensor:
        return jvp(membrane, (state[0],), (tangent,))[1]

    pushed = vmap(push)(v)
    assert torch.equal(pushed, torch.stack([push(each) for each in v]))
    current = state[0].clone().requires_grad_()
    for each, out, weight in zip(v, pushed, u, strict=True):
        (gradient,) = torch.autograd.grad((weight * membrane(current)).sum(), current)
        torch.testing.assert_close((weight * out).sum(), (gradient * each).sum())


def test_a_library_surrogate_is_the_function_it_wraps() -> None:
    z = torch.tensor([-1.0, 0.0, 0.5], dtype=torch.float64, requires_grad=True)
    surrogate = LibrarySurrogate(square, slope=3.0)
    spikes = surrogate(z)
    assert spikes.tolist() == [0, 1, 1]
    assert spikes.dtype == z.dtype
    assert torch.equal(torch.autograd.grad(spikes.sum(), z)[0], 3 * z.detach() ** 2)
    assert torch.equal(surrogate.derivative(z.detach()), 3 * z.detach() ** 2)
    with derivative("true"):
        assert torch.autograd.grad(surrogate(z).sum(), z)[0].tolist() == [0, 0, 0]


def test_its_derivative_is_differentiated_by_the_backward_of_the_library() -> None:
    surrogate = LibrarySurrogate(square)
    z = torch.linspace(-2, 2, 7, dtype=torch.float64, requires_grad=True)
    slope = jvp(surrogate, (z,), (torch.ones_like(z),))[1]
    (curvature,) = torch.autograd.grad(slope.sum(), z)
    torch.testing.assert_close(curvature, 4 * z.detach())
    pushed = jvp(surrogate.derivative, (z.detach(),), (torch.ones_like(z),))[1]
    torch.testing.assert_close(pushed, 4 * z.detach())


def test_a_function_without_a_gradient_has_derivative_0() -> None:
    z = torch.linspace(-1, 1, 5)
    assert torch.equal(LibrarySurrogate(flat).derivative(z), torch.zeros_like(z))


def test_its_repr_tells_the_function_and_the_parameters() -> None:
    assert repr(LibrarySurrogate(square, slope=3.0)) == f"{__name__}.square(slope=3.0)"
    assert repr(pickle.loads(pickle.dumps(LibrarySurrogate(square)))) == f"{__name__}.square()"


def test_compiled_it_is_the_same_function() -> None:
    surrogate = LibrarySurrogate(square, slope=3.0)
    compiled = torch.compile(surrogate.__call__, backend="aot_eager", fullgraph=True)
    z = torch.linspace(-1, 1, 5, requires_grad=True)
    assert torch.equal(compiled(z), surrogate(z))
    assert torch.equal(torch.autograd.grad(compiled(z).sum(), z)[0], surrogate.derivative(z.detach()))


def test_a_compiled_neuron_is_the_same_neuron() -> None:
    neuron, x = toy(LibrarySurrogate(square)), drive(1)[0]
    before = attributes(neuron.module)
    compiled = torch.compile(neuron.step, backend="aot_eager", fullgraph=True)
    spikes, state = compiled(x, neuron.initial_state(x))
    expected = neuron.step(x, neuron.initial_state(x))
    assert torch.equal(spikes, expected[0])
    assert all(torch.equal(a, b) for a, b in zip(state, expected[1], strict=True))
    assert same(attributes(neuron.module), before)


def test_weights_come_from_the_generator_and_the_global_one_is_left_alone() -> None:
    def weight(seed: int) -> Tensor:
        with drawing_from(torch.Generator().manual_seed(seed)):
            return nn.Linear(3, 3).weight

    before = torch.get_rng_state()
    assert torch.equal(weight(1), weight(1))
    assert not torch.equal(weight(1), weight(2))
    with pytest.raises(RuntimeError), drawing_from(torch.Generator().manual_seed(1)):
        torch.rand(3)
        raise RuntimeError
    assert torch.equal(torch.get_rng_state(), before)
