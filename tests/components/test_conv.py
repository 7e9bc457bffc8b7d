"""The convolutional networks: shapes, counts, initial statistics, and agreement of their two ways to run."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

import snnbench
from snnbench.components import networks as listing
from snnbench.components import neurons
from snnbench.components.networks.blocks import Dropout
from snnbench.components.networks.conv import conv
from snnbench.components.networks.vgg import vgg
from snnbench.components.neurons.lif import LIF
from snnbench.components.surrogates.atan import ATan
from snnbench.core.network import Network
from snnbench.core.neuron import Neuron
from snnbench.core.sample_network import SampleNetwork
from snnbench.errors import UsageError

Build = Callable[..., Network]
SMALL = {conv: {"channels": (4, 6)}, vgg: {"blocks": ((4, 4), (6,)), "hidden": 16}}
BOTH = pytest.mark.parametrize("make", [conv, vgg])


def build(make: Build, shape: tuple[int, ...] = (2, 8, 8), seed: int = 0, **params: object) -> Network:
    generator = torch.Generator().manual_seed(seed)
    return make(shape, 10, lambda f: LIF(f, ATan(), generator, beta=0.9), generator, **params)


def drive(shape: tuple[int, ...] = (2, 8, 8), steps: int = 6, batch: int = 3) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return 3 * torch.rand(steps, batch, *shape, generator=generator, dtype=torch.float64)


def count(network: Network) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize(("height", "width"), [(8, 8), (9, 15), (28, 28), (64, 64)])
def test_any_image(channels: int, height: int, width: int) -> None:
    x = torch.rand(2, 2, channels, height, width, generator=torch.Generator().manual_seed(0))
    for make in (conv, vgg):
        whole = {"channels": (3, 4, 5)} if make is conv else {"blocks": ((3, 3), (4, 4), (5, 5)), "hidden": 8}
        network = build(make, (channels, height, width), **whole)
        logits = network(x)
        logits.sum().backward()
        assert logits.shape == (2, 10)
        assert all(parameter.grad is not None for parameter in network.parameters())


def test_parameter_counts_of_the_defaults() -> None:
    for channels, side in [(1, 8), (3, 32), (2, 34)]:
        convolutions = 9 * (channels * 64 + 64 * 128 + 128 * 256) + 2 * (64 + 128 + 256)
        classifier = 256 * (side // 8) ** 2 * 10 + 10
        assert count(build(conv, (channels, side, side))) == convolutions + classifier
    pairs = [(3, 64), (64, 64), (64, 128), (128, 128), (128, 256), (256, 256)]
    convolutions = sum(9 * a * b + 2 * b for a, b in pairs)
    classifier = 256 * 16 * 512 + 512 + 512 * 10 + 10
    assert count(build(vgg, (3, 32, 32))) == convolutions + classifier


def test_layers_are_the_text_s() -> None:
    def names(layers: nn.Module) -> list[str]:
        return [type(layer).__name__ for layer in layers.children()]

    simple, deep = build(conv, (1, 8, 8)), build(vgg, (1, 8, 8))
    stage = ["Conv2d", "BatchNorm2d", "LIF"]
    assert names(simple.layers) + names(simple.classifier) == [
        *(3 * [*stage, "AvgPool2d"]),
        *("Flatten", "Dropout", "Linear"),
    ]
    assert names(deep.layers) == [*(3 * [*stage, *stage, "AvgPool2d"]), "Flatten", "Linear", "LIF"]
    assert names(deep.classifier) == ["Dropout", "Linear"]
    assert [layer.p for layer in (simple.classifier[2], deep.classifier[0])] == [0.2, 0.3]  # type: ignore[index]


@BOTH
def test_initial_statistics(make: Build) -> None:
    network = build(make, (3, 16, 16))
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            assert module.bias is None
            assert (module.kernel_size, module.padding) == ((3, 3), (1, 1))
            weight = module.weight.detach()
            assert float(weight.std()) == pytest.approx(math.sqrt(2 / (9 * module.out_channels)), rel=0.05)
            assert abs(float(weight.mean())) < 4 * float(weight.std()) / math.sqrt(weight.numel())
        elif isinstance(module, nn.BatchNorm2d):
            assert torch.equal(module.weight.detach(), torch.ones(module.num_features))
            assert torch.equal(module.bias.detach(), torch.zeros(module.num_features))
        elif isinstance(module, nn.Linear):
            bound = math.sqrt(6 / (module.in_features + module.out_features))
            assert float(module.weight.detach().abs().max()) == pytest.approx(bound, rel=0.01)
            assert not module.bias.detach().any()


@BOTH
def test_weights_come_from_the_generator_alone(make: Build) -> None:
    before = torch.random.get_rng_state()
    first, second, other = (build(make, seed=seed, **SMALL[make]) for seed in (0, 0, 1))
    assert torch.equal(torch.random.get_rng_state(), before)
    for a, b, c in zip(first.parameters(), second.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)
        assert a.ndim == 1 or not torch.equal(a, c)


@BOTH
@pytest.mark.parametrize("norm", ["all_steps", "per_step"])
def test_step_by_step_equals_layer_by_layer(make: Build, norm: str) -> None:
    network, x = build(make, norm=norm, **SMALL[make]).double(), drive()
    network(x)  # gives the running statistics something to hold
    network.eval()
    if isinstance(last := network.layers[-2], nn.Linear):
        last.weight.data.mul_(8)  # so few channels leave it silent
    state, outputs = network.initial_state(x[0]), []
    for x_t in x:
        y_t, state = network.step(x_t, state)
        outputs.append(y_t)
    whole = network.outputs(x)[-1]
    assert 0.01 < whole.mean() < 0.99
    assert torch.equal(torch.stack(outputs), whole)
    torch.testing.assert_close(network(x), network.classify(torch.stack(outputs)), rtol=0, atol=1e-12)


def test_sum_over_time_and_pooling_commute() -> None:
    network, x = build(conv, **SMALL[conv]).double().eval(), drive()
    pooling, flatten, dropout, last = network.classifier.children()
    spikes = network.outputs(x)[-1]
    by_text = last(dropout(torch.stack([flatten(pooling(s_t)) for s_t in spikes]).sum(0)))
    torch.testing.assert_close(network(x), by_text, rtol=0, atol=1e-12)


@BOTH
def test_batch_norm_over_all_steps_or_per_step(make: Build) -> None:
    x = drive()
    x = x * torch.linspace(0.2, 2, len(x), dtype=x.dtype).view(-1, 1, 1, 1, 1)  # steps that differ
    together, apart = (build(make, norm=n, **SMALL[make]).double() for n in ("all_steps", "per_step"))
    current = together.layers[0](x.flatten(0, 1)).unflatten(0, x.shape[:2])
    mean, var = current.mean((0, 1, 3, 4)), current.var((0, 1, 3, 4), correction=0)
    shape = (1, 1, -1, 1, 1)
    normal = (current - mean.view(shape)) / (var.view(shape) + 1e-5).sqrt()
    seen = {}
    for name, network in (("together", together), ("apart", apart)):
        network.neurons[0].register_forward_pre_hook(lambda _, a, name=name: seen.update({name: a[0]}))
        network(x)
    torch.testing.assert_close(seen["together"], normal, rtol=0, atol=1e-9)
    assert not torch.allclose(seen["apart"], normal, atol=0.1)
    for x_t in seen["apart"]:
        torch.testing.assert_close(x_t.mean((0, 2, 3)), torch.zeros(4, dtype=x.dtype), rtol=0, atol=1e-9)
        torch.testing.assert_close(
            x_t.var((0, 2, 3), correction=0), torch.ones(4, dtype=x.dtype), rtol=1e-3, atol=0
        )
    updates = [
        int(n.layers[1].state_dict()[k])
        for n, k in ((together, "num_batches_tracked"), (apart, "0.num_batches_tracked"))
    ]
    assert updates == [1, len(x)]


@BOTH
@pytest.mark.parametrize(
    ("shape", "message"),
    [((1, 3, 8), "too small to pool"), ((1, 8, 3), "too small to pool"), ((64,), r"\[C, H, W\]")],
)
def test_what_is_no_image_is_refused_first(make: Build, shape: tuple[int, ...], message: str) -> None:
    def never(features: tuple[int, ...]) -> Neuron:
        raise AssertionError("built before the check")

    generator = torch.Generator().manual_seed(0)
    with pytest.raises(UsageError, match=message):
        make(shape, 10, never, generator, **SMALL[make])
    assert torch.equal(generator.get_state(), torch.Generator().manual_seed(0).get_state())
    build(make, (1, 4, 4), **SMALL[make])  # the least


@BOTH
def test_nothing_to_build(make: Build) -> None:
    for empty in ({"channels": ()},) if make is conv else ({"blocks": ()}, {"blocks": ((4,), ())}):
        with pytest.raises(UsageError, match="no convolution"):
            build(make, **empty)


@BOTH
def test_bfloat16_autocast_and_float64(make: Build) -> None:
    network, x = build(make, **SMALL[make]), drive().float()
    with torch.autocast("cpu", torch.bfloat16):
        logits = network(x)
        assert logits.dtype == torch.bfloat16
        assert network.outputs(x)[0].dtype == torch.float32, "as the states, which stay in single precision"
        logits.float().square().sum().backward()
    for parameter in network.parameters():
        assert parameter.grad is not None
        assert parameter.grad.dtype == torch.float32
        assert parameter.grad.isfinite().all()
    assert network.double()(x.double()).dtype == torch.float64


def test_dropout() -> None:
    dropout = Dropout(0.3, torch.Generator().manual_seed(0))
    x = torch.ones(100, 100, dtype=torch.float64)
    before = torch.random.get_rng_state()
    first, second = dropout(x), dropout(x)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert set(first.unique().tolist()) == {0.0, 1 / 0.7}
    for y in (first, second):
        assert float((y == 0).double().mean()) == pytest.approx(0.3, abs=0.02)
    assert float(((first == 0) & (second == 0)).double().mean()) == pytest.approx(0.09, abs=0.015)
    again = Dropout(0.3, torch.Generator().manual_seed(0))
    assert torch.equal(again(x), first)
    for twin in (copy.deepcopy(again), pickle.loads(pickle.dumps(again))):
        assert torch.equal(twin(x), second)
    assert torch.equal(dropout.eval()(x), x)


@pytest.mark.parametrize("spec", neurons.SPECS, ids=lambda spec: spec.name)
def test_any_neuron(spec: snnbench.NeuronSpec) -> None:
    network = snnbench.make_network("conv(channels=[2,3])", (1, 8, 8), 10, neuron=spec.name)
    x = torch.rand(3, 2, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    network(x).sum().backward()
    state = network.eval().initial_state(x[0])
    torch.testing.assert_close(network.step(x[0], state)[0], network.outputs(x[:1])[-1][0])


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "size"), [(3, 1, 1, 16), (5, 1, 2, 16), (5, 2, 0, 45), (1, 1, 0, 9)]
)
@pytest.mark.parametrize("name", ["conv(channels=[2,3])", "vgg(blocks=[[2],[4]],hidden=5)"])
def test_kernels_of_any_shape(name: str, kernel: int, stride: int, padding: int, size: int) -> None:
    """Shapes are those of torch's own convolutions."""
    text = f"{name[:-1]},kernel={kernel},stride={stride},padding={padding})"
    network = snnbench.make_network(text, (1, size, size), 4).eval()
    x = torch.rand(3, 2, 1, size, size, generator=torch.Generator().manual_seed(0))
    layers = [layer for layer in network.modules() if isinstance(layer, torch.nn.Conv2d)]
    assert {(one.kernel_size, one.stride, one.padding) for one in layers} == {
        ((kernel, kernel), (stride, stride), (padding, padding))
    }
    y = torch.nn.functional.conv2d(x[0], layers[0].weight, stride=stride, padding=padding)
    assert network.outputs(x)[0].shape[2:] == y.shape[1:]
    assert network(x).shape == (2, 4)


def test_an_image_that_vanishes_on_the_way_is_refused_with_the_least_size() -> None:
    network = "conv(channels=[2,3],kernel=5,padding=0)"
    with pytest.raises(UsageError, match="15×15 is too small") as caught:
        snnbench.make_network(network, (1, 15, 15), 4)
    assert "16×16 and larger" in str(caught.value.hint)
    snnbench.make_network(network, (1, 16, 16), 4)


def test_create_conv_snn_gives_logits_and_the_exponent_of_an_image() -> None:
    model = snnbench.create_conv_snn(
        model_type="simple",
        in_channels=1,
        num_classes=4,
        T=40,
        beta=0.8,
        threshold=1e6,
        encoding="direct",
        encoding_gain=0.5,
        image_size=(8, 8),
        channels=[2, 3],
    ).eval()
    images = torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    assert torch.equal(model.encode(images), (0.5 * images).expand(40, 2, 1, 8, 8))
    logits, exponent = model(images)
    assert logits.shape == (2, 4)
    assert [(one.beta, one.threshold) for one in model.network.neurons] == 2 * [(0.8, 1e6)]
    leak = torch.full((2,), 0.8).log()
    torch.testing.assert_close(exponent, leak, rtol=0, atol=0.05)  # the neurons are silent
    torch.testing.assert_close(logits, model.network(model.encode(images)))


def test_create_conv_snn_can_be_trained_on_both() -> None:
    small = {"in_channels": 1, "num_classes": 3, "T": 4, "image_size": (8, 8)}
    model = snnbench.create_conv_snn("vgg", blocks=[[2], [3]], hidden=5, **small)  # type: ignore[arg-type]
    logits, exponent = model(torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(0)))
    (logits.square().sum() + exponent.square().sum()).backward()
    gradients = [parameter.grad for parameter in model.parameters()]
    assert all(one is not None and one.isfinite().all() for one in gradients)


def test_create_conv_snn_encodes_by_rate_with_noise_of_its_seed() -> None:
    def made(seed: int) -> SampleNetwork:
        return snnbench.create_conv_snn(
            in_channels=1,
            T=2000,
            encoding="rate",
            encoding_gain=0.25,
            image_size=(8, 8),
            channels=[2],
            seed=seed,
        )

    images = torch.full((1, 1, 8, 8), 0.8)
    one = made(0)
    first, second = one.encode(images), one.encode(images)
    assert abs(float(first.mean()) - 0.2) < 4 * (0.2 * 0.8 / first.numel()) ** 0.5
    assert not torch.equal(first, second)
    assert torch.equal(made(0).encode(images), first)
    assert not torch.equal(made(1).encode(images), first)


def test_create_conv_snn() -> None:
    simple = snnbench.create_conv_snn("simple")
    assert count(simple.network) == count(build(conv, (3, 32, 32)))
    assert [(n.beta, n.threshold) for n in simple.network.neurons if isinstance(n, LIF)] == 3 * [(0.9, 1.0)]
    deep = snnbench.create_conv_snn(
        "vgg",
        in_channels=1,
        image_size=(8, 8),
        num_classes=4,
        blocks=[[4, 4], [6]],
        hidden=16,
        neuron="synaptic",
        norm="per_step",
    )
    assert deep.network(torch.rand(3, 2, 1, 8, 8)).shape == (2, 4)
    twins = [
        snnbench.create_conv_snn(in_channels=1, image_size=(8, 8), seed=3).state_dict() for _ in range(2)
    ]
    assert all(torch.equal(a, b) for a, b in zip(*(twin.values() for twin in twins), strict=True))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"model_type": "resnet"}, "resnet"),
        ({"channel": [3]}, "no parameter 'channel'"),
        ({"dropout": 1.0}, "dropout"),
        ({"model_type": "vgg", "blocks": [64, 128]}, "expected a list"),
        ({"channels": [64, 0]}, "outside"),
        ({"neuron": "liff"}, "liff"),
        ({"neuron": "relu", "beta": 0.5}, "no parameter 'beta'"),
        ({"beta": 1.5}, "outside"),
        ({"encoding": "rat"}, "rat"),
        ({"T": 0}, "T: 0 is not a whole number"),
        ({"image_size": (4, 4)}, "too small to pool"),
    ],
)
def test_create_conv_snn_refuses(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        snnbench.create_conv_snn(**arguments)  # type: ignore[arg-type]


def test_spec_defaults_are_the_factories() -> None:
    for spec in listing.SPECS:
        defaults = spec.load().__kwdefaults__
        assert defaults == {name: param.default for name, param in spec.params.items()}
