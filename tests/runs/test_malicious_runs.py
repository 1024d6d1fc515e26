"""Runs from elsewhere: only reelnet's errors, quickly, without much memory, and without leaving the run folder."""

from __future__ import annotations

import copy
import json
import os
import random
import resource
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reelnet.cli.inspect import run_as_text
from reelnet.errors import ReelnetError, RunError
from reelnet.reel import Run
from reelnet.runs import recovery, verify
from reelnet.runs.format.arrays import crc32
from reelnet.runs.metrics import write_imported_metrics
from tests.cli.calls import call
from tests.runs.damage import read_header, read_lines, write_header, write_lines
from tests.runs.steps import SHAPES, snapshot, writer

CASES = 600 * int(os.environ.get("REELNET_FUZZ_SCALE", "1"))

SEED = 15

MAX_SECONDS = 5.0

MAX_MEGABYTES = 500

NASTY: list[Any] = [
    None,
    True,
    -1,
    0,
    1,
    3,
    2**31,
    2**40,
    2**62,
    2**63,
    10**30,
    10**4000,
    0.5,
    1e308,
    1e400,
    float("nan"),
    -0.0,
    "",
    "x" * 100_000,
    "nan",
    "\x1b[2J\x00\n\u202e",
    "../../etc/passwd",
    "/etc/passwd",
    "/dev/zero",
    "steps/../log.jsonl",
    "steps/00000099.safetensors",
    "segments/00000099.safetensors",
    "run.json",
    "float128",
    "object",
    "V8",
    [],
    {},
    [0, 0, 0, 0],
    [3, 2**40, 1, 1],
    [3, 2_000_000, 1, 1],
    [3, 1, 2**20, 2**20],
    [10**9] * 4,
    [1] * 100_000,
    {"conv1": 1},
    {"\x1b]0;title\x07": []},
]


@pytest.fixture(scope="module")
def intact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("intact") / "run"
    with writer(path, steps_each=4, labels=("a", "b", "c"), about={"seed": 1}) as opened:
        for step in range(10):
            opened.commit(snapshot(step))
        opened.drop([5])
        opened.mark_missing(20, "no more")
    write_imported_metrics(Run(path).store, {"accuracy": {2: 0.5, 3: 0.75}})
    return path


def mutate(tree: Any, rng: random.Random) -> Any:
    """Replace, remove, add or rename one node of a JSON document."""
    tree = copy.deepcopy(tree)
    node = tree
    while True:
        keys: list[Any] = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            return rng.choice(NASTY)
        key = rng.choice(keys)
        if not isinstance(node[key], dict | list) or not node[key] or rng.random() < 0.2:
            break
        node = node[key]
    kind = rng.randrange(6)
    if kind == 0:
        del node[key]
    elif kind == 1 and isinstance(node, dict):
        node[rng.choice(["", "\x1b[31m", "a" * 5000, "log", "dropped", "missing", "segment"])] = node.pop(key)
    elif kind == 2:
        node[key] = nest(rng)
    else:
        node[key] = copy.deepcopy(rng.choice(NASTY))
    return tree


def nest(rng: random.Random) -> Any:
    tree: Any = rng.choice(NASTY)
    for _ in range(rng.choice((3, 50, 200))):
        tree = [tree] if rng.random() < 0.5 else {"a": tree}
    return tree


def attack_header(run: Path, rng: random.Random) -> None:
    write_header(run, mutate(read_header(run), rng) or {"format": 3})


def attack_log(run: Path, rng: random.Random) -> None:
    lines = read_lines(run)
    number = rng.randrange(len(lines))
    changed = mutate(lines[number], rng)
    lines[number] = changed if isinstance(changed, dict) and changed else {"step": 1}
    write_lines(run, lines)


def attack_both(run: Path, rng: random.Random) -> None:
    """Give a layer another shape and have the log agree."""
    shape = rng.choice([[3, 2_000_000, 1, 1], [3, 100_000, 1, 1], [3, 1, 2**20, 2**18], [3, 2**36, 1, 1]])
    header, lines = read_header(run), read_lines(run)
    header["taps"]["conv1"]["shape"] = shape
    for line in lines:
        if "taps" in line:
            line["taps"]["conv1"]["size"] = 4 * shape[0] * shape[1] * shape[2] * shape[3]
    write_header(run, header)
    write_lines(run, lines)


def attack_text(run: Path, rng: random.Random) -> None:
    """Deep nesting, doubled keys, and bytes that are no text."""
    file = run / rng.choice(["run.json", "log.jsonl", "metrics.json"])
    data = file.read_bytes()
    file.write_bytes(
        rng.choice(
            [
                b"[" * 100_000,
                b'{"a": ' * 100_000,
                data[:-2] + b', "samples": 10e400}\n',
                data.replace(b'"step"', b'"step": 1, "step"'),
                data + data,
                b"\x00" * 100_000 + b"\n",
                b"\xef\xbb\xbf" + data,
                data.decode().encode("utf-16"),
                b'{"log": ' + b"9" * 10_000 + b"}\n" + data,
                b"1" * 10_000 + b"\n",
                b"",
            ]
        )
    )


def attack_metrics(run: Path, rng: random.Random) -> None:
    content = json.loads((run / "metrics.json").read_text())
    (run / "metrics.json").write_text(json.dumps(mutate(content["metrics"], rng)))


def attack_segment(run: Path, rng: random.Random) -> None:
    """Change the head of a segment and have the log agree."""
    file = rng.choice(sorted((run / "segments").iterdir()))
    data = file.read_bytes()
    size = int.from_bytes(data[:8], "little")
    entries = json.loads(data[8 : 8 + size])
    text = json.dumps(mutate(entries, rng)).encode()
    lines = read_lines(run)
    line = next(line for line in lines if line.get("segment") == f"segments/{file.name}")
    index = data[8 + size : line["head"]]
    length = rng.choice([len(text)] * 6 + [0, 2**40, 2**63])
    head = length.to_bytes(8, "little") + text + index
    file.write_bytes(head + data[line["head"] :])
    if rng.random() < 0.8:
        line["head"], line["crc32"] = len(head), f"{crc32(head):08x}"
        write_lines(run, lines)
    else:
        write_lines(run, [each for each in lines if each is not line])


def attack_step(run: Path, rng: random.Random) -> None:
    """Change the header of a step's file that the log does not mention."""
    file = rng.choice(sorted((run / "steps").iterdir()))
    data = file.read_bytes()
    size = int.from_bytes(data[:8], "little")
    text = json.dumps(mutate(json.loads(data[8 : 8 + size]), rng)).encode()
    file.write_bytes(len(text).to_bytes(8, "little") + text + data[8 + size :])
    write_lines(run, [line for line in read_lines(run) if line.get("step") != int(file.stem)])


def attack_samples(run: Path, rng: random.Random) -> None:
    file = run / "samples.safetensors"
    data = file.read_bytes()
    size = int.from_bytes(data[:8], "little")
    text = json.dumps(mutate(json.loads(data[8 : 8 + size]), rng)).encode()
    changed = len(text).to_bytes(8, "little") + text + data[8 + size :]
    file.write_bytes(changed)
    write_header(run, {**read_header(run), "samples_crc32": f"{crc32(changed):08x}"})


def attack_files(run: Path, rng: random.Random) -> None:
    """Put something else in the place of a file or folder."""
    file = rng.choice(sorted(run.rglob("*")))
    shutil.rmtree(file) if file.is_dir() else file.unlink()
    kind = rng.randrange(6)
    if kind == 0:
        os.mkfifo(file)
    elif kind == 1:
        file.symlink_to("/dev/zero")
    elif kind == 2:
        file.symlink_to(run.parent / "outside")
    elif kind == 3:
        file.mkdir()
    elif kind == 4:
        with file.open("wb") as sparse:
            sparse.truncate(2**40)
    else:
        file.symlink_to(file.name)


ATTACKS: list[Callable[[Path, random.Random], None]] = [
    attack_header,
    attack_header,
    attack_log,
    attack_log,
    attack_log,
    attack_both,
    attack_text,
    attack_metrics,
    attack_segment,
    attack_step,
    attack_samples,
    attack_files,
]


def use(path: Path, number: int) -> None:
    """Do what a user would do with a run."""
    verify.verify_run(path)
    run = Run(path)
    text = run_as_text(run)
    assert all(line.isprintable() for line in text.splitlines())
    _ = run.metrics, run.elapsed, run.inputs
    for name in SHAPES:
        run.read(name)
    for step in run.steps:
        run.snapshot(step)
    if number % 40 == 0:
        result = call("frame", path, "--step", "last", "-o", path.parent / "frame.png")
        assert isinstance(result.exception, SystemExit | None), result.exception


def test_malicious_runs_end_in_errors_of_reelnet(
    intact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (recovery, verify):
        monkeypatch.setattr(module, "COMMIT_SECONDS", 0)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "precious.txt").write_text("x")
    rng = random.Random(SEED)
    run, memory = tmp_path / "run", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(CASES):
        shutil.rmtree(run, ignore_errors=True)
        shutil.copytree(intact, run)
        attack = rng.choice(ATTACKS)
        attack(run, rng)
        # Of the processor: what else the machine does would count, too. A wait without an end meets pytest's timeout.
        start = time.process_time()
        for step in ("use", "repair", "use again"):
            try:
                if step == "repair":
                    verify.repair_run(run)
                else:
                    use(run, number)
            except ReelnetError as error:
                text = str(error)
                assert len(text) < 20_000, (number, attack.__name__, text[:1000])
                assert text.isprintable(), (number, attack.__name__, text)
            except Exception as error:
                raise AssertionError(f"case {number}: {attack.__name__}: {error!r}") from error
        seconds = time.process_time() - start
        assert seconds < MAX_SECONDS, (number, attack.__name__)
        used = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1000
        assert used < MAX_MEGABYTES, (number, attack.__name__)
        assert (tmp_path / "outside" / "precious.txt").read_text() == "x"
        assert [file.name for file in (tmp_path / "outside").iterdir()] == ["precious.txt"]


@pytest.mark.parametrize("name", ["steps", "segments"])
def test_repair_leaves_alone_what_reelnet_did_not_write(name: str, intact: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(intact, tmp_path / "run"))
    mine = {
        run / name / "mine.txt": "a",
        run / name / "precious.safetensors": "b",
        run / name / ".mine.tmp": "c",
        run / "notes.md": "d",
        run / ".notes.tmp": "e",
    }
    for file, text in mine.items():
        file.write_text(text)
    link = run / name / "00000077.safetensors"
    (tmp_path / "victim").write_text("v")
    link.symlink_to(tmp_path / "victim")
    verify.repair_run(run)
    with writer(run, resume=3) as again:
        again.commit(snapshot(4))
    assert {file: file.read_text() for file in mine} == mine
    assert link.is_symlink()
    assert (tmp_path / "victim").read_text() == "v"
    with writer(run, force=True) as again:
        again.commit(snapshot(0))
    assert {file: file.read_text() for file in mine} == mine
    assert link.is_symlink()


@pytest.mark.parametrize("name", ["steps", "segments"])
def test_a_linked_folder_is_refused(name: str, intact: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(intact, tmp_path / "run"))
    (run / name).rename(tmp_path / "elsewhere")
    (run / name).symlink_to(tmp_path / "elsewhere")
    before = sorted(each.name for each in (tmp_path / "elsewhere").iterdir())
    with pytest.raises(RunError, match=f"{name} is a link or a file instead of a folder"):
        Run(run).read("conv1")
    assert not verify.verify_run(run).is_intact
    verify.repair_run(run)
    assert sorted(each.name for each in (tmp_path / "elsewhere").iterdir()) == before
    with pytest.raises(ReelnetError, match="is a link or a file instead of a folder"):
        writer(run, force=True)
    assert sorted(each.name for each in (tmp_path / "elsewhere").iterdir()) == before


def test_a_lock_that_is_a_link_is_not_followed(intact: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(intact, tmp_path / "run"))
    (tmp_path / "victim").write_text("v")
    (run / "lock").symlink_to(tmp_path / "victim")
    with pytest.raises(RunError, match="cannot be repaired"):
        verify.repair_run(run)
    assert (tmp_path / "victim").read_text() == "v"


def test_control_characters_are_escaped(intact: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(intact, tmp_path / "run"))
    header = read_header(run)
    header["taps"]["conv1"]["note"] = "a\x1b[2Jb\nc\u202ed\x9b"
    write_header(run, header)
    write_lines(run, [*read_lines(run), {"step": 21, "missing": "\x1b[31mred\r\n"}])
    done = call("inspect", run)
    assert done.exit_code == 0
    assert "a\\x1b[2Jb\\nc\\u202ed\\x9b" in done.stdout
    assert all(line.isprintable() for line in done.stdout.splitlines())


def test_control_characters_in_suggested_names_are_escaped(tmp_path: Path) -> None:
    with writer(tmp_path / "run") as opened:
        opened.commit(snapshot(0))
    content = json.dumps([read_header(tmp_path / "run"), read_lines(tmp_path / "run")])
    header, lines = json.loads(content.replace('"flags"', json.dumps("\x1b[2Jflags\n")))
    write_header(tmp_path / "run", header)
    write_lines(tmp_path / "run", lines)
    run = Run(tmp_path / "run")
    with pytest.raises(ReelnetError, match="no layer 'nothing'") as error:
        run.read("nothing")
    assert str(error.value).isprintable()
    with pytest.raises(KeyError) as missing:
        _ = run.taps["nothing"]
    assert str(missing.value).isprintable()


def test_the_size_of_samples_takes_no_memory(intact: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(intact, tmp_path / "run"))
    with (run / "samples.safetensors").open("r+b") as file:
        file.truncate(2**31)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert "samples.safetensors: altered or truncated" in verify.verify_run(run).samples_problem
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 100_000


@pytest.mark.parametrize("name", ["run.json", "log.jsonl", "metrics.json"])
def test_a_small_text_of_many_lists_is_refused(name: str, intact: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(intact, tmp_path / "run"))
    text = b'{"a": [' + b"[]," * 2_000_000 + b"[]]"
    (run / name).write_bytes(text + f', "checksum": "{crc32(text):08x}"}}\n'.encode())
    with pytest.raises(RunError, match="too many lists and objects"):
        _ = Run(run).metrics


def test_many_damaged_lines_are_one_problem(intact: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(intact, tmp_path / "run"))
    with (run / "log.jsonl").open("ab") as log:
        log.write(b"{}\n" * 100_000)
    (problem,) = verify.verify_run(run).log_problems
    assert "not a log line" in problem
    assert "nor are the next 99,999 lines: they are between step 20 and the end of the log" in problem
