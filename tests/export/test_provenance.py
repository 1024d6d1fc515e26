"""Provenance files: what they record, and files made again from them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from reelnet.errors import ReelnetError, RunError, UsageError
from reelnet.export.provenance import Provenance, write_provenance
from reelnet.export.request import ExportOptions, ExportRequest
from reelnet.export.save import save
from reelnet.reel import Run
from tests.make_run import noise, write_run
from tests.tiny_fonts import write_font


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return write_run(tmp_path / "run", noise(4, 2, 2, 7))


@pytest.fixture
def file(run: Run, tmp_path: Path) -> Path:
    """The provenance file of a GIF under a cap and of a still."""
    rendition = run.reel("plain", scale=3).rendition
    requests = [
        ExportRequest(rendition, tmp_path / "a.gif", options=ExportOptions(max_size="1 MB", keep=("scale",))),
        ExportRequest(rendition, tmp_path / "a.png", step=2),
    ]
    write_provenance(tmp_path / "a.json", [(request, save(request)) for request in requests])
    return tmp_path / "a.json"


def test_files_are_made_again_with_the_same_bytes(run: Run, file: Path, tmp_path: Path) -> None:
    provenance = Provenance.read(file)
    assert provenance.run == str(run.path)
    provenance.require_same_run(run)
    assert provenance.changed_versions() == []
    files = list(provenance.resolve_files(run, tmp_path / "again"))
    assert [each.request.path.name for each in files] == ["a.gif", "a.png"]
    assert files[0].request.options == ExportOptions(max_size="1 MB", keep=["scale"])
    assert files[1].request.step == 2
    for each in files:
        save(each.request)
        assert each.is_unchanged
        assert each.request.path.read_bytes() == (tmp_path / each.request.path.name).read_bytes()


def test_a_figure_is_made_again_with_all_its_layers(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"conv1": (2, 3, 4, 4), "conv2": (2, 2, 4, 4)})
    first, other = (run.reel("plain", layer=layer).rendition for layer in ("conv1", "conv2"))
    request = ExportRequest(first, tmp_path / "a.html", options=ExportOptions(split=True), others=(other,))
    write_provenance(tmp_path / "a.json", [(request, save(request))])
    (file,) = Provenance.read(tmp_path / "a.json").resolve_files(run, tmp_path / "again")
    assert [each.layer for each in (file.request.rendition, *file.request.others)] == ["conv1", "conv2"]
    save(file.request)
    assert file.is_unchanged


def test_a_changed_file_is_noticed(run: Run, file: Path, tmp_path: Path) -> None:
    (first, _) = Provenance.read(file).resolve_files(run)
    assert first.is_unchanged
    (tmp_path / "a.gif").write_bytes(b"changed")
    assert not first.is_unchanged


def test_another_run_is_refused(file: Path, tmp_path: Path) -> None:
    other = write_run(tmp_path / "other", noise(5, 2, 2, 7))
    with pytest.raises(RunError, match=r"differs from the run .*--run"):
        Provenance.read(file).require_same_run(other)


def test_changed_versions(file: Path) -> None:
    content = json.loads(file.read_text())
    content["versions"]["numpy"] = "1.0"
    file.write_text(json.dumps(content))
    (change,) = Provenance.read(file).changed_versions()
    assert change.startswith("numpy ")
    assert change.endswith(" was 1.0")


def test_changed_fonts_are_named(
    run: Run, tmp_path: Path, install_fonts: Callable[[dict[str, Path]], None]
) -> None:
    one = write_font(tmp_path / "one.ttf", "One", {"漢": 700})
    given = write_font(tmp_path / "given.ttf", "Given", {"字": 700})
    settings = [f"theme.font=[{given}, Nowhere]", "panels.title.text=漢字"]

    def save_all(path: Path) -> Provenance:
        request = ExportRequest(run.reel("article", settings=settings).rendition, path, step=2)
        write_provenance(tmp_path / "a.json", [(request, save(request))])
        return Provenance.read(tmp_path / "a.json")

    def find_changes() -> list[str]:
        files = list(provenance.resolve_files(run, tmp_path / "again"))
        return provenance.changed_files(files)

    install_fonts({"One": one})
    provenance = save_all(tmp_path / "a.png")
    (entry,) = provenance.content["files"]
    assert [*entry["fonts"]] == [str(one)]
    assert [*entry["template"]["files"]] == [str(given)]
    assert find_changes() == []

    # The same font elsewhere is no change, another one is.
    moved = tmp_path / "moved.ttf"
    moved.write_bytes(one.read_bytes())
    install_fonts({"One": moved})
    assert find_changes() == []
    install_fonts({"Two": write_font(tmp_path / "two.ttf", "Two", {"漢": 800})})
    assert find_changes() == ["installed fonts: two.ttf, was one.ttf"]
    install_fonts({"One": write_font(tmp_path / "one.ttf", "One", {"漢": 900})})
    assert find_changes() == ["installed fonts: another one.ttf"]
    install_fonts({})
    assert find_changes() == ["installed fonts: none, was one.ttf"]
    given.write_bytes(given.read_bytes() + b"\0")
    assert f"{given} has changed" in find_changes()


def test_files_that_are_no_provenance(file: Path, tmp_path: Path, run: Run) -> None:
    with pytest.raises(UsageError, match="no such file"):
        Provenance.read(tmp_path / "nothing.json")
    content = json.loads(file.read_text())
    (tmp_path / "b.json").write_text("[]")
    with pytest.raises(ReelnetError, match="not a file that --report wrote"):
        Provenance.read(tmp_path / "b.json")
    (tmp_path / "c.json").write_text(json.dumps({**content, "format": 2}))
    with pytest.raises(ReelnetError, match="format 2, but this reelnet reads format 1"):
        Provenance.read(tmp_path / "c.json")
    del content["files"][0]["sha256"]
    (tmp_path / "d.json").write_text(json.dumps(content))
    with pytest.raises(ReelnetError, match="'sha256' is missing"):
        list(Provenance.read(tmp_path / "d.json").resolve_files(run))
