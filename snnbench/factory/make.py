"""Components from Python, by the names a matrix uses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from snnbench.compiler.engine import Compiled
from snnbench.core.eager import Eager, Engine
from snnbench.core.network import Network
from snnbench.core.neuron import Neuron
from snnbench.core.sample_network import SampleNetwork
from snnbench.core.surrogate import Surrogate
from snnbench.data.checks import checked
from snnbench.data.dataset import Dataset, Encoder
from snnbench.data.fetch import verify
from snnbench.errors import UsageError, did_you_mean
from snnbench.factory.parts import bind, check_counts, component, frozen, population, spike_function
from snnbench.matrix import grammar
from snnbench.paths import user_path
from snnbench.plugin.host import Host
from snnbench.plugin.specs import DatasetSpec

ARCHITECTURES = {"simple": "conv", "vgg": "vgg"}


def make_neuron(
    neuron: str,
    features: tuple[int, ...],
    *,
    surrogate: str = "fast_sigmoid",
    plugins: Iterable[object] = (),
    seed: int = 0,
    dtype: torch.dtype | None = None,
    device: torch.device | str | None = None,
) -> Neuron:
    """Return a population of neurons.

    Args:
        neuron: As a matrix writes it: ``lif(beta=0.9)``.
        features: Shape of the population.
        surrogate: As a matrix writes it; not used by a neuron that does not spike.
        plugins: Where it may come from besides, as in ``snnbench.run``: modules, classes, specs, objects.
        seed: Of the initial weights.
        dtype: Of the parameters; torch's default if None. In float64 they are the numbers given, to the
            last bit.
        device: Of the parameters.

    Raises:
        UsageError: Something is unknown or out of range.
    """
    check_counts("features", features)
    make = population(Host.load(plugins), neuron, surrogate, torch.Generator().manual_seed(seed))
    with _building_in(torch.float64 if dtype is torch.float64 else torch.get_default_dtype()):
        made = make(tuple(features))
    return made.to(device=device, dtype=dtype)


def make_surrogate(surrogate: str, *, plugins: Iterable[object] = (), seed: int = 0) -> Surrogate:
    """Return the spike function that a matrix calls ``surrogate``: ``atan(alpha=2)``.

    Args:
        surrogate: As a matrix writes it.
        plugins: Where it may come from besides, as in ``snnbench.run``: modules, classes, specs, objects.
        seed: Of the noise in its derivative, if it has any.

    Raises:
        UsageError: It is unknown, or a parameter is out of range.
    """
    return spike_function(Host.load(plugins), surrogate, torch.Generator().manual_seed(seed))


def make_encoder(
    encoder: str, *, steps: int = 25, plugins: Iterable[object] = (), seed: int = 0
) -> Callable[[Tensor], Tensor]:
    """Return what encodes samples ``[B, *shape]`` into ``[T, B, *encoded_shape]``.

    Args:
        encoder: As a matrix writes it: ``rate(gain=0.5)``.
        steps: T.
        plugins: Where it may come from besides, as in ``snnbench.run``: modules, classes, specs, objects.
        seed: Of all spikes to come: the same calls in the same order give the same spikes.

    Raises:
        UsageError: It is unknown, or a parameter is out of range.
    """
    check_counts("steps", (steps,))
    encode = cast(Encoder, component(Host.load(plugins), "encoder", encoder)[1](steps))
    generators: dict[torch.device, torch.Generator] = {}

    def seeded(x: Tensor) -> Tensor:
        if x.device not in generators:
            generators[x.device] = torch.Generator(x.device).manual_seed(seed)
        return encode(x, generators[x.device])

    return seeded


def make_dataset(dataset: str, root: str | Path | None = None, *, plugins: Iterable[object] = ()) -> Dataset:
    """Return a dataset, split.

    Args:
        dataset: As a matrix writes it: ``yin_yang(samples=5000)``.
        root: Where its files are; the platform's cache folder if None.
        plugins: Where it may come from besides, as in ``snnbench.run``: modules, classes, specs, objects.

    Raises:
        UsageError: It is unknown, or a parameter is out of range.
        DataError: Its files are missing or wrong, or a split is not what it must be.
    """
    folder = None if root is None else user_path(root)
    spec, make = component(Host.load(plugins), "dataset", dataset)
    content = dict(grammar.parse(dataset).arguments).get("content", "")
    verify(cast(DatasetSpec, spec), str(content), folder)
    return checked(make(folder), dataset, cast(DatasetSpec, spec).data)


def make_network(
    network: str,
    input_shape: tuple[int, ...],
    classes: int,
    *,
    neuron: str = "lif",
    surrogate: str = "fast_sigmoid",
    engine: str = "eager",
    plugins: Iterable[object] = (),
    seed: int = 0,
) -> Network:
    """Return a network from ``[T, B, *input_shape]`` to logits ``[B, classes]``.

    Args:
        network: As a matrix writes it: ``dense(hidden=[128,64])``.
        input_shape: Shape of one encoded sample at one step.
        classes: Number of logits.
        neuron: As a matrix writes it.
        surrogate: As a matrix writes it; not used by a neuron that does not spike.
        engine: ``eager``; or ``loop`` or ``compiled``, whose first call compiles, and compares with eager.
        plugins: Where it may come from besides, as in ``snnbench.run``: modules, classes, specs, objects.
        seed: Of the initial weights.

    Raises:
        UsageError: Something is unknown or out of range, or does not fit the input.
    """
    engines: dict[str, Callable[[], Engine]] = {
        "eager": Eager,
        "loop": partial(Compiled, only_loops=True),
        "compiled": Compiled,
    }
    if engine not in engines:
        raise UsageError(f"there is no engine {engine!r} for a network", did_you_mean(engine, engines))
    check_counts("input_shape", input_shape)
    check_counts("classes", (classes,))
    host, generator = Host.load(plugins), torch.Generator().manual_seed(seed)
    neurons = population(host, neuron, surrogate, generator)
    make = component(host, "network", network)[1]
    made = cast(Network, make(tuple(input_shape), classes, neurons, generator))
    return made.taking(tuple(input_shape)).run_by(engines[engine]())


def create_conv_snn(
    model_type: str = "simple",
    *,
    in_channels: int = 3,
    num_classes: int = 10,
    T: int = 25,  # noqa: N803  the field's name for the number of steps
    beta: float | None = None,
    threshold: float | None = None,
    encoding: str = "direct",
    encoding_gain: float = 1.0,
    image_size: tuple[int, int] = (32, 32),
    neuron: str = "lif(beta=0.9)",
    surrogate: str = "fast_sigmoid",
    plugins: Iterable[object] = (),
    seed: int = 0,
    **params: Any,
) -> SampleNetwork:
    """Return a convolutional spiking network with its encoder, in one call.

    Args:
        model_type: ``simple`` for the network ``conv``, ``vgg`` for the network ``vgg``.
        in_channels: C of the images.
        num_classes: Number of logits.
        T: Steps that an image is shown for.
        beta: Membrane decay of all neurons; None for what ``neuron`` says.
        threshold: Of all neurons; None for what ``neuron`` says.
        encoding: Encoder of images, as a matrix writes it.
        encoding_gain: The encoder's ``gain`` where it has one, as ``rate``; else a factor on the images.
        image_size: ``(H, W)`` of the images.
        neuron: As a matrix writes it.
        surrogate: As a matrix writes it; not used by a neuron that does not spike.
        plugins: Where its parts may come from besides, as in ``snnbench.run``.
        seed: Of the initial weights and of the encoder's noise.
        **params: Of the network: ``channels``, or ``blocks`` and ``hidden``; ``kernel``, ``stride``,
            ``padding``, ``dropout``, ``norm``.

    Returns:
        A module from images ``[B, C, H, W]`` to ``(logits [B, num_classes], exponent [B])``.

    Raises:
        UsageError: Something is unknown or out of range, or the images are too small to pool.
    """
    if model_type not in ARCHITECTURES:
        hint = did_you_mean(str(model_type), ARCHITECTURES)
        raise UsageError(f"there is no convolutional architecture {model_type!r}", hint)
    for name, value in (("in_channels", in_channels), ("num_classes", num_classes), ("T", T)):
        check_counts(name, (value,))
    check_counts("image_size", image_size)
    host, generator = Host.load(plugins), torch.Generator().manual_seed(seed)
    decided = {"beta": beta, "threshold": threshold}
    given = {name: value for name, value in decided.items() if value is not None}
    neurons = population(host, neuron, surrogate, generator, **given)
    spec = host.find("network", ARCHITECTURES[model_type]).spec
    make = bind(spec, {name: frozen(value) for name, value in params.items()})
    shape = (in_channels, *image_size)
    network = cast(Network, make(shape, num_classes, neurons, generator)).taking(shape)
    encoder_spec, _ = component(host, "encoder", encoding)
    own = {"gain": encoding_gain} if "gain" in encoder_spec.params else {}
    encoder = cast(Encoder, component(host, "encoder", encoding, **own)[1](T))
    return SampleNetwork(network, encoder, gain=1.0 if own else encoding_gain, seed=seed)


@contextmanager
def _building_in(dtype: torch.dtype) -> Iterator[None]:
    """Make new tensors in ``dtype``: a number that is cast later keeps the rounding of float32."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)
