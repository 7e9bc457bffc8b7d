from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import binom
from sklearn.linear_model import LogisticRegression

from snnbench.components.datasets.synthetic_events import DOWN, LEFT, RIGHT, UP, record, synthetic_events
from snnbench.components.encoders.frames import Frames
from snnbench.components.networks.dense import dense
from snnbench.components.neurons.lif import LIF
from snnbench.components.neurons.relu import ReLU
from snnbench.components.surrogates.atan import ATan
from snnbench.core.neuron import Neuron
from snnbench.data.dataset import Dataset
from snnbench.settings import Budget
from snnbench.training import Trainer


def rows(data: Dataset) -> list[bytes]:
    return [one.numpy().tobytes() for split in (data.train, data.validation, data.test) for one in split.x]


def chance(probability: float) -> tuple[float, float]:
    """What guessing may reach on the test split."""
    return tuple(bound / 400 for bound in binom.interval(1 - 1e-6, 400, probability))


def trained(make: type[Neuron]) -> float:
    """Test accuracy of a small network at the epoch that validation chose."""
    generator = torch.Generator().manual_seed(0)
    surrogate = ATan() if make is LIF else None
    network = dense(
        (2, 16, 16), 4, lambda features: make(features, surrogate, generator), generator, readout="spike_mean"
    )
    budget = Budget(steps=25, epochs=10, batch_size=64, learning_rate=2e-3)
    data, device = synthetic_events(None), torch.device("cpu")
    history = Trainer(network, Frames(25), data, budget=budget, key="00ff", device=device).run()
    assert history.chosen is not None
    return history.series["test.accuracy"][history.chosen]


def test_it_is_reproducible_and_its_seed_matters() -> None:
    torch.manual_seed(1)
    np.random.seed(1)  # noqa: NPY002
    first = synthetic_events(None, train=20)
    torch.manual_seed(2)
    np.random.seed(2)  # noqa: NPY002
    assert synthetic_events(None, train=20).checksum == first.checksum
    assert synthetic_events(None, train=20, seed=1).checksum != first.checksum


def test_splits_are_disjoint_and_balanced() -> None:
    data = synthetic_events(None)
    assert [len(split) for split in (data.train, data.validation, data.test)] == [1000, 400, 400]
    for split in (data.train, data.validation, data.test):
        assert split.y.bincount().tolist() == [len(split) / 4] * 4
    assert len(set(rows(data))) == 1800
    assert data.shape == (2, 16, 16)


@pytest.mark.parametrize(
    ("direction", "axis", "speed"), [(RIGHT, 1, 16), (LEFT, 1, -16), (DOWN, 2, 16), (UP, 2, -16)]
)
def test_edges_move_in_the_direction_of_the_class(direction: int, axis: int, speed: int) -> None:
    events = record(direction, 0.0, np.random.default_rng(3))
    for polarity in (0, 1):
        time, place = events[events[:, 3] == polarity][:, [0, axis]].T
        assert np.all(np.diff(time) >= 0)
        phase = 2 * np.pi * (place / 16 - time * np.sign(speed) / 100_000)  # where the edge was at time 0
        assert abs(np.exp(1j * phase).mean()) > 0.99


def test_noise_is_a_share_of_pixels() -> None:
    quiet, loud = (record(UP, noise, np.random.default_rng(3)) for noise in (0.0, 1.0))
    assert len(loud) - len(quiet) == 2 * 16 * 16


def test_sums_over_time_do_not_tell_the_class() -> None:
    data, encoder = synthetic_events(None), Frames(1)
    x, test = (encoder(split.x, torch.Generator())[0].flatten(1).numpy() for split in (data.train, data.test))
    fitted = LogisticRegression(max_iter=1000).fit(x, data.train.y)
    low, high = chance(0.25)
    assert low <= fitted.score(test, data.test.y) <= high


@pytest.mark.slow
def test_neurons_with_memory_learn_it() -> None:
    assert trained(LIF) > 0.75


@pytest.mark.slow
def test_without_memory_only_the_axis_is_learnt() -> None:
    low, high = chance(0.5)
    assert low <= trained(ReLU) <= high
