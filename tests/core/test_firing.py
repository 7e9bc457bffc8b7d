"""The options of the LIF family: inhibition, rounded states, spikes of a size."""

from __future__ import annotations

import pytest
import torch

from snnbench.compiler.engine import Compiled
from snnbench.compiler.program import UnsupportedStepError
from snnbench.compiler.record import record
from snnbench.core.eager import State
from snnbench.errors import UsageError
from snnbench.factory.make import make_neuron
from snnbench.lyapunov import spectrum
from snnbench.plugin.host import Host

WIDTH = 4
FAMILY = ("lif", "synaptic", "lapicque", "rlif")


def drive(steps: int = 60, shape: tuple[int, ...] = (WIDTH,)) -> torch.Tensor:
    noise = torch.randn(steps, 3, *shape, generator=torch.Generator().manual_seed(7), dtype=torch.float64)
    return 0.3 + 0.6 * noise


@pytest.mark.parametrize("name", [*FAMILY, "alpha"])
def test_one_neuron_of_a_sample_spikes_at_a_time_in_any_shape(name: str) -> None:
    gain = 10.0 if name == "lapicque" else 1.0
    x = gain * drive(shape=(2, 2))
    neuron = make_neuron(f"{name}(inhibition=true)", (2, 2), surrogate="atan", dtype=torch.float64)
    flat = make_neuron(f"{name}(inhibition=true)", (4,), surrogate="atan", dtype=torch.float64)
    y = neuron(x)[0].detach()
    assert set(y.flatten(2).sum(-1).unique().tolist()) == {0.0, 1.0}
    assert torch.equal(flat(x.flatten(2))[0], y.flatten(2))
    free = make_neuron(name, (2, 2), surrogate="atan", dtype=torch.float64)(x)[0].detach()
    assert float(free.flatten(2).sum(-1).max()) > 1


@pytest.mark.parametrize("name", FAMILY)
def test_states_take_the_levels_and_no_others(name: str) -> None:
    text = f"{name}(state_bits=3,state_range=[-0.5,1.25],reset=zero)"
    _, state = make_neuron(text, (WIDTH,), surrogate="atan", dtype=torch.float64)(drive())
    levels = torch.linspace(-0.5, 1.25, 8, dtype=torch.float64)
    for part in state:
        assert float((part.detach().unsqueeze(-1) - levels).abs().amin(-1).max()) < 1e-12


RECORDED = {
    "lif(state_bits=4)": True,
    "lif(graded_spikes_factor=0.5)": True,
    "lif(state_bits=4,graded_spikes_factor=0.5,reset_delay=false)": True,
    "synaptic(reset_delay=false)": True,
    "synaptic(state_bits=4,reset=zero)": True,
    "lapicque(state_bits=4)": True,
    "lif(inhibition=true)": False,
    "synaptic(inhibition=true)": False,
    "lapicque(inhibition=true)": False,
    "alpha(inhibition=true)": False,
    "rlif(state_bits=4)": False,
}


@pytest.mark.parametrize("text", RECORDED)
def test_options_that_are_one_loop_and_those_that_fall_back(text: str) -> None:
    """Inhibition compares the units of a sample: no loop over single units can."""
    x = drive().float()
    neuron = make_neuron(text, (WIDTH,), surrogate="atan")
    if RECORDED[text]:
        assert record(neuron, x, neuron.initial_state(x[0])).states
    else:
        with pytest.raises(UnsupportedStepError):
            record(neuron, x, neuron.initial_state(x[0]))


@pytest.mark.parametrize(
    "text", ["lif(state_bits=4,graded_spikes_factor=0.5)", "synaptic(reset_delay=false)"]
)
def test_the_loop_of_an_option_is_its_step(text: str) -> None:
    x, results = drive().float().requires_grad_(), []
    neuron, compiled = make_neuron(text, (WIDTH,), surrogate="atan"), Compiled(3)
    assert compiled.loop(neuron, x, neuron.initial_state(x[0])) is not None
    for engine in (neuron.engine, compiled):
        neuron.engine = engine
        y, state = neuron(x)
        results.append([y, *state, *torch.autograd.grad(y.sum() + state[-1].square().sum(), x)])
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "text",
    [
        "rlif(graded_spikes_factor=0.5,reset=zero,learn_threshold=true)",
        "rlif(inhibition=true)",
        "rlif(reset_delay=false,graded_spikes_factor=0.5)",
        "rlif(state_bits=5)",
        "synaptic(reset_delay=false)",
        "lif(graded_spikes_factor=0.5)",
    ],
)
def test_exponents_with_an_option_are_those_of_its_gradients(text: str) -> None:
    """The neuron's own tangents, where it has them, against the gradients of the step."""
    neuron = make_neuron(text, (WIDTH,), surrogate="atan", dtype=torch.float64).requires_grad_(False)
    x = drive(40)[:, :1]
    start = neuron.initial_state(x[0])

    def hidden(x_t: torch.Tensor, state: State) -> tuple[torch.Tensor, State]:
        return neuron.step(x_t, state)

    expected = spectrum(hidden, start, x, 2)
    found = spectrum(neuron.step, start, x, 2)
    torch.testing.assert_close(found.exponents, expected.exponents, rtol=1e-7, atol=1e-7)
    assert neuron.pushes is ("inhibition" not in text)


def test_what_an_output_is_follows_its_size() -> None:
    spec = Host.load().find("neuron", "lif").spec
    assert spec.claims(()).spike == "binary"  # type: ignore[attr-defined]
    assert spec.claims((("graded_spikes_factor", 0.5),)).spike == "multi"  # type: ignore[attr-defined]


@pytest.mark.parametrize("levels", ["[1.0,-1.0]", "[0.5]", "[1.0,1.0]"])
def test_levels_out_of_order_are_refused(levels: str) -> None:
    with pytest.raises(UsageError, match="low below high"):
        make_neuron(f"lif(state_range={levels})", (WIDTH,))


def test_halfway_between_two_levels_goes_to_the_lower() -> None:
    neuron = make_neuron("lif(beta=0.0,state_bits=1,state_range=[0.0,0.5],threshold=0.4)", (3,))
    y, (u,) = neuron(torch.tensor([[[0.25, 0.2501, 7.0]]]))
    assert u.tolist() == [[0.0, 0.5, 0.5]]
    assert y.tolist() == [[[0.0, 1.0, 1.0]]]
