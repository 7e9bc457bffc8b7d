"""Child processes run this: one cell, or the probe that tells what cells would run on."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from multiprocessing.connection import Connection

import torch

from snnbench.errors import SnnbenchError, UsageError
from snnbench.execute.build import Builder
from snnbench.execute.cell import run_cell
from snnbench.execute.compiling import Compilation
from snnbench.execute.engine import choose
from snnbench.execute.job import EpochDone, Finished, Job, Reading, Settings, WantsAlone
from snnbench.measure import CellContext
from snnbench.measure.environment import environment


def cell_main(job: Job, connection: Connection) -> None:
    """Run ``job`` and send its events and ``Finished`` to the parent.

    Args:
        job: The cell.
        connection: To and from the parent.
    """
    _configure(job.settings)

    @contextmanager
    def alone() -> Iterator[None]:
        connection.send(WantsAlone())
        connection.recv()
        yield

    result = run_cell(job, lambda epoch, value: connection.send(EpochDone(epoch, value)), alone)
    connection.send(Finished(result))


def probe_main(settings: Settings, connection: Connection) -> None:
    """Send the device and ``Environment`` that cells would have, or the error that stops them."""
    try:
        device = resolve_device(settings.device)
        _configure(replace(settings, device=str(device)))
        connection.send((str(device), environment(device, settings.threads, settings.plugins)))
    except SnnbenchError as error:
        connection.send(error)


def data_main(jobs: Sequence[Job], connection: Connection) -> None:
    """See to the data of ``jobs``; send notes and each ``Reading`` on the way.

    Last comes None, or the error that stops them.

    What a plugin's dataset raises by mistake is left to the cells, which report it with its traceback.
    """
    for job in jobs:
        build = Builder(job.cell, job.specs, job.settings.data_root, job.keys, job.settings.suite)
        try:
            connection.send(Reading(str(job.cell.dataset), limited=False))
            build.check_files(connection.send, download=job.settings.download)
            connection.send(Reading(str(job.cell.dataset), limited=True))
            build.check_samples(connection.send)
        except SnnbenchError as error:
            connection.send(error)
            return
        except Exception:
            continue
    connection.send(None)


def compile_main(compilations: Sequence[Compilation], connection: Connection) -> None:
    """Compile the programs of each of ``compilations`` and send True after it.

    What fails is left to the cells, which report it.
    """
    _configure(compilations[0].job.settings)
    for one in compilations:
        with suppress(Exception):
            job = one.job
            build = Builder(job.cell, job.specs, job.settings.data_root, job.keys, job.settings.suite)
            network, device = build.network_with(one.neuron, one.spec), torch.device(job.settings.device)
            choose(
                job.settings.engine,
                network,
                CellContext(job.cell, network, build.encoder, build.data, device),
            )
        connection.send(True)


def resolve_device(text: str) -> torch.device:
    """Return the device that ``auto``, ``cpu`` or ``cuda[:N]`` names.

    Raises:
        UsageError: There is no such device on this machine.
    """
    count = torch.cuda.device_count()
    known = ["cpu", *(f"cuda:{index}" for index in range(count))]
    name = {"auto": known[min(count, 1)], "cuda": "cuda:0"}.get(text, text)
    if name not in known:
        raise UsageError(f"--device {text}: there is no such device", f"here: auto, {', '.join(known)}")
    return torch.device(name)


def _configure(settings: Settings) -> None:
    """Threads and determinism, as the protocol asks; CPU kernels are deterministic as they are."""
    torch.set_num_threads(settings.threads)
    if settings.device.startswith("cuda"):
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True)
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # costs time
