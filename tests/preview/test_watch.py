"""The preview notices what changes on disk: templates, what they extend and name, and the run."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from reelnet.preview.files.template_files import hash_text
from reelnet.preview.preview import Preview
from reelnet.runs.storage.file_lock import FileLock
from tests.preview.conftest import MINE, layout, view


class Events:
    """The events of a preview."""

    def __init__(self, preview: Preview) -> None:
        self.seen: list[tuple[str, Any]] = []
        self._changed = threading.Condition()
        self.unsubscribe = preview.subscribe(self._add)

    def _add(self, name: str, content: Any) -> None:
        with self._changed:
            self.seen.append((name, dict(content)))
            self._changed.notify_all()

    def wait_for(self, name: str, content: Any = None, seconds: float = 5) -> Any:
        """Wait for an event, and return what it says."""

        def find() -> Any:
            wanted = {} if content is None else content
            found = [said for each, said in self.seen if each == name and wanted.items() <= said.items()]
            return found[-1] if found else None

        with self._changed:
            assert self._changed.wait_for(lambda: find() is not None, seconds), (name, self.seen)
            return find()


@pytest.fixture
def events(preview: Preview) -> Events:
    """The events of the preview, whose template has been shown."""
    layout(preview)
    return Events(preview)


@pytest.fixture
def mine(folder: Path) -> Path:
    """The file of the template."""
    return folder / "templates" / "mine.yaml"


def write_in_place(file: Path, text: str) -> None:
    file.write_text(text)


def write_beside_and_rename(file: Path, text: str) -> None:
    beside = file.with_name(".mine.yaml.swp123")
    beside.write_text(text)
    beside.replace(file)


def rename_to_backup_and_write(file: Path, text: str) -> None:
    file.replace(file.with_name("mine.yaml~"))
    time.sleep(0.25)
    file.write_text(text)


def truncate_and_write_later(file: Path, text: str) -> None:
    file.write_text("")
    time.sleep(0.25)
    file.write_text(text)


def write_half_and_then_all(file: Path, text: str) -> None:
    file.write_text("panels: {a")
    time.sleep(0.15)
    file.write_text(text)


@pytest.mark.parametrize(
    "write",
    [
        write_in_place,
        write_beside_and_rename,
        rename_to_backup_and_write,
        truncate_and_write_later,
        write_half_and_then_all,
    ],
)
def test_each_way_to_save_is_one_change(
    write: Callable[[Path, str], None], preview: Preview, events: Events, mine: Path
) -> None:
    # Until the text is whole, the picture stays without an error.
    stop = threading.Event()
    answers: list[Any] = []

    def ask() -> None:
        while not stop.is_set():
            answers.append(layout(preview, client="other", serial=len(answers)))

    other = threading.Thread(target=ask)
    other.start()
    write(mine, MINE + "theme: {background: '#123456'}\n")
    events.wait_for("file", {"template": "mine"})
    stop.set()
    other.join()
    time.sleep(0.3)
    # Who has saved this text knows it by its checksum.
    assert events.seen == [("file", {"template": "mine", "sha256": hash_text(mine.read_text())})]
    assert layout(preview, serial=2)["background"] == "#123456"
    if write is not write_half_and_then_all:
        assert not any(answer.get("diagnostics") for answer in answers)


def test_a_mistake_that_stays_is_told(preview: Preview, events: Events, mine: Path) -> None:
    mine.write_text("panels: {a")
    events.wait_for("file", {"template": "mine"})
    assert layout(preview, serial=2)["diagnostics"][0]["line"] == 1


def test_the_same_text_again_is_no_change(events: Events, mine: Path) -> None:
    mine.write_text(MINE)
    os.utime(mine, (1, 1))
    time.sleep(0.4)
    assert events.seen == []


def test_a_deleted_file_is_waited_for(preview: Preview, events: Events, mine: Path) -> None:
    mine.unlink()
    time.sleep(0.3)
    assert layout(preview, serial=2)["panels"]
    assert events.seen == []
    mine.write_text(MINE + "theme: dark\n")
    events.wait_for("file", {"template": "mine"})


def test_what_it_extends_is_watched(preview: Preview, events: Events, mine: Path, folder: Path) -> None:
    base = folder / "templates" / "base.yaml"
    base.write_text("extends: plain\n")
    events.wait_for("templates")
    mine.write_text(MINE.replace("plain", "base"))
    events.wait_for("file")
    events.seen.clear()
    base.write_text("extends: plain\ntheme: dark\n")
    events.wait_for("file", {"template": "mine", "sha256": None})


def test_a_new_file_that_hides_what_it_extends(preview: Preview, events: Events, folder: Path) -> None:
    before = layout(preview, serial=2)["background"]
    (folder / "templates" / "plain.yaml").write_text("extends: plain\ntheme: dark\n")
    events.wait_for("file", {"template": "mine"})
    events.wait_for("templates")
    assert layout(preview, serial=3)["background"] != before


def test_a_picture_that_it_names_is_watched(
    preview: Preview, events: Events, mine: Path, folder: Path
) -> None:
    logo = folder / "templates" / "logo.png"
    mine.write_text(
        MINE.replace("panels:", "panels:\n  logo: {kind: image, file: logo.png}").replace(
            "[title", "[logo, title"
        )
    )
    events.wait_for("file")
    assert layout(preview, serial=2)["diagnostics"]
    events.seen.clear()
    Image.new("RGB", (8, 8), "red").save(logo)
    events.wait_for("file", {"template": "mine"})
    assert not layout(preview, serial=3)["diagnostics"]


def test_a_template_more_or_less(events: Events, folder: Path) -> None:
    other = folder / "templates" / "other.yaml"
    other.write_text("extends: plain\n")
    events.wait_for("templates")
    events.seen.clear()
    other.unlink()
    events.wait_for("templates")


def test_a_template_is_watched_once_it_was_made(preview: Preview, events: Events, folder: Path) -> None:
    asked = {"name": "other", "text": MINE, "from": "mine", "replace": False}
    preview.call("save_as", asked)
    (folder / "templates" / "other.yaml").write_text(MINE + "theme: dark\n")
    events.wait_for("file", {"template": "other"})


def test_nothing_is_told_after_unsubscribing(events: Events, mine: Path) -> None:
    events.unsubscribe()
    mine.write_text(MINE + "theme: dark\n")
    time.sleep(0.3)
    assert events.seen == []


def test_the_end_is_told(folder: Path, run_path: Path) -> None:
    preview = Preview(run_path, "mine")
    events = Events(preview)
    preview.close()
    assert events.seen == [("end", {})]


def test_a_run_that_is_recorded_grows(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "live"
    script = """
import sys
import numpy as np
from pathlib import Path
from tests import make_run
from reelnet.runs.writer import RunWriter
commit = RunWriter.commit
def commit_on_request(writer, snapshot):
    if snapshot.step >= 3:
        print(snapshot.step, flush=True)
        sys.stdin.readline()
    commit(writer, snapshot)
RunWriter.commit = commit_on_request
make_run.write_run(Path(sys.argv[1]), np.zeros((6, 2, 2, 4, 4), np.float32))
"""
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(root)},
    ) as recorder:
        assert recorder.stdin
        assert recorder.stdout
        assert recorder.stdout.readline() == "3\n"
        with Preview(path, "mine") as preview:
            opened = preview.call("open", {}).json["run"]
            assert (opened["steps"], opened["growing"]) == ([0, 1, 2], True)
            asked = {"view": view(), "step": 9, "pixel_ratio": 1, "client": "page", "serial": 1}
            assert preview.call("layout", asked).json["steps"] == (0, 1, 2)
            events = Events(preview)
            recorder.stdin.write("\n")
            recorder.stdin.flush()
            events.wait_for("run", {"steps": [0, 1, 2, 3], "growing": True})
            assert preview.call("layout", {**asked, "serial": 2}).json["step"] == 3
            recorder.stdin.write("\n\n\n")
            recorder.stdin.flush()
            recorder.wait(20)
            events.wait_for("run", {"steps": [0, 1, 2, 3, 4, 5], "growing": False}, seconds=10)


def test_a_lock_of_a_killed_recorder_is_no_sign_of_growth(folder: Path, run_path: Path) -> None:
    script = "import os; from pathlib import Path\nfrom reelnet.runs.storage.file_lock import FileLock\n"
    script += f"FileLock(Path({str(run_path)!r})); os._exit(1)"
    subprocess.run([sys.executable, "-c", script], check=False)
    assert (run_path / "lock").is_file()
    with Preview(run_path, "mine") as preview:
        assert not preview.call("open", {}).json["run"]["growing"]


def test_looking_at_the_lock_of_this_process_keeps_it(folder: Path, run_path: Path) -> None:
    lock = FileLock(run_path)
    with Preview(run_path, "mine") as preview:
        assert preview.call("open", {}).json["run"]["growing"]
    script = "from pathlib import Path\nfrom reelnet.runs.storage.file_lock import FileLock\n"
    script += f"FileLock(Path({str(run_path)!r}))"
    other = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True)
    assert "is being recorded by" in other.stderr
    lock.release()
