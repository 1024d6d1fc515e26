"""Several processes that train one model, started by torchrun: one writes, and none waits forever."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

import reelnet
from tests.record.probe.distributed_training import FAILURES, KINDS, network

SCRIPT = Path(__file__).with_name("distributed_training.py")

pytestmark = pytest.mark.skipif(not torch.distributed.is_available(), reason="torch was built without it")


def start(what: str, folder: Path) -> None:
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*torchrun, str(SCRIPT), what, str(folder)], capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stderr[-3000:]


# One start for all kinds: most of its time is spent on imports.
@pytest.fixture(scope="module")
def trained_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("together")
    for kind in KINDS:
        (folder / kind).mkdir()
    start("train", folder)
    return folder


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("failed")
    for name in FAILURES:
        (folder / name).mkdir()
    start("fail", folder)
    return folder


def read_messages(folder: Path) -> list[str]:
    return [(folder / f"{rank}.txt").read_text() for rank in (0, 1)]


@pytest.mark.parametrize("kind", KINDS)
def test_one_process_writes_what_all_have_trained(trained_run: Path, kind: str) -> None:
    samples, kept = torch.load(trained_run / kind / "yes.pt")
    run = reelnet.open(trained_run / kind / "run")
    assert run.steps == [0, 1, 3, 4]
    assert np.isfinite(run.metrics["loss"][1:]).all()
    plain = network().eval()
    for step in run.steps:
        plain.load_state_dict(kept[step], strict=False)
        with torch.no_grad():
            maps, logits = plain.conv(samples), plain(samples)
        np.testing.assert_allclose(run.read("conv", [step])[0], maps, atol=1e-6)
        np.testing.assert_allclose(run.read("out", [step])[0].reshape(5, 3), logits, atol=1e-6)
        weight = run.read("out.weight", [step])[0].reshape(3, 144)
        np.testing.assert_array_equal(weight, kept[step]["out.weight"].detach())
        if "out.weight.grad" in run.taps:
            assert np.isfinite(run.read("out.weight.grad", [step])).all() == (step > 0)


def test_gradients_are_the_same_with_each_kind_of_sharding(trained_run: Path) -> None:
    runs = [reelnet.open(trained_run / kind / "run") for kind in KINDS if kind != "fsdp"]
    read = [run.read("out.weight.grad").astype(np.float64) for run in runs]
    assert len(read) == 3
    for other in read[1:]:
        np.testing.assert_allclose(other, read[0], rtol=1e-4, atol=1e-6)
    for rank in (0, 1):
        said = (trained_run / "fsdp" / f"refused-{rank}.txt").read_text()
        assert said.startswith(
            "'out.weight': FullyShardedDataParallel has gradients of single parameters only"
        )


@pytest.mark.parametrize("kind", KINDS)
def test_training_is_bit_identical(trained_run: Path, kind: str) -> None:
    _, kept = torch.load(trained_run / kind / "yes.pt")
    _, alone = torch.load(trained_run / kind / "no.pt")
    for one, other in zip(kept, alone, strict=True):
        assert one.keys() == other.keys()
        for name in one:
            assert torch.equal(one[name], other[name]), name


@pytest.mark.parametrize("who", ["first", "second", "all", "together"])
def test_a_probe_that_fails_in_one_process_is_missing_for_all(failed: Path, who: str) -> None:
    assert read_messages(failed / who) == ["continued"] * 2
    run = reelnet.open(failed / who / "run")
    assert (run.steps, list(run.missing)) == ([0, 1, 3, 4], [2])
    assert "no more room" in run.missing[2]


def test_errors_at_the_start_are_raised_in_all_processes(failed: Path) -> None:
    assert all("exists and is not a run" in line for line in read_messages(failed / "entry"))
    assert all("the same taps" in line for line in read_messages(failed / "taps"))


@pytest.mark.slow
def test_no_process_waits_for_one_that_failed_within_a_forward_pass(tmp_path: Path) -> None:
    began = time.monotonic()
    start("midway", tmp_path)
    assert time.monotonic() - began < 60
    assert all("the training cannot continue from here" in line for line in read_messages(tmp_path))
