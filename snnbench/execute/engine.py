"""Choose a cell's engine: what was asked for, as far as its neurons have loops and these can be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from torch.nn.functional import cross_entropy

from snnbench.compiler.engine import Compiled, Strategy
from snnbench.core.eager import EAGER, Engine
from snnbench.core.network import Network
from snnbench.core.neuron import Neuron
from snnbench.measure import CellContext
from snnbench.measure.workload import inference
from snnbench.settings import NATIVE, NO_LOOP, EngineChoice


@dataclass(frozen=True, slots=True)
class Chosen:
    """A network runs by this engine.

    Attributes:
        engine: Runs the populations that do not run by themselves.
        name: What ran, as the result records it: ``loop``, ``compiled`` where some populations ran by
            chunks of unrolled steps, ``eager``, or ``native`` where there is nothing for an engine to run.
        labels: What a reader is told of it: ``no loop``, ``fallback``, ``chunk``, each with the reason.
    """

    engine: Engine
    name: str
    labels: Mapping[str, str] = field(default_factory=dict)


def choose(asked: EngineChoice, network: Network, trained: CellContext) -> Chosen:
    """Compile what the populations of a network need, and compare it with eager on a training batch.

    Neither the budget nor the order of cells nor what is on the disk changes the answer.

    Args:
        asked: The engine that was asked for.
        network: It is trained for one step and must not be used after that.
        trained: The cell, for its batch and device.
    """
    if not stepped(network):
        return Chosen(EAGER, NATIVE)
    if asked is EngineChoice.EAGER:
        return Chosen(EAGER, EAGER.name)
    engine = Compiled(only_loops=asked is EngineChoice.LOOP)
    rehearse(network, engine, trained)
    found = describe(engine, network)
    return replace(found, engine=EAGER) if found.name == EAGER.name else found


def describe(engine: Engine, network: Network) -> Chosen:
    """Return how a network has run so far: a neuron whose numbers change in every call is out of loops late.

    Args:
        engine: What ran it.
        network: The network.
    """
    if not isinstance(engine, Compiled):
        return Chosen(engine, EAGER.name if stepped(network) else NATIVE)
    ran = strategies(engine, network)
    labels = {"fallback": engine.refusal} if engine.refusal else {}
    if engine.no_loop and engine.only_loops:
        labels[NO_LOOP] = " / ".join(f"{kind.__name__}: {why}" for kind, why in engine.no_loop.items())
    if Strategy.CHUNKS in ran:
        return Chosen(engine, EngineChoice.COMPILED, labels | {"chunk": engine.strategy})
    if Strategy.EAGER in ran and not labels:
        labels["fallback"] = "its inputs are shorter than a chunk, or batches of one"
    return Chosen(engine, EngineChoice.LOOP if Strategy.LOOP in ran else EAGER.name, labels)


def strategies(engine: Engine, network: Network) -> frozenset[Strategy | str]:
    """Return how the populations of a network with a state have run: those of equal ones compare models.

    A population with a ``forward`` of its own is named ``NATIVE``.
    """
    found: set[Strategy | str] = {NATIVE for one in network.neurons if one.states and one.native}
    for one in stepped(network):
        found |= engine.strategies(type(one)) if isinstance(engine, Compiled) else {Strategy.EAGER}
    return frozenset(found)


def rehearse(network: Network, engine: Engine, trained: CellContext) -> None:
    """Run one training step and one inference by ``engine``: everything gets compiled."""
    network = network.to(trained.device).run_by(engine).train()
    x, y = trained.batch(trained.data.train, trained.cell.budget.batch_size, "engine")
    cross_entropy(network(x), y).backward()  # type: ignore[no-untyped-call]
    inference(network.eval(), x)


def stepped(network: Network) -> list[Neuron]:
    """Return the populations that an engine runs: with a state and without a ``forward`` of their own."""
    return [one for one in network.neurons if one.states and not one.native]
