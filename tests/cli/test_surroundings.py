"""Odd surroundings: closed streams, odd output paths, a missing folder, home or locale."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

from reelnet._support.atomic_path import atomic_path
from reelnet._support.output_path import require_writable
from reelnet.errors import ReelnetError, UsageError
from reelnet.export.provenance import require_replaceable
from reelnet.reel import Run
from tests.cli.calls import call_expecting_error, program_command
from tests.make_run import noise, write_run

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links, pipes and streams of POSIX")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return write_run(tmp_path / "run", noise(4, 2, 2, 7))


def start(
    folder: Path, *words: object, shell: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the program in a folder, with redirections of the shell behind the command."""
    return subprocess.run(
        ["/bin/sh", "-c", f'exec "$@" {shell}', "sh", *program_command(), *map(str, words)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        errors="backslashreplace",
        timeout=60,
        stdin=subprocess.DEVNULL,
    )


def render(folder: Path, file: object, *words: object, **others: str) -> subprocess.CompletedProcess[str]:
    return start(folder, "render", "run", "-o", file, "--template", "plain", "--scale", 2, *words, **others)


def require_one_line(done: subprocess.CompletedProcess[str], code: int, text: str) -> None:
    assert done.returncode == code, done
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    assert text in done.stderr


def count_frames(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(container.streams.video[-1]))


@pytest.mark.parametrize(
    ("streams", "suffix"), [(">&-", ".gif"), ("2>&-", ".avif"), ("<&- >&- 2>&-", ".mp4")]
)
def test_closed_streams(tmp_path: Path, run: Run, streams: str, suffix: str) -> None:
    done = render(tmp_path, f"a{suffix}", shell=streams)
    assert done.returncode == 0, done
    assert done.stderr == ""
    assert count_frames(tmp_path / f"a{suffix}") == 4
    # A stream of a codec that printed into the file would change it.
    assert (tmp_path / f"a{suffix}").read_bytes() == reference(tmp_path, run, suffix)


def reference(folder: Path, run: Run, suffix: str) -> bytes:
    run.reel("plain", scale=2).save(folder / f"reference{suffix}")
    return (folder / f"reference{suffix}").read_bytes()


@pytest.mark.parametrize("streams", [">&- 2>&-", "2>/dev/full"], ids=["closed", "full"])
def test_the_exit_code_does_not_need_stderr(tmp_path: Path, run: Run, streams: str) -> None:
    done = render(tmp_path, "a.xyz", shell=streams)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "")


def test_closed_stdout_without_a_file(tmp_path: Path, run: Run) -> None:
    done = start(tmp_path, "inspect", "run", shell=">&-")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_full_stdout(tmp_path: Path, run: Run) -> None:
    require_one_line(start(tmp_path, "inspect", "run", shell=">/dev/full"), 1, "cannot write the output")


def test_links_stay_links(tmp_path: Path, run: Run) -> None:
    (tmp_path / "there").mkdir()
    for name, target in (("a.gif", "there/old.gif"), ("b.gif", "there/new.gif"), ("c.gif", "a.gif")):
        (tmp_path / name).symlink_to(target)
    (tmp_path / "there/old.gif").write_text("old")
    reel = run.reel("plain", scale=2)
    assert reel.save(tmp_path / "a.gif").bytes == (tmp_path / "there/old.gif").stat().st_size
    reel.save(tmp_path / "b.gif", max_size="1 MB")
    (tmp_path / "there/old.gif").write_text("old")
    reel.save(tmp_path / "c.gif")
    assert all((tmp_path / name).is_symlink() for name in ("a.gif", "b.gif", "c.gif"))
    for name in ("old.gif", "new.gif"):
        with Image.open(tmp_path / "there" / name) as image:
            assert image.n_frames == 4
    assert sorted(file.name for file in (tmp_path / "there").iterdir()) == ["new.gif", "old.gif"]


def test_a_failed_save_leaves_the_target_of_a_link(tmp_path: Path, run: Run) -> None:
    (tmp_path / "a.gif").symlink_to("old.gif")
    (tmp_path / "old.gif").write_text("old")
    with pytest.raises(ReelnetError):
        run.reel("plain", scale=2).save(tmp_path / "a.gif", max_size=300)
    assert (tmp_path / "old.gif").read_text() == "old"
    assert (tmp_path / "a.gif").is_symlink()


@pytest.mark.parametrize("kind", ["pipe", "socket", "folder", "link to a pipe", "loop"])
@pytest.mark.parametrize("name", ["a.gif", "a.mp4", "a.png", "a-%d.png"])
def test_what_is_no_file_is_refused(tmp_path: Path, run: Run, kind: str, name: str) -> None:
    path = tmp_path / name.replace("%d", "0")
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(os.path.relpath(path))
    elif kind == "folder":
        path.mkdir()
    elif kind == "loop":
        path.symlink_to(path.name)
    else:
        os.mkfifo(tmp_path / "pipe")
        path.symlink_to("pipe")
    before = path.lstat().st_mode
    reel = run.reel("plain", scale=2)
    with pytest.raises(ReelnetError, match=path.name):
        reel.save_still(0, path) if name == "a.png" else reel.save(tmp_path / name)
    assert path.lstat().st_mode == before
    assert not [*tmp_path.glob(".*")]


@pytest.mark.parametrize("device", ["/dev/null", "/dev/stdout"])
def test_devices_are_refused(device: str) -> None:
    with pytest.raises(UsageError, match=f"{device}: is a device; name a file"):
        require_writable(Path(device))
    with pytest.raises(UsageError, match=device), atomic_path(Path(device)):
        pass
    assert Path(device).exists()


def test_two_names_of_one_file(tmp_path: Path, run: Run) -> None:
    (tmp_path / "a.gif").symlink_to("b.gif")
    done = render(tmp_path, "a.gif", "--report", f"../{tmp_path.name}/b.gif")
    require_one_line(done, 2, "two files would have this name")


@pytest.mark.parametrize("name", ["run/run.json", "run/log.jsonl", "other.json"])
def test_a_report_replaces_reports_only(tmp_path: Path, run: Run, name: str) -> None:
    (tmp_path / "other.json").write_text("[1]")
    before = (tmp_path / name).read_bytes()
    with pytest.raises(UsageError, match="not a file that --report wrote"):
        require_replaceable(tmp_path / name)
    (tmp_path / "empty.json").touch()
    for free in ("empty.json", "none.json"):
        require_replaceable(tmp_path / free)
    done = render(tmp_path, "a.gif", "--report", name)
    require_one_line(done, 2, "not a file that --report wrote")
    assert (tmp_path / name).read_bytes() == before
    assert not (tmp_path / "a.gif").exists()


@pytest.mark.parametrize("length", [225, 255])
@pytest.mark.parametrize(("letter", "suffix"), [("a", ".gif"), ("日", ".mp4")])
def test_long_names(tmp_path: Path, run: Run, length: int, suffix: str, letter: str) -> None:
    stem = letter * ((length - len(suffix)) // len(letter.encode()))
    path = tmp_path / f"{stem}{suffix}"
    run.reel("plain", scale=1).save(path)
    assert count_frames(path) == 4
    run.reel("plain", scale=1).save(path, max_size="1 MB")
    assert {file.name for file in tmp_path.iterdir()} == {"run", path.name}


def test_too_long_a_name(tmp_path: Path, run: Run) -> None:
    require_one_line(render(tmp_path, "a" * 252 + ".gif"), 1, "File name too long")


def test_a_name_that_is_not_unicode(tmp_path: Path, run: Run) -> None:
    try:
        (tmp_path / "r\udcff").mkdir()
    except OSError:
        pytest.skip("names are Unicode here")
    require_one_line(render(tmp_path, "a\udcff.mp4"), 2, "not valid Unicode")
    (tmp_path / "r\udcff").rmdir()
    run.path.rename(tmp_path / "r\udcff")
    done = start(tmp_path, "render", "r\udcff", "-o", "a.gif", "--report", "a.json", "--scale", 2)
    assert done.returncode == 0, done
    assert start(tmp_path, "again", "a.json").returncode == 0
    assert start(tmp_path, "inspect", "r\udcff").returncode == 0


def test_a_deleted_working_folder(tmp_path: Path, run: Run) -> None:
    script = f'mkdir gone; cd gone; rmdir "{tmp_path}/gone"; exec "$@"'

    def start_nowhere(*words: object) -> subprocess.CompletedProcess[str]:
        command = ["/bin/sh", "-c", script, "sh", *program_command(), *map(str, words)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)

    done = start_nowhere("render", run.path, "-o", tmp_path / "a.gif", "--scale", 2)
    assert done.returncode == 0, done
    done = start_nowhere("render", run.path, "-o", "a.gif", "--scale", 2)
    require_one_line(done, 1, "the working folder was deleted")
    require_one_line(start_nowhere("templates", "new", "mine"), 1, "the working folder was deleted")
    for words in (("inspect", run.path), ("templates", "list")):
        assert start_nowhere(*words).returncode == 0


def test_no_home(tmp_path: Path, run: Run) -> None:
    done = render(
        tmp_path, "a.gif", "--set", "theme.sequential=viridis", "--for", "github", HOME="/dev/null/x"
    )
    assert (done.returncode, done.stderr) == (0, ""), done


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_stdout_in_another_encoding(tmp_path: Path, run: Run, encoding: str) -> None:
    done = render(tmp_path, "–.gif", PYTHONIOENCODING=encoding, PYTHONUTF8="1")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("\\u2013.gif" if encoding == "latin-1" else "–.gif")
    assert count_frames(tmp_path / "–.gif") == 4


def test_the_c_locale(tmp_path: Path, run: Run) -> None:
    plain = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    assert render(tmp_path, "a.gif", "--report", "a.json", **plain).returncode == 0
    assert json.loads((tmp_path / "a.json").read_text())["format"]
    assert start(tmp_path, "again", "a.json", **plain).returncode == 0
    done = render(tmp_path, "ü.mp4", **plain)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1


def test_another_users_leftovers_stay(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    leftover = tmp_path / ".a.reelnet-999999999-0123abcd.gif"
    leftover.write_text("left")
    os.utime(leftover, (0, 0))
    remove = Path.unlink

    def refuse(path: Path, missing_ok: bool = False) -> None:
        if path == leftover:
            raise PermissionError(1, "Operation not permitted", str(path))
        remove(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", refuse)
    run.reel("plain", scale=2).save(tmp_path / "a.gif")
    assert leftover.exists()


def test_links_among_leftovers_are_removed_without_their_targets(tmp_path: Path, run: Run) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/file").write_text("kept")
    os.utime(tmp_path / "kept/file", (0, 0))
    link = tmp_path / ".a.reelnet-999999999-0123abcd"
    link.symlink_to("kept")
    os.utime(link, (0, 0), follow_symlinks=False)
    run.reel("plain", scale=2).save(tmp_path / "a.gif")
    assert not link.is_symlink()
    assert (tmp_path / "kept/file").read_text() == "kept"


def test_a_full_folder_for_temporary_files(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from reelnet.export.quantize import level_store

    def refuse(**_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(level_store, "TemporaryFile", refuse)
    with pytest.raises(ReelnetError, match=rf"{tempfile.gettempdir()}: no space.*TMPDIR"):
        run.reel("plain", scale=2).save(tmp_path / "a.gif", max_size=2_500)
    assert not (tmp_path / "a.gif").exists()


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs a device that never ends")
@pytest.mark.parametrize("kind", ["a named pipe", "a device"])
def test_only_regular_files_are_read(tmp_path: Path, run: Run, kind: str) -> None:
    names = (
        "a.json",
        "a.csv",
        "a.jsonl",
        "a.tfevents",
        "a.npz",
        "a.yaml",
        *(f"b/{each}/0.png" for each in "abc"),
    )
    files = [tmp_path / name for name in names]
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(file) if kind == "a named pipe" else file.symlink_to("/dev/zero")
    report, *tables, arrays, template, _, _, _ = files
    calls: list[tuple[int, Any]] = [
        (2, ["again", report]),
        *((2, ["metrics", run.path, table]) for table in tables),
        (2, ["import", arrays, "--run", tmp_path / "new"]),
        (3, ["templates", "check", template]),
        (3, ["templates", "show", template]),
        (3, ["render", run.path, "-o", tmp_path / "a.gif", "--template", template]),
        (3, ["render", run.path, "-o", tmp_path / "a.gif", "--set", f"theme.font={template}"]),
        (2, ["train", "--run", tmp_path / "new", "--steps", 1, "--data", f"folder:{tmp_path / 'b'}"]),
    ]
    for code, words in calls:
        error = call_expecting_error(code, *words)
        assert f"is {kind}, not a" in error or "is not a regular file" in error


def test_a_sparse_file_of_a_terabyte_is_not_read(tmp_path: Path, run: Run) -> None:
    for name, words, most in (
        ("a.json", ["again"], "100 MB"),
        ("a.csv", ["metrics", run.path], "1 GB"),
        ("a.jsonl", ["metrics", run.path], "1 GB"),
    ):
        with (tmp_path / name).open("wb") as file:
            file.truncate(10**12)
        error = call_expecting_error(1, *words, tmp_path / name)
        assert f"{name}: 1000 GB, and at most {most} are read" in error
