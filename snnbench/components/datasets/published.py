"""Published datasets: what they are, and the files they are read from. Imports neither torch nor a reader.

The checksum and the address of Speech Commands are those that torchaudio 2.11 holds.
"""

from __future__ import annotations

from typing import Final

from snnbench.components.datasets.published_events import EVENT_SETS
from snnbench.components.datasets.published_file import PARAMS
from snnbench.components.datasets.published_images import IMAGE_SETS
from snnbench.plugin.specs import DataFile, DatasetSpec

_SPEECH: Final = DatasetSpec(
    name="speech_commands",
    version="1",
    summary="Speech Commands 0.02: 105,829 spoken words as log-mel spectra of 98×40, 35 classes",
    factory="snnbench.components.datasets.speech_commands:speech_commands",
    params=PARAMS,
    reference="Warden 2018, arXiv:1804.03209",
    data="sequence",
    samples=84_843,
    files=(
        DataFile(
            "speech_commands_v0.02.tar.gz",
            "sha256:af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58",
            ("http://download.tensorflow.org/data/speech_commands_v0.02.tar.gz",),
            unpack="SpeechCommands/speech_commands_v0.02",
        ),
    ),
    contents=(
        "SpeechCommands/speech_commands_v0.02/[!_]*/*.wav",
        "SpeechCommands/speech_commands_v0.02/*_list.txt",
    ),
)

SPECS: Final = (*IMAGE_SETS, *EVENT_SETS, _SPEECH)
