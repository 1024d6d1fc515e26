"""Creating a template file, and sections without content in it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from reelnet.errors import UsageError
from reelnet.render.registry import PANELS
from reelnet.template.load import load_template
from reelnet.template.search_path import MODELINE, create_template_file


@pytest.mark.parametrize("extend", [True, False])
@pytest.mark.parametrize("origin", ["article", "square", "dark"])
def test_a_new_template_is_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, origin: str, extend: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    file = create_template_file("mine", origin, extend=extend, force=False)
    assert file == Path("templates/mine.yaml")
    first = file.read_text("utf-8").splitlines()[0]
    assert first.startswith(MODELINE)
    assert Path(first.removeprefix(MODELINE)).is_file()
    mine, base = load_template("mine", PANELS), load_template(origin, PANELS)
    assert (mine.theme, mine.panels, mine.canvas) == (base.theme, base.panels, base.canvas)
    with pytest.raises(UsageError, match="exists already"):
        create_template_file("mine", origin, extend=extend, force=False)


@pytest.mark.parametrize("name", ["", " ", "a/b", "mine\n", "folder/"])
def test_a_name_that_cannot_be_found_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"give a name such as mine, or a file that ends in \.yaml"):
        create_template_file(name, "article", extend=False, force=True)
    assert not [*tmp_path.iterdir()]


def test_a_template_that_extends_a_file_finds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("base.yaml").write_text("extends: article\ntheme: {text: 21}\n")
    create_template_file("mine", "base.yaml", extend=True, force=False)
    assert load_template("mine", PANELS).theme.text == 21


@pytest.mark.skipif(sys.platform == "win32", reason="pipes and links of POSIX")
def test_only_a_file_is_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(UsageError, match="named pipe"):
        create_template_file(str(tmp_path / "pipe.yaml"), "article", extend=False, force=True)
    (tmp_path / "link.yaml").symlink_to("absent.yaml")
    with pytest.raises(UsageError, match="exists already"):
        create_template_file(str(tmp_path / "link.yaml"), "article", extend=False, force=False)
    create_template_file(str(tmp_path / "link.yaml"), "article", extend=False, force=True)
    assert (tmp_path / "link.yaml").is_symlink()
    assert load_template(tmp_path / "absent.yaml", PANELS).panels
    assert {file.name for file in tmp_path.iterdir()} == {"pipe.yaml", "link.yaml", "absent.yaml"}


def test_bare_heads_say_nothing(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("extends: article\npanels:\nlayout:\ntheme:\ntimeline:\n", "utf-8")
    assert load_template(file, PANELS).panels == load_template("article", PANELS).panels
