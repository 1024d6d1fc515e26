"""Reading a run."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import reelnet
from reelnet.errors import RunError, UsageError
from reelnet.reel import Run, open_run
from reelnet.runs.snapshot import Snapshot
from reelnet.runs.writer import RunWriter
from tests.make_run import MakeRun, default_maps

SHAPES = {"conv1": (3, 2, 4, 4), "block.conv2": (3, 5, 1, 7)}


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int16", "uint8", "bool"])
def test_values_are_read_as_they_were_written(dtype: str, make_run: MakeRun) -> None:
    run = make_run(taps=SHAPES, dtype=dtype, steps=range(4))
    for name, shape in SHAPES.items():
        read = run.read(name)
        assert read.dtype.name == dtype
        assert read.shape == (4, *shape)
        np.testing.assert_array_equal(
            read, np.stack([default_maps(step, name, shape).astype(dtype) for step in range(4)])
        )


def test_steps_are_read_in_the_requested_order(make_run: MakeRun) -> None:
    run = make_run(taps=SHAPES, steps=[0, 5, 10, 40])
    whole = run.read("conv1")
    assert run.steps == [0, 5, 10, 40]
    np.testing.assert_array_equal(run.read("conv1", [40, 0, 40]), whole[[3, 0, 3]])
    np.testing.assert_array_equal(run.read("conv1", 5), whole[[1]])
    assert run.read("conv1", []).shape == (0, 3, 2, 4, 4)
    assert list(run.snapshot(10, ["block.conv2"]).taps) == ["block.conv2"]
    assert list(run.snapshot(10, "block.conv2").taps) == ["block.conv2"]
    assert list(run.snapshot(10).taps) == list(SHAPES)


@pytest.mark.parametrize(
    ("steps", "places"),
    [
        (np.int64(5), [1]),
        (np.array(5), [1]),
        (np.array([10, 0], np.uint8), [2, 0]),
        ((40,), [3]),
        (range(0, 11, 5), [0, 1, 2]),
        ({5: "five"}, [1]),
        ((step for step in (0, 40)), [0, 3]),
        (slice(0, 2), [0, 1]),
        (slice(None, None, 2), [0, 2]),
        (slice(-1, None), [3]),
        (slice(None, None, -1), [3, 2, 1, 0]),
        (slice(9, 20), []),
    ],
)
def test_step_selections(steps: Any, places: list[int], make_run: MakeRun) -> None:
    run = make_run(steps=[0, 5, 10, 40])
    np.testing.assert_array_equal(run.read("conv1", steps), run.read("conv1")[places])


@pytest.mark.parametrize(
    ("steps", "given"),
    [
        ("abc", "'abc'"),
        ("5", "'5'"),
        (b"5", "b'5'"),
        (1.5, "1.5"),
        (5.0, "5.0"),
        (True, "True"),
        ([0, None], "None"),
        ([False, 5], "False"),
        (np.array([0.0, 5.0]), "0.0"),
        (np.array([True]), "True"),
        (np.array([[0, 5], [5, 0]]), "array([0, 5])"),
        ([[0]], "[0]"),
        (np.zeros((1, 30, 30), int), "array("),
        (object, "<class 'object'>"),
    ],
)
def test_invalid_step_selections(steps: Any, given: str, make_run: MakeRun) -> None:
    run = make_run(steps=[0, 5, 10, 40])
    with pytest.raises(UsageError, match="is not a step; give an integer, steps run from 0 to 40") as error:
        run.read("conv1", steps)
    assert given in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("step", ["a", None, 1.5, True, [0], slice(0, 1)])
def test_a_single_step_must_be_an_integer(step: Any, make_run: MakeRun) -> None:
    run = make_run()
    for ask in (run.snapshot, run.require_step):
        with pytest.raises(UsageError, match="is not a step; give an integer"):
            ask(step)
    assert run.require_step(np.int16(3)) == 3
    assert type(run.snapshot(np.int16(3)).step) is int


@pytest.mark.parametrize("wrong", [slice("a", None), slice(0, 5, 0), slice(0.5, 2)])
def test_invalid_slices(wrong: Any, make_run: MakeRun) -> None:
    with pytest.raises(UsageError, match=r"cannot select steps by .*; give integers"):
        make_run().read("conv1", wrong)


@pytest.mark.parametrize("tap", [None, 1, ["conv1"]])
def test_layer_names_must_be_text(tap: Any, make_run: MakeRun) -> None:
    with pytest.raises(UsageError, match=r"no layer .* was recorded; .*conv1"):
        make_run().read(tap)


def test_errors_for_unknown_names_and_steps_suggest_the_nearest(make_run: MakeRun) -> None:
    run = make_run(taps=SHAPES, steps=[0, 5, 10, 40])
    with pytest.raises(UsageError, match=r"no layer 'conv2' .*'block\.conv2'|no layer 'conv2' .*'conv1'"):
        run.read("conv2")
    with pytest.raises(UsageError, match="no step 12; steps run from 0 to 40, the nearest is 10"):
        run.read("conv1", [0, 12])
    with pytest.raises(UsageError, match="no step -1"):
        run.snapshot(-1)


def test_taps_have_shape_bounds_and_range(make_run: MakeRun) -> None:
    run = make_run(taps=SHAPES, steps=range(6), bounds={"conv1": (-1.0, 1.0)})
    for name, tap in run.taps.items():
        values = np.stack([default_maps(step, name, SHAPES[name]) for step in range(6)]).astype(np.float32)
        assert (tap.min, tap.max) == (values.min(), values.max())
        assert (tap.shape, tap.dtype) == (SHAPES[name], "float32")
        assert tap.nbytes == 4 * math.prod(SHAPES[name])
    assert run.taps["conv1"].bounds == (-1.0, 1.0)
    assert run.taps["block.conv2"].bounds is None


def test_ranges_ignore_nonfinite_values(make_run: MakeRun) -> None:
    def holed(step: int) -> np.ndarray:
        maps = np.full((1, 1, 2, 2), np.nan)
        if step == 1:
            maps[0, 0] = [[np.inf, -np.inf], [-3.0, 2.0]]
        return maps

    run = make_run(taps={"a": (1, 1, 2, 2), "b": (1, 1, 2, 2)}, values={"a": holed, "b": lambda _: holed(0)})
    assert (run.taps["a"].min, run.taps["a"].max) == (-3.0, 2.0)
    assert (run.taps["b"].min, run.taps["b"].max) == (None, None)
    np.testing.assert_array_equal(run.read("a", 1)[0], holed(1))


def test_metrics_keep_gaps_and_nonfinite_values(make_run: MakeRun) -> None:
    given = [
        {"train_loss": 0.1},
        {},
        {"train_loss": math.inf, "test_loss": 1e-300},
        {"train_loss": math.nan, "test_loss": -math.inf},
        {"train_loss": 1 / 3},
    ]
    run = make_run(metrics=lambda step: given[step])
    assert list(run.metrics) == ["train_loss", "test_loss"]
    np.testing.assert_array_equal(run.metrics["train_loss"], [0.1, np.nan, np.inf, np.nan, 1 / 3])
    np.testing.assert_array_equal(run.metrics["test_loss"], [np.nan, np.nan, 1e-300, -np.inf, np.nan])
    assert "NaN" not in (run.path / "log.jsonl").read_text()  # which is no JSON
    assert "Infinity" not in (run.path / "log.jsonl").read_text()


@pytest.mark.parametrize("color", [False, True])
def test_samples_are_stored_as_pictures_and_as_inputs(color: bool, make_run: MakeRun) -> None:
    run = make_run(color=color, side=7, labels=("ä", "猫", "2"), about={"seed": 3})
    assert run.samples.dtype == np.uint8
    assert run.samples.shape == ((3, 7, 7, 3) if color else (3, 7, 7))
    fed = run.samples.transpose(0, 3, 1, 2) if color else run.samples[:, None]
    np.testing.assert_array_equal(run.inputs, fed.astype(np.float32) / 255)
    assert run.labels == ("ä", "猫", "2")
    assert run.about == {"seed": 3}


def test_nbytes_is_the_size_on_disk(make_run: MakeRun) -> None:
    run = make_run()
    assert run.nbytes == sum(file.stat().st_size for file in run.path.rglob("*") if file.is_file())
    assert run.nbytes > 5 * run.taps["conv1"].nbytes


def test_a_second_commit_of_a_step_replaces_the_first(make_run: MakeRun) -> None:
    calls = iter(range(9))
    run = make_run(steps=[0, 1, 1], metrics=lambda _: {"loss": next(calls)})
    assert run.steps == [0, 1]
    np.testing.assert_array_equal(run.metrics["loss"], [0, 2])


def test_repr(make_run: MakeRun) -> None:
    assert "steps 0 to 4, 3 samples, taps conv1" in repr(make_run())
    assert "no steps" in repr(make_run(steps=[]))


def test_recorded_training_can_be_read(recorded_run: Path) -> None:
    run = open_run(str(recorded_run))
    assert run.steps == [0, 1, 2, 3, 4, 5, 6]
    assert run.labels == ("a", "b", "c", "d")
    assert {name: tap.shape for name, tap in run.taps.items()} == {
        "conv1": (4, 3, 8, 8),
        "conv2": (4, 5, 6, 6),
    }
    assert set(run.metrics) == {"test_loss", "test_accuracy", "train_loss", "train_accuracy"}
    assert np.isnan(run.metrics["train_loss"][0])
    np.testing.assert_array_equal(np.isfinite(run.metrics["test_loss"]), [True, False] * 3 + [True])
    assert run.samples.shape == (4, 8, 8)


def test_empty_run(make_run: MakeRun) -> None:
    run = make_run(steps=[])
    assert run.steps == []
    assert run.metrics == {}
    with pytest.raises(RunError, match="the run is empty, no step was committed"):
        run.snapshot(0)
    with pytest.raises(RunError, match="run is empty"):
        run.require_steps()


def test_an_open_run_does_not_change_by_itself(make_run: MakeRun) -> None:
    run = make_run(steps=range(3))
    with RunWriter(run.path, taps=run.taps, inputs=run.inputs, pictures=run.samples, resume=2) as writer:
        writer.commit(Snapshot(3, run.snapshot(2).taps))
    assert run.steps == [0, 1, 2]
    assert Run(run.path).steps == [0, 1, 2, 3]


def test_lookup_of_an_unknown_name_suggests_the_nearest(make_run: MakeRun) -> None:
    run = make_run(metrics=lambda step: {"train_loss": 1.0, "test_loss": 2.0})
    for mapping, message in (
        (run.metrics, "no metric 'train_los'"),
        (run.taps, "no layer 'conv'"),
    ):
        wanted = message.rpartition(" ")[2].strip("'")
        with pytest.raises(KeyError) as error:
            mapping[wanted]
        assert isinstance(error.value, UsageError)
        assert str(error.value).startswith(
            f"{run.path}: {message}; did you mean '{next(iter(mapping))}'? There "
        )
        assert str(error.value).endswith(", ".join(mapping))
        assert wanted not in mapping
        assert mapping.get(wanted) is None
    with pytest.raises(KeyError, match="no metric 'x'; choose from train_loss, test_loss"):
        run.metrics["x"]


@pytest.mark.parametrize("path", [3, None, b"run", ["run"]])
def test_invalid_paths(path: Any) -> None:
    with pytest.raises(UsageError, match="is not a path; give the run folder") as error:
        reelnet.open(path)
    assert repr(path) in str(error.value)
