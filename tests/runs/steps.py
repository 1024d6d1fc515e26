"""Steps with known values, for writing runs without a network. Imports little, so that processes start quickly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reelnet.runs.header import TapInfo
from reelnet.runs.run import RunReader
from reelnet.runs.snapshot import Snapshot
from reelnet.runs.storage.protocol import Store
from reelnet.runs.writer import RunWriter

SHAPES = {"conv1": (3, 2, 4, 4), "b": (3, 1, 2, 2), "flags": (3, 1, 1, 5)}
DTYPES = {"conv1": "float32", "b": "float64", "flags": "bool"}
INFOS = {name: TapInfo(shape, DTYPES[name]) for name, shape in SHAPES.items()}
EACH = sum(info.nbytes for info in INFOS.values())


def arrays(step: int) -> dict[str, NDArray[Any]]:
    rng = np.random.default_rng(step)
    found: dict[str, NDArray[Any]] = {
        "conv1": rng.normal(size=SHAPES["conv1"]).astype(np.float32),
        "b": rng.normal(size=SHAPES["b"]),
        "flags": rng.random(SHAPES["flags"]) < 0.5,
    }
    if step % 5 == 3:
        found["b"][0, 0, 0, :] = [np.nan, np.inf]
    return found


def snapshot(step: int) -> Snapshot:
    metrics = {"loss": 1 / (1 + step)} if step % 2 else {"loss": float("nan"), "test": float(step)}
    return Snapshot(step, arrays(step), metrics)


def writer(path: Path | str | Store, *, steps_each: int = 10, **more: object) -> RunWriter:
    return RunWriter(
        path,
        taps=INFOS,
        inputs=np.zeros((3, 1, 4, 4), np.float32),
        pictures=np.zeros((3, 4, 4), np.uint8),
        segment_bytes=steps_each * EACH,
        **more,  # type: ignore[arg-type]
    )


def write_run(path: Path, steps: range, *, steps_each: int = 10) -> RunReader:
    with writer(path, steps_each=steps_each) as opened:
        for step in steps:
            opened.commit(snapshot(step))
    return RunReader(path)


def check_run(run: RunReader, steps: list[int]) -> None:
    """The run holds exactly these steps, with the values and numbers of `snapshot`."""
    assert run.steps == steps
    for name in SHAPES:
        whole = run.read(name)
        assert whole.dtype.name == DTYPES[name]
        np.testing.assert_array_equal(whole, np.stack([arrays(step)[name] for step in steps]))
        values = whole.astype(np.float64)[np.isfinite(whole)]
        assert (run.taps[name].min, run.taps[name].max) == (values.min(), values.max())
    for step in (steps[0], steps[len(steps) // 2], steps[-1]):
        found = run.snapshot(step)
        np.testing.assert_array_equal(found.taps["b"], arrays(step)["b"])
        assert found.metrics.keys() == snapshot(step).metrics.keys()
    np.testing.assert_array_equal(run.metrics["test"], [step if step % 2 == 0 else np.nan for step in steps])
    strange = [step for step in steps if step % 5 == 3]
    assert run.nonfinite == ({"b": (2 * len(strange), strange[0])} if strange else {})
