"""One training step as numpy arrays, and the fixed samples of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load

from reelnet.errors import RunError
from reelnet.runs.format.arrays import crc32_hex
from reelnet.runs.format.safetensors_header import SafetensorsHeader, read_start
from reelnet.runs.header import RESTORE_HINT, Header, describe_parse_error, read_error
from reelnet.runs.storage.protocol import SAMPLES_FILE, Store


@dataclass(frozen=True)
class Snapshot:
    """The recorded values of one training step.

    Attributes:
        step: Number of optimizer steps so far; 0 is the untrained network.
        taps: The values of each tap as recorded, (samples, channels, height, width).
        metrics: Metric values of this step by name, including imported ones. May be empty.
    """

    step: int
    taps: Mapping[str, NDArray[np.generic]]
    metrics: Mapping[str, float] = field(default_factory=dict)


def read_samples(store: Store, header: Header) -> dict[str, NDArray[np.generic]]:
    """Read `samples.safetensors`: the inputs of the network as `fed`, the pictures of them as `shown`.

    Raises:
        RunError: The file is missing, truncated or altered.
    """
    path = store.full_path(SAMPLES_FILE)
    try:
        # A file of another size than its header says takes no memory.
        data = store.read_bytes(SAMPLES_FILE) if _has_right_size(store) else b""
        if crc32_hex(data) != header.samples_crc32:
            raise RunError(
                f"{path}: altered or truncated, its checksum does not match run.json; {RESTORE_HINT}"
            )
        arrays = load(data)
        _check_arrays(arrays, header.samples)
        return arrays
    except OSError as error:
        raise read_error(path, "the samples", error) from error
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunError(
            f"{path}: not the samples of a run ({describe_parse_error(error)}); {RESTORE_HINT}"
        ) from error


def _has_right_size(store: Store) -> bool:
    """Return whether `samples.safetensors` has the size that its own header says."""
    try:
        size = SafetensorsHeader.parse(read_start(store, SAMPLES_FILE)).file_size()
    except (ValueError, KeyError, TypeError):
        return False
    return store.file_size(SAMPLES_FILE) == size


def _check_arrays(arrays: Mapping[str, NDArray[np.generic]], samples: int) -> None:
    """Require inputs and pictures for each sample.

    Raises:
        ValueError: There are not.
        KeyError: An array is missing.
    """
    shown = arrays["shown"]
    is_color = shown.ndim == 4 and shown.shape[3] == 3
    if not (shown.ndim == 3 or is_color) or shown.dtype.kind not in "uif" or 0 in shown.shape:
        raise ValueError(f"there are no pictures of {shown.dtype} {shown.shape}")
    for name in ("shown", "fed"):
        if arrays[name].shape[:1] != (samples,):
            raise ValueError(
                f"{name!r} has the shape {arrays[name].shape}, not one row for {samples} samples"
            )
