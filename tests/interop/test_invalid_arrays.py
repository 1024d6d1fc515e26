"""Invalid arrays are refused with an error in one line, and nothing is written."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import reelnet
from reelnet.errors import ReelnetError, UsageError
from reelnet.interop.import_arrays import import_arrays
from tests.cli.calls import call, call_expecting_error
from tests.interop.arrays import small


class Evil:
    def __reduce__(self) -> Any:
        return pytest.fail, ("unpickled",)


CONV = small()["taps/conv1"]

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"steps": None}, "array 'steps' is missing; the arrays are samples"),
    ({"samples": None}, "array 'samples' is missing"),
    (
        {"taps/conv1": None, "taps/block/1": None, "taps/half": None, "bounds/conv1": None},
        "no array 'taps/NAME'",
    ),
    ({"step": np.arange(3)}, "unknown array 'step'; did you mean 'steps'"),
    ({"tap/conv1": CONV}, "unknown array 'tap/conv1'"),
    ({"taps/": CONV}, "unknown array 'taps/'"),
    ({"steps": np.array([0, 2, 1])}, "steps: 1 follows 2; give each step once, in ascending order"),
    ({"steps": np.array([0, 1, 1])}, "steps: 1 follows 1"),
    ({"steps": np.array([-1, 1, 2])}, "steps: -1 is negative"),
    ({"steps": np.array([0.0, 1.0, 2.0])}, "steps: type float64; give integers"),
    ({"steps": np.zeros(0, int)}, "steps: the array is empty"),
    ({"steps": np.arange(4)}, "3 rows for 4 steps"),
    ({"steps": np.zeros((3, 1), int)}, r"steps: shape \(3, 1\); give \(steps,\)"),
    ({"samples": np.zeros((2, 3))}, r"samples: shape \(2, 3\); give pictures"),
    ({"samples": np.zeros((2, 3, 8, 8))}, r"samples: shape \(2, 3, 8, 8\)"),
    ({"samples": np.zeros((0, 8, 8))}, r"samples: shape \(0, 8, 8\)"),
    (
        {"samples": np.full((2, 8, 8), 1.5)},
        "samples: values from 1.5 to 1.5; give values from 0 to 1, or uint8",
    ),
    ({"samples": np.full((2, 8, 8), np.nan)}, "samples: values from nan to nan"),
    ({"samples": np.zeros((2, 8, 8), complex)}, "samples: complex"),
    ({"labels": np.array(["a"])}, "labels: 1 rows for 2 samples"),
    ({"labels": np.zeros((2, 2))}, "labels: shape"),
    (
        {"labels": np.array(["2026", "2027"], "datetime64[Y]")},
        r"labels: type datetime64\[Y\]; give text or numbers",
    ),
    (
        {"taps/a": CONV[:, :, 0]},
        r"taps/a: shape \(3, 2, 6, 7\); give \(steps, samples, channels, height, width\)",
    ),
    ({"taps/a": CONV[:2]}, "taps/a: 2 rows for 3 steps"),
    ({"taps/a": CONV[:, :1]}, r"taps/a: shape \(3, 1, 4, 6, 7\) has 1 samples, but 'samples' has 2"),
    ({"taps/a": CONV[:, :, :0]}, "taps/a: shape .* holds no values"),
    ({"taps/a": CONV.astype(complex)}, r"taps/a: complex values \(complex128\)"),
    ({"taps/a": CONV.astype(str)}, "taps/a: a run cannot hold values of type str"),
    ({"taps/a": CONV.astype(np.longdouble)}, "taps/a: a run cannot hold values of type"),
    ({"weights/a": CONV[0]}, r"weights/a: shape .*; give \(steps, outputs, inputs, height, width\)"),
    ({"weights/conv1": CONV}, "weights/conv1: the name 'conv1' is also used for the activation"),
    ({"bounds/conv": np.array([0, 1])}, "bounds/conv: no layer 'conv'; did you mean 'conv1'"),
    ({"bounds/conv1": np.array([1, 1])}, "bounds/conv1: give the smallest and the largest value"),
    ({"bounds/conv1": np.array([0, 1, 2])}, "bounds/conv1: give the smallest"),
    ({"metrics/loss": np.zeros(2)}, "metrics/loss: 2 rows for 3 steps"),
    ({"metrics/loss": np.zeros((3, 1))}, "metrics/loss: shape"),
    ({"metrics/loss": np.array(["a", "b", "c"])}, "metrics/loss: a run cannot hold values of type str"),
    ({"inputs": np.zeros((3, 1))}, "inputs: float64 of shape"),
]


@pytest.mark.parametrize(("others", "expected"), WRONG, ids=range(len(WRONG)))
def test_invalid_arrays_in_a_file(tmp_path: Path, others: dict[str, Any], expected: str) -> None:
    np.savez(tmp_path / "a.npz", **small(**others))
    with pytest.raises(ReelnetError, match=expected) as caught:
        import_arrays(tmp_path / "a.npz", tmp_path / "run")
    assert str(caught.value).startswith(str(tmp_path / "a.npz"))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("taps", "expected"),
    [
        ({"a": [[1, 2], [3]]}, "taps/a: not an array"),
        ({"a": np.array([None] * 3)}, "taps/a: shape"),
        ({"a": np.full((3, 2, 1, 1, 1), None)}, "taps/a: a run cannot hold values of type object"),
        ({"a": 7}, r"taps/a: shape \(\)"),
    ],
)
def test_invalid_arrays_of_write_run(tmp_path: Path, taps: Any, expected: str) -> None:
    with pytest.raises(ReelnetError, match=expected):
        reelnet.write_run(tmp_path / "run", steps=range(3), samples=np.zeros((2, 4, 4)), taps=taps)
    assert not (tmp_path / "run").exists()


def test_objects_are_never_unpickled(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", **small(labels=np.array([Evil(), Evil()])))
    with pytest.raises(
        ReelnetError, match=r"a.npz: labels: holds pickled Python objects, which are never read"
    ):
        import_arrays(tmp_path / "a.npz", tmp_path / "run")
    (tmp_path / "f").mkdir()
    (tmp_path / "f" / "steps.npy").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(ReelnetError, match=r"steps.npy: not a numpy array"):
        import_arrays(tmp_path / "f", tmp_path / "run")


def test_invalid_files(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with pytest.raises(UsageError, match=r"no.npz: no such file"):
        import_arrays(tmp_path / "no.npz", run)
    (tmp_path / "a.npz").write_bytes(b"no archive")
    with pytest.raises(UsageError, match=r"not an .npz file"):
        import_arrays(tmp_path / "a.npz", run)
    (tmp_path / "f").mkdir()
    (tmp_path / "f" / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"notes.txt is not an .npy file"):
        import_arrays(tmp_path / "f", run)
    assert not run.exists()


@pytest.mark.parametrize("form", ["short", "altered"])
def test_a_damaged_file_keeps_the_old_run(tmp_path: Path, form: str) -> None:
    file, run = tmp_path / "a.npz", tmp_path / "run"
    np.savez(file, **small())
    whole = file.read_bytes()
    import_arrays(file, run)
    before = {each: each.read_bytes() for each in run.rglob("*") if each.is_file()}
    at = whole.index(small()["taps/conv1"].tobytes()) + 600
    file.write_bytes(whole[:-700] if form == "short" else whole[:at] + b"\xff\x01" + whole[at + 2 :])
    with pytest.raises(ReelnetError, match=r"damaged|not an .npz") as caught:
        import_arrays(file, run, force=True)
    assert "\n" not in str(caught.value)
    assert {each: each.read_bytes() for each in run.rglob("*") if each.is_file()} == before
    with pytest.raises(ReelnetError, match=r"damaged|not an .npz"):
        import_arrays(file, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_commands(tmp_path: Path) -> None:
    file, run, out = tmp_path / "a.npz", tmp_path / "run", tmp_path / "out.npz"
    np.savez(file, **small())
    expected = call("import", file, "--run", run)
    assert (
        expected.stdout
        == f"{run}: 3 steps of conv1, block/1, half, conv1.weight, conv1.weight.grad for 2 samples\n"
    )
    assert "a run exists already" in call_expecting_error(2, "import", file, "--run", run)
    assert call("import", file, "--run", run, "--force").exit_code == 0
    assert call("export-arrays", run, "-o", out).stdout == f"{out}: {out.stat().st_size} bytes\n"
    assert "name it out.npz" in call_expecting_error(2, "export-arrays", run, "-o", tmp_path / "out.mat")
    next((run / "steps").iterdir()).unlink()
    call_expecting_error(4, "export-arrays", run, "-o", tmp_path / "two.npz")
    assert not (tmp_path / "two.npz").exists()
    (tmp_path / "mine").write_text("a file")
    assert "cannot be written" in call_expecting_error(
        1, "export-arrays", import_arrays(file, tmp_path / "b").path, "-o", tmp_path / "mine" / "a.npz"
    )


@pytest.mark.parametrize("shapes", [[(8, 8), (6, 5)], [(8, 8, 3), (8, 6, 3)], [(8, 8), (8, 8, 3)]])
def test_pictures_of_different_sizes(tmp_path: Path, shapes: Any) -> None:
    pictures = [np.zeros(shape) for shape in shapes]
    with pytest.raises(ReelnetError, match=r"^samples: .* different shapes\); give pictures of one size$"):
        reelnet.write_run(
            tmp_path / "run", steps=[0], samples=pictures, taps={"a": np.zeros((1, 2, 1, 3, 3))}
        )
