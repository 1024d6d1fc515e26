"""`samples.safetensors`: the fixed samples of a run."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load

from reelnet.errors import RunError
from reelnet.runs.arrays import checksum
from reelnet.runs.header import MEND, Header, unreadable
from reelnet.runs.store import Store


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
