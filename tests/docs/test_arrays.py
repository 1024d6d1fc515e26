"""Arrays: the page's snippets are run as they stand there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.calls import call
from tests.docs.pages import broken, snippets

PAGE = "arrays.md"


def test_the_snippets_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make, read = snippets(PAGE, "python")
    names: dict[str, Any] = {}
    exec(compile(make.text, PAGE, "exec"), names)
    assert (tmp_path / "renders" / "arrays.gif").is_file()
    assert call("export-arrays", "runs/arrays", "-o", "mine.npz").exit_code == 0
    made = names["maps"]
    exec(compile(read.text, PAGE, "exec"), names)
    assert (names["maps"] == made).all()


def test_links_lead_somewhere() -> None:
    assert broken(PAGE) == []
