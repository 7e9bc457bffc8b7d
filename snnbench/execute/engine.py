"""Which engine runs a cell: what was asked for, as far as the neurons have loops and these can be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch.nn.functional import cross_entropy

from snnbench.compiler.engine import Compiled
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
    labels = {"fallback": engine.refusal} if engine.refusal else {}
    if engine.chunked:
        return Chosen(engine, EngineChoice.COMPILED, labels | {"chunk": engine.strategy})
    if engine.no_loop:
        labels[NO_LOOP] = " / ".join(f"{kind.__name__}: {why}" for kind, why in engine.no_loop.items())
    return Chosen(engine, EngineChoice.LOOP, labels) if engine.looped else Chosen(EAGER, EAGER.name, labels)


def rehearse(network: Network, engine: Engine, trained: CellContext) -> None:
    """Run one training step and one inference by ``engine``: everything gets compiled."""
    network = network.to(trained.device).run_by(engine).train()
    x, y = trained.batch(trained.data.train, trained.cell.budget.batch_size, "engine")
    cross_entropy(network(x), y).backward()  # type: ignore[no-untyped-call]
    inference(network.eval(), x)


def stepped(network: Network) -> list[Neuron]:
    """Return the populations that an engine runs: with a state and without a ``forward`` of their own."""
    return [one for one in network.neurons if one.states and not one.native]
