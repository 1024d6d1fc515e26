"""A run made from arrays instead of a training."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reelnet.errors import ReelnetError
from reelnet.interop.array_checks import Entry, Given, Progress
from reelnet.interop.array_files import opened, verify
from reelnet.reel import Run
from reelnet.runs.session import require_free_path
from reelnet.runs.storage.open_store import open_store


def write_run(
    path: str | os.PathLike[str],
    *,
    steps: Any,
    samples: Any,
    taps: Mapping[str, Any],
    metrics: Mapping[str, Any] | None = None,
    labels: Any = None,
    weights: Mapping[str, Any] | None = None,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    force: bool = False,
) -> Run:
    """Make a run from arrays: of a training in JAX, TensorFlow or MATLAB, or of an old recording.

    What is sliced like an array will do (`h5py`, `zarr`, `numpy.memmap`): of `taps` and `weights` one step is read at
    a time. torch is not needed.

    Args:
        path: The run folder to make.
        steps: The training steps, (steps,) ascending; 0 is the untrained network.
        samples: The fixed samples as a person sees them, (samples, height, width) or (…, 3), in 0..1 or uint8.
        taps: For each layer what it gave, (steps, samples, channels, height, width).
        metrics: Numbers of each step by name, (steps,); NaN where there is none.
        labels: One short text or number a sample.
        weights: Parameters by name, (steps, outputs, inputs, height, width).
        bounds: Least and greatest value that a layer can give at all, (−1, 1) for a tanh, say.
        force: Replace a run that lies at `path`.

    Raises:
        UsageError: `path` is taken.
        ReelnetError: An array has not its form, or the folder cannot be written.
    """
    arrays: dict[str, Any] = {"steps": steps, "samples": samples}
    if labels is not None:
        arrays["labels"] = labels
    for group, given in (("taps", taps), ("weights", weights), ("bounds", bounds), ("metrics", metrics)):
        arrays |= {f"{group}/{name}": values for name, values in (given or {}).items()}
    require_free_path(path, force=force)
    entry = Entry.of({name: Given.of(name, values) for name, values in arrays.items()})
    return entry.write(path, about={}, force=force, progress=None)


def import_arrays(
    source: Path, path: str | os.PathLike[str], *, force: bool = False, progress: Progress | None = None
) -> Run:
    """Make a run from an `.npz` file, or from a folder of `.npy` files, a step at a time.

    Args:
        source: It, with arrays of the names that `docs/arrays.md` lists.
        path: The run folder to make.
        force: Replace a run that lies at `path`.
        progress: Told of each step.

    Raises:
        UsageError: `path` is taken, or `source` is neither.
        ReelnetError: An array has not its form, a file is damaged, or the folder cannot be written; then there is no
            new run, and an old one stays.
    """
    require_free_path(path, force=force)
    with opened(source) as arrays:
        try:
            entry = Entry.of(arrays)
        except ReelnetError as error:
            # What lies in a file says so already.
            named = str(error).startswith(str(source))
            raise error if named else ReelnetError(f"{source}: {error}") from error
        if open_store(path).exists():
            # What would be replaced is not given for what cannot be read.
            verify(source)
        return entry.write(path, about={"imported": source.name}, force=force, progress=progress)
