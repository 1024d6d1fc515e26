"""Runs in object stores: in memory, and in a bucket of a local S3 server."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from torch import nn

from reelnet.errors import ReelnetError, RunError, UsageError
from reelnet.record.recorder import Recorder
from reelnet.reel import Run
from reelnet.runs.run import RunReader
from reelnet.runs.session import resolve_resume_step
from reelnet.runs.storage.remote import RemoteStore
from reelnet.runs.verify import repair_run, verify_run
from tests.cli.calls import call
from tests.runs.steps import check_run, snapshot, writer

fsspec = pytest.importorskip("fsspec")


# One per process: fsspec caches its file systems, and with them the address of the server.
@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The URL of a server with the API of S3."""
    moto = pytest.importorskip("moto.server")
    pytest.importorskip("s3fs")
    running = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    running.start()
    host, port = running.get_host_and_port()
    # It logs each request.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture(params=["memory", "s3"])
def url(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """A URL where nothing exists yet."""
    name = tmp_path.name.replace("_", "-").replace("[", "").replace("]", "")
    if request.param == "memory":
        yield f"memory://{name}/run"
        with suppress(FileNotFoundError):
            fsspec.filesystem("memory").rm(f"/{name}", recursive=True)
        return
    address = request.getfixturevalue("server")
    for key, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": address,
    }.items():
        monkeypatch.setenv(key, value)
    filesystem = fsspec.filesystem("s3", endpoint_url=address)
    if not filesystem.exists("reels"):
        filesystem.mkdir("reels")
    yield f"s3://reels/{name}/run"


def files(url: str) -> list[str]:
    filesystem, root = fsspec.core.url_to_fs(url)
    filesystem.invalidate_cache()
    return sorted(name.removeprefix(root).lstrip("/") for name in filesystem.find(root))


def test_writing_reading_following_and_packing(url: str) -> None:
    opened = writer(url)
    opened.commit(snapshot(0))
    run = Run(url)
    for step in range(1, 25):
        opened.commit(snapshot(step))
        if step in (5, 13):
            assert run.refresh() == list(range(1 if step == 5 else 6, step + 1))
            check_run(run, list(range(step + 1)))
    opened.mark_missing(25, "no more")
    opened.close()
    run.refresh()
    check_run(run, list(range(25)))
    assert dict(run.missing) == {25: "no more"}
    check_run(Run(url), list(range(25)))
    names = files(url)
    assert [name for name in names if name.startswith("segments/")] == [
        "segments/00000000.safetensors",
        "segments/00000001.safetensors",
    ]
    assert len([name for name in names if name.startswith("steps/")]) == 5
    assert "lock" not in names
    assert run.nbytes > 0
    assert str(run).startswith(f"<Run '{url}': steps 0 to 24")
    with pytest.raises(UsageError, match="has no path"):
        _ = run.path


def test_a_long_log_is_rewritten(url: str) -> None:
    opened = writer(RemoteStore(url, max_log_parts=4), steps_each=1000)
    run = None
    for step in range(20):
        opened.commit(snapshot(step))
        run = run or Run(url)
        run.refresh()
        assert run.steps == list(range(step + 1))
    assert len([name for name in files(url) if name.startswith("log/")]) <= 5
    opened.drop([3, 4])
    opened.close()
    assert run is not None
    run.refresh()
    assert len(run.steps) == 18
    check_run(Run(url), [step for step in range(20) if step not in (3, 4)])


def test_existing_run_second_recorder_and_expired_lease(url: str) -> None:
    first = writer(url)
    first.commit(snapshot(0))
    with pytest.raises(UsageError, match="is being recorded by process"):
        writer(url, force=True)
    first.close()
    with pytest.raises(UsageError, match="a run exists already"):
        writer(url)
    filesystem, root = fsspec.core.url_to_fs(url)
    lease = {"owner": "x", "host": "elsewhere", "process": 1, "time": time.time() - 10}
    filesystem.pipe_file(f"{root}/lock", json.dumps(lease).encode())
    with pytest.raises(UsageError, match=r"process 1 on elsewhere.*try again in (49|50) s"):
        writer(url, resume=0)
    filesystem.pipe_file(f"{root}/lock", json.dumps({**lease, "time": time.time() - 61}).encode())
    with writer(url, resume=0) as again:
        again.commit(snapshot(1))
    check_run(Run(url), [0, 1])
    with writer(url, force=True) as replacement:
        replacement.commit(snapshot(7))
    assert Run(url).steps == [7]


def test_steps_of_two_recorders_do_not_mix(url: str) -> None:
    first = writer(url)
    first.commit(snapshot(0))
    filesystem, root = fsspec.core.url_to_fs(url)
    filesystem.rm_file(f"{root}/lock")
    second = writer(url, resume=0)
    second.commit(snapshot(1))
    with pytest.raises(ReelnetError, match=r"cannot write step 1 .*another recorder"):
        first.commit(snapshot(1))
    second.close()
    first.close()
    assert Run(url).steps[:2] == [0, 1]


def test_verify_and_repair(url: str) -> None:
    with writer(url) as opened:
        for step in range(15):
            opened.commit(snapshot(step))
    assert verify_run(url).is_intact
    filesystem, root = fsspec.core.url_to_fs(url)
    for name in ("segments/00000000.safetensors", "steps/00000012.safetensors"):
        data = bytearray(filesystem.cat_file(f"{root}/{name}"))
        data[-1] ^= 1
        filesystem.pipe_file(f"{root}/{name}", bytes(data))
    filesystem.rm_file(f"{root}/steps/00000013.safetensors")
    with pytest.raises(RunError, match=r"step 13 .No such file"):
        Run(url).snapshot(13)
    health = verify_run(url)
    assert list(health.damaged_steps) == [9, 12, 13]
    assert f"{url}/steps/00000012.safetensors: step 12" in health.problems()[1]
    repair_run(url)
    check_run(Run(url), [step for step in range(15) if step not in (9, 12, 13)])


def test_recorder_and_commands(url: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1))
    samples = torch.rand(2, 1, 8, 8)
    with Recorder(url, model, samples=samples, on_error="raise") as recorder:
        for _ in range(3):
            recorder.step(loss=0.5)
    with Recorder(url, model, samples=samples, resume=2) as recorder:
        recorder.step(loss=0.25)
    if url.startswith("memory"):
        for words in (
            ("inspect", url),
            ("render", url, "-o", tmp_path / "a.gif", "--report", tmp_path / "a.json", "--quiet"),
            ("again", tmp_path / "a.json", "--quiet"),
            ("frame", url, "--step", 1, "-o", tmp_path / "a.png"),
            ("export", url, "--for", "github", "-o", tmp_path / "out", "--quiet"),
            ("verify", url),
            ("repair", url),
        ):
            done = call(*words)
            assert done.exit_code == 0, (words, done.stderr)
    run = Run(url)
    assert len(run.reel().frame(1).tobytes()) > 0


@pytest.mark.parametrize("command", ["inspect", "render", "verify"])
def test_url_without_a_run(command: str, url: str, tmp_path: Path) -> None:
    more = ("-o", tmp_path / "a.gif") if command == "render" else ()
    done = call(command, url, *more)
    assert (done.exit_code, done.stderr.count("\n")) == (4, 1)
    assert "not a run, there is no run.json" in done.stderr


def test_invalid_urls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="unknown URL scheme nowhere://"):
        Run("nowhere://a/b")
    monkeypatch.setitem(sys.modules, "gcsfs", None)
    with pytest.raises(UsageError, match=r"pip install 'reelnet\[gcs\]'"):
        Run("gs://a/b")
    run = writer(f"file://{tmp_path}/run")
    run.commit(snapshot(0))
    run.close()
    assert Run(tmp_path / "run").steps == [0]


def test_a_file_system_with_folders(tmp_path: Path) -> None:
    """The files of fsspec's `local` have folders, as those of SFTP and HDFS have."""
    (tmp_path / "run" / "steps").mkdir(parents=True)
    path = f"local://{tmp_path}/run"
    assert resolve_resume_step(path, True) is None
    with writer(path) as opened:
        opened.commit(snapshot(0))
    with pytest.raises(UsageError, match="a run exists already"):
        writer(path)
    check_run(RunReader(path), [0])


def test_a_repair_keeps_what_earlier_ones_have_set_aside(tmp_path: Path) -> None:
    path = f"local://{tmp_path}/run"
    with writer(path) as opened:
        opened.commit(snapshot(0))
    for _ in range(2):
        RemoteStore(path).append_log(b"not a line\n")
        assert not repair_run(path).is_intact
    assert verify_run(path).is_intact
    assert len(list((tmp_path / "run" / "damaged").iterdir())) == 2
