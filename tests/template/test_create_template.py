"""Creating a template file, and sections without content in it."""

from __future__ import annotations

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


def test_bare_heads_say_nothing(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("extends: article\npanels:\nlayout:\ntheme:\ntimeline:\n", "utf-8")
    assert load_template(file, PANELS).panels == load_template("article", PANELS).panels
