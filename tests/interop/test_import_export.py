"""Importing arrays as runs, and exporting runs as arrays."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import reelnet
from reelnet.interop.export_arrays import export_arrays
from reelnet.interop.import_arrays import import_arrays
from reelnet.runs.header import TapKind
from tests.interop.arrays import small


def save(path: Path, arrays: dict[str, Any], form: str) -> Path:
    """An .npz, stored or compressed, or a folder of .npy files."""
    if form == "folder":
        for name, array in arrays.items():
            file = path / f"{name}.npy"
            file.parent.mkdir(parents=True, exist_ok=True)
            np.save(file, array)
        (path / ".DS_Store").write_bytes(b"of another")
        return path
    write = np.savez if form == "stored" else np.savez_compressed
    write(path.with_suffix(".npz"), **arrays)
    return path.with_suffix(".npz")


def same(run: reelnet.Run, arrays: dict[str, Any]) -> None:
    assert run.steps == [0, 1, 10]
    assert run.labels == ("cat", "dög")
    np.testing.assert_array_equal(run.samples, np.rint(arrays["samples"] * 255).astype(np.uint8))
    np.testing.assert_array_equal(run.inputs, arrays["inputs"])
    np.testing.assert_array_equal(run.metrics["train/loss"], arrays["metrics/train/loss"])
    taps = {
        key.partition("/")[2]: array
        for key, array in arrays.items()
        if key.startswith(("taps", "weig", "grad"))
    }
    assert set(run.taps) == set(taps)
    for name, array in taps.items():
        read = run.read(name)
        assert (read.dtype.name, read.shape) == (array.dtype.name, array.shape)
        np.testing.assert_array_equal(read, array)
    assert run.taps["conv1"].bounds == (-9, 9)
    assert run.taps["conv1.weight"].kind is TapKind.WEIGHT
    assert run.taps["conv1.weight.grad"].kind is TapKind.GRADIENT
    assert run.taps["half"].fold is None


def big_endian(array: NDArray[Any]) -> NDArray[Any]:
    return array.astype(array.dtype.newbyteorder(">"))


@pytest.mark.parametrize("order", [np.asarray, np.asfortranarray, big_endian], ids=["C", "F", "big"])
@pytest.mark.parametrize("form", ["stored", "compressed", "folder"])
def test_import_from_files(tmp_path: Path, form: str, order: Any) -> None:
    arrays = small()
    laid = {name: order(array) if array.dtype.kind in "if" else array for name, array in arrays.items()}
    run = import_arrays(save(tmp_path / "given", laid, form), tmp_path / "run")
    same(run, arrays)
    assert len(run.reel("plain", layer="conv1").frame(10).getcolors(1 << 16) or ()) > 3


def test_export_of_an_import_gives_the_same_file(tmp_path: Path) -> None:
    arrays = small()
    export_arrays(
        import_arrays(save(tmp_path / "given", arrays, "stored"), tmp_path / "run"), tmp_path / "a.npz"
    )
    again = import_arrays(tmp_path / "a.npz", tmp_path / "again")
    same(again, arrays)
    export_arrays(again, tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    with np.load(tmp_path / "a.npz") as written:
        assert set(written) == set(arrays)
        for name in arrays.keys() - {"samples"}:
            np.testing.assert_array_equal(written[name], arrays[name])


def test_write_run_accepts_array_likes(tmp_path: Path) -> None:
    """Arrays as in JAX or h5py: with a shape, a type and slices."""

    class Sliced:
        def __init__(self, values: NDArray[Any]) -> None:
            self.shape, self.dtype, self._values, self.asked = values.shape, values.dtype, values, 0

        def __getitem__(self, place: int) -> NDArray[Any]:
            self.asked += 1
            part: NDArray[Any] = self._values[place]
            return part

    arrays = small()
    sliced = Sliced(arrays["taps/conv1"])
    run = reelnet.write_run(
        tmp_path / "run",
        steps=[0, 1, 10],
        samples=arrays["samples"].astype(np.float32),
        taps={"conv1": sliced, "half": arrays["taps/half"].tolist()},
        metrics={"loss": [3, 2, 1]},
        weights={"conv1.weight": arrays["weights/conv1.weight"]},
        labels=range(2),
        bounds={"half": (-4, 4)},
    )
    assert sliced.asked == 3
    np.testing.assert_array_equal(run.read("conv1"), arrays["taps/conv1"])
    np.testing.assert_array_equal(run.read("half"), arrays["taps/half"].astype(float))
    assert (run.labels, run.metrics["loss"].tolist(), run.taps["half"].bounds) == (
        ("0", "1"),
        [3, 2, 1],
        (-4, 4),
    )
    assert run.taps["conv1.weight"].kind is TapKind.WEIGHT


@pytest.mark.parametrize("form", ["stored", "compressed", "columns"])
def test_memory_use_is_bounded(tmp_path: Path, form: str) -> None:
    steps = 160
    whole = np.zeros((steps, 2, 32, 64, 64), np.float32)
    whole[..., 0] = np.arange(steps)[:, None, None, None] + np.arange(64)
    arrays = {"steps": np.arange(steps), "samples": np.zeros((2, 8, 8)), "taps/a": whole}
    if form == "columns":
        arrays["taps/a"] = np.asfortranarray(whole)
    file = save(tmp_path / "given", arrays, "folder" if form == "columns" else form)
    assert whole.nbytes > 160e6
    tracemalloc.start()
    try:
        run = import_arrays(file, tmp_path / "run")
        export_arrays(run, tmp_path / "out.npz")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 90e6
    np.testing.assert_array_equal(run.read("a", [17])[0], whole[17])
