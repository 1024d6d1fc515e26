"""Interactive figures: the program of the page reads a figure, and the page names what there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reelnet.cli.options import split_words
from reelnet.export.html.embed import write_embedding
from reelnet.export.platforms.load import find_platform
from tests.docs.pages import page, snippets
from tests.make_run import MakeRun, noise

PAGE = "figures.md"


def test_the_program_reads_a_figure(
    make_run: MakeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(taps=noise(7, 3, 4, 5).astype(np.float32))
    run.reel("plain").save(tmp_path / "conv6.html")
    monkeypatch.chdir(tmp_path)
    (program,) = [each.text for each in snippets(PAGE, "python") if "zlib" in each.text]
    names: dict[str, Any] = {}
    exec(program, names)
    (low, high), count = names["block"]["limits"][0], len(names["block"]["colors"]["light"]) // 6
    recorded = run.read("conv1").transpose(2, 3, 4, 1, 0)
    shown = low + names["levels"] / (count - 1) * (high - low)
    assert np.abs(shown - recorded).max() <= 0.5001 * (high - low) / (count - 1)
    assert set(names["found"]) == {"figure-style", "figure-script", "figure-data", "data-0"}


def test_platforms_exist() -> None:
    for names in re.findall(r"--for ([\w,-]+)`", page(PAGE)):
        for name in split_words(names):
            platform = find_platform(name)
            assert ".html" not in platform.formats


def test_the_line_for_a_page_is_the_one_that_is_printed() -> None:
    (frame,) = re.findall(r"<iframe [^>]*></iframe>", page(PAGE))
    assert frame == write_embedding("conv6.html", 800, 648, 0.5)
