"""Many reels: the page's snippet is run as it stands there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.docs.pages import broken, snippets
from tests.make_run import write_run

PAGE = "many.md"


def test_the_snippet_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("small", "large"):
        write_run(Path("runs") / name, taps={"conv1": (2, 2, 4, 4), "conv2": (2, 2, 4, 4)})
    (snippet,) = snippets(PAGE, "python")
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(snippet.text, PAGE, "exec"), names)
    written = sorted(str(path.relative_to("renders")) for path in Path("renders").rglob("*.gif"))
    assert written == ["large/conv1.gif", "large/conv2.gif", "small/conv1.gif", "small/conv2.gif"]
    for result in names["results"]:
        with Image.open(result.task.output) as image:
            assert image.n_frames == result.report["frames"] > 1
            assert np.asarray(image.convert("RGB")).shape[:2] == (
                result.report["height"],
                result.report["width"],
            )


def test_links_lead_somewhere() -> None:
    assert broken(PAGE) == []
