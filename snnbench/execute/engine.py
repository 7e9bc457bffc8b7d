"""Which engine a cell runs by: what was asked for, what pays, and what can be trusted."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from torch.nn.functional import cross_entropy

from snnbench.compiler import warm
from snnbench.compiler.choice import Work, best_chunk, currents, eager_seconds, pays, stepped
from snnbench.compiler.chunks import MOST_STEPS
from snnbench.compiler.engine import Compiled
from snnbench.core.eager import EAGER, Engine
from snnbench.data.dataset import Dataset
from snnbench.execute.build import Builder
from snnbench.execute.job import Settings
from snnbench.files import replace_file
from snnbench.measure import Trained
from snnbench.measure.workload import inference
from snnbench.settings import Budget, EngineChoice


@dataclass(frozen=True, slots=True)
class Chosen:
    """The engine of a cell.

    Attributes:
        engine: Runs the populations that do not run by themselves.
        name: As the result records it: the engine's name, or ``native`` where the cell's
            neuron has a kernel of its own or no state, and no engine changes anything.
        fallback: Which populations run eagerly although compiled was asked for, or was what ``auto`` would
            have, and why.
    """

    engine: Engine
    name: str
    fallback: str = ""


def choose(settings: Settings, build: Builder, trained: Trained) -> Chosen:
    """Decide, compile, and compare with eager on a batch of training samples.

    Args:
        settings: Hold the engine that was asked for.
        build: Makes the network.
        trained: The cell before training; its network is left as it is.
    """
    populations = stepped(trained.network)
    native = not populations or any(one.native for one in trained.network.neurons)
    eager = Chosen(EAGER, "native" if native else EAGER.name)
    if settings.engine is EngineChoice.EAGER or not populations:
        return eager
    engine = Compiled()
    engine.chunk = _agreed(settings, trained, lambda: _decide(settings.engine, trained, engine))
    if not engine.chunk:
        return eager
    _rehearse(build, trained, engine)
    if engine.refusal and not engine.is_used:
        return Chosen(EAGER, eager.name, engine.refusal)
    warm.mark(populations, engine.chunk)
    warm.mark(populations, 0)
    return Chosen(engine, "native" if native else engine.name, engine.refusal)


def _rehearse(build: Builder, trained: Trained, engine: Engine) -> None:
    """One training step and one inference of a network that is thrown away: everything gets compiled."""
    network = build.network().to(trained.device).run_by(engine).train()
    x, y = trained.batch(trained.data.train, trained.cell.budget.batch_size, "engine")
    cross_entropy(network(x), y).backward()  # type: ignore[no-untyped-call]
    inference(network.eval(), x)


def _decide(asked: EngineChoice, trained: Trained, engine: Compiled) -> int:
    """Steps of a chunk; 0 for eager."""
    batch, _ = trained.batch(trained.data.train, trained.cell.budget.batch_size, "engine")
    fed = [(neuron, x, eager_seconds(neuron, x)) for neuron, x in currents(trained.network, batch)]
    windows = trained.network.windows
    work = Work(
        steps=min(len(batch), windows.steps) if windows else len(batch),
        calls=expected_calls(trained.cell.budget, trained.data),
        seconds=sum(seconds for _, _, seconds in fed),
    )
    if asked is EngineChoice.AUTO and not pays(replace(work, loops=1, warm=frozenset({0}))):
        return 0  # not even if it were as good as can be: there is no need to look closer
    kinds = {type(neuron): neuron for neuron, _, _ in fed}.values()
    looped = {type(neuron) for neuron, x, _ in fed if engine.loop(neuron, x, neuron.initial_state(x[0]))}
    chunked_seconds = sum(seconds for neuron, _, seconds in fed if type(neuron) not in looped)
    work = replace(
        work,
        seconds=work.seconds - chunked_seconds,
        loops=len(looped),
        chunked_seconds=chunked_seconds,
        chunked=len(kinds) - len(looped),
        warm=frozenset(chunk for chunk in range(MOST_STEPS + 1) if warm.is_marked(kinds, chunk)),
    )
    if asked is EngineChoice.AUTO:
        return pays(work)
    if not work.calls:  # nothing is trained, speed alone is measured: what compiling takes does not count
        return best_chunk(replace(work, calls=1), caution=0)
    return best_chunk(work)


def expected_calls(budget: Budget, data: Dataset) -> float:
    """Training steps of a cell; an inference counts as a third of one, its samples as a larger batch."""
    training = math.ceil(len(data.train) / budget.batch_size)
    evaluated = (len(data.validation) + len(data.test)) / budget.batch_size
    return budget.epochs * (training + evaluated / 3)


def _agreed(settings: Settings, trained: Trained, decide: Callable[[], int]) -> int:
    """What the first cell of this combination decided: its seeds share one row, so they share one engine."""
    if settings.ledger is None:
        return decide()
    cell = trained.cell
    what = (settings.engine, cell.combination, cell.budget, settings.environment, settings.threads)
    entry = settings.ledger / hashlib.sha256(repr(what).encode()).hexdigest()[:16]
    if (agreed := _read(entry)) is None:
        settings.ledger.mkdir(parents=True, exist_ok=True)
        agreed = _publish(entry, decide())
    return agreed


def _read(entry: Path) -> int | None:
    """The decision in a file of the ledger; None where there is none, or an empty one of a killed cell."""
    try:
        return int(entry.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return None


def _publish(entry: Path, decision: int) -> int:
    """Write a decision unless another seed was first; return the one that holds."""
    with suppress(FileExistsError), entry.open("x", encoding="utf-8") as file:
        file.write(str(decision))
    if (agreed := _read(entry)) is None:
        replace_file(entry, str(decision).encode())
        agreed = decision
    return agreed
