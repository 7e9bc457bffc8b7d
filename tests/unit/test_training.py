"""Which split feeds which number, and what a training pass touches."""

from __future__ import annotations

import pytest
import torch
from scipy.stats import binom

from snnbench.components.datasets.yin_yang import yin_yang
from snnbench.components.encoders.direct import Direct
from snnbench.components.networks.dense import dense
from snnbench.components.neurons.lif import LIF
from snnbench.components.surrogates.atan import ATan
from snnbench.core.network import Network
from snnbench.data.dataset import Dataset, Split
from snnbench.measure.accuracy import DivergedError, Score, accuracy
from snnbench.settings import Budget
from snnbench.training import Trainer

STEPS = 4


def data() -> Dataset:
    whole = yin_yang(None, train=64)
    return Dataset(whole.train, cut(whole.validation, 90), cut(whole.test, 70), whole.classes)


def cut(split: Split, size: int) -> Split:
    return Split(split.x[:size], split.y[:size])


def network() -> Network:
    generator = torch.Generator().manual_seed(3)
    return dense((4,), 3, lambda f: LIF(f, ATan(), generator), generator, hidden=(16,))


def trainer(made: Network, of: Dataset, **budget: float) -> Trainer:
    chosen = Budget(steps=STEPS, **{"epochs": 3, "batch_size": 10, "learning_rate": 0.01, **budget})  # type: ignore[arg-type]
    return Trainer(made, Direct(STEPS), of, budget=chosen, key="00ff", device=torch.device("cpu"))


def right(made: Network, split: Split) -> float:
    """Accuracy by a loop of our own, one sample at a time."""
    with torch.no_grad():
        hits = [
            int(made(x.expand(STEPS, 1, *x.shape)).argmax()) == int(y)
            for x, y in zip(split.x, split.y, strict=True)
        ]
    return sum(hits) / len(hits)


def test_each_number_is_of_its_own_split_at_the_chosen_epoch() -> None:
    made, of = network(), data()
    history = trainer(made, of).run()
    assert history.chosen is not None
    for name, split in (("validation.accuracy", of.validation), ("test.accuracy", of.test)):
        assert history.series[name][history.chosen] == pytest.approx(right(made, split))
    assert {len(values) for values in history.series.values()} == {3}


def test_the_test_split_changes_nothing_but_its_own_curve() -> None:
    first, second = network(), network()
    of = data()
    other = Dataset(of.train, of.validation, Split(of.test.x.flip(0), of.test.y), of.classes)
    one, two = trainer(first, of).run(), trainer(second, other).run()
    assert one.chosen == two.chosen
    assert one.series["test.accuracy"] != two.series["test.accuracy"]
    for name in one.series.keys() - {"test.accuracy"}:
        assert one.series[name] == two.series[name]
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))


def test_an_epoch_sees_every_sample_once_in_a_fresh_order() -> None:
    made = trainer(network(), data())
    passes = [torch.cat([batch.x[0] for batch in made._batches()]) for _ in range(2)]
    for seen in passes:
        assert sorted(map(tuple, seen.tolist())) == sorted(map(tuple, data().train.x.tolist()))
    assert not torch.equal(passes[0], passes[1])


def test_without_epochs_the_weights_are_as_drawn() -> None:
    made = network()
    history = trainer(made, data(), epochs=0).run()
    assert (history.chosen, history.series) == (None, {})
    assert all(torch.equal(a, b) for a, b in zip(made.parameters(), network().parameters(), strict=True))


def test_a_loss_that_is_not_finite_stops_the_training() -> None:
    made = network()
    with torch.no_grad():
        next(made.parameters()).fill_(torch.nan)
        for parameter in made.classifier.parameters():
            parameter.fill_(torch.inf)
    with pytest.raises(DivergedError):
        trainer(made, data()).run()


def test_the_loss_before_the_first_step_is_that_of_the_network_as_drawn() -> None:
    made, of = network(), data()
    run = trainer(made, of, batch_size=len(of.train), epochs=1)
    with torch.no_grad():
        logits = made(of.train.x.expand(STEPS, *of.train.x.shape))
    expected = float(torch.nn.functional.cross_entropy(logits, of.train.y))
    assert run.run().initial == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("rate, exploded", [(0.01, False), (1e3, True)])
def test_a_step_that_is_far_too_large_is_told(rate: float, exploded: bool) -> None:
    history = trainer(network(), data(), learning_rate=rate).run()
    assert history.exploded is exploded


@pytest.mark.parametrize("samples", [30, 360, 10_000])
def test_chance_is_what_guessing_reaches_in_one_of_twenty_cases(samples: int) -> None:
    classes = torch.arange(samples) % 10
    series = {name: [0.1] for name in ("test.accuracy", "validation.accuracy", "train.accuracy")}
    limit = int(binom.isf(0.05, samples, 0.1))  # guessing has more right in at most 5 %
    for right, expected in ((0, True), (samples // 10, True), (limit, True), (limit + 1, False)):
        found = accuracy(series, 0, Score(1.0, right / samples), classes)
        assert ("chance" in found["accuracy.test"].flags) is expected, right
