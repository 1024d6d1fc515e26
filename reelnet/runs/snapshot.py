"""`samples.safetensors`: the fixed samples of a run.

One training step, as numpy sees it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load

from reelnet.errors import RunError
from reelnet.runs.format.arrays import checksum
from reelnet.runs.header import MEND, Header, unreadable
from reelnet.runs.storage.protocol import Store


def read_samples(store: Store, header: Header) -> dict[str, NDArray[np.generic]]:
    """The samples of a run, as fed and as shown.

    Raises:
        RunError: Their file is missing, truncated or altered.
    """
    path = store.full("samples.safetensors")
    try:
        data = store.read("samples.safetensors")
        if checksum(data) != header.samples_crc32:
            raise RunError(f"{path}: altered or truncated, its checksum does not match run.json; {MEND}")
        return load(data)
    except OSError as error:
        raise unreadable(path, "the samples", error) from error
    except SafetensorError as error:
        raise RunError(f"{path}: not a safetensors file ({error}); {MEND}") from error


@dataclass(frozen=True)
class Snapshot:
    """What the network showed after one training step.

    Attributes:
        step: Number of optimizer steps taken so far; 0 is the untrained network.
        taps: For each tap an array (samples, channels, height, width), the values as they were.
        metrics: Numbers that the training gave for this step, and those that were added later, by name. May be empty.
    """

    step: int
    taps: Mapping[str, NDArray[np.generic]]
    metrics: Mapping[str, float] = field(default_factory=dict)
