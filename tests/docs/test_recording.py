"""Recording: the page's snippets are run as they stand there."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import reelnet
from tests.docs.pages import Snippet, broken, snippets

PAGE = "recording.md"


class Pair(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = nn.Conv2d(1, 2, 3), nn.Linear(4, 2)

    def forward(self, picture: Tensor, facts: Tensor) -> Any:
        return self.left(picture) + self.right(facts)[:, :, None, None]


def around() -> dict[str, Any]:
    """What the snippets take as given."""
    torch.manual_seed(0)
    random.seed(0)
    model = nn.Sequential()
    model.add_module("conv1", nn.Conv2d(1, 3, 3))
    model.add_module("conv2", nn.Conv2d(3, 4, 3))
    model.add_module("flat", nn.Flatten())
    model.add_module("out", nn.Linear(64, 5))
    images = torch.rand(5, 1, 8, 8)
    return {
        "model": model,
        "pair_model": Pair(),
        "images": images,
        "facts": torch.rand(5, 4),
        "digits": range(5),
        "loader": [(images, torch.arange(5))] * 3,
        "loss_of": nn.functional.cross_entropy,
        "optimizer": torch.optim.SGD(model.parameters(), 0.1),
    }


@pytest.mark.parametrize("snippet", snippets(PAGE, "python"), ids=str)
def test_every_snippet_runs(
    snippet: Snippet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    if "resume=" in snippet.text or "open(" in snippet.text:
        # These go on with a run, or look at one.
        given = around()
        with reelnet.Recorder("runs/mine", given["model"], samples=given["images"]) as recorder:
            recorder.step()
    exec(compile(snippet.text, PAGE, "exec"), around())
    for path in (tmp_path / "runs").glob("*"):
        run = reelnet.open(path)
        assert run.reel("plain").frame(run.steps[-1]).size > (0, 0)
    if "plan()" in snippet.text:
        assert "30 steps a decade: " in capsys.readouterr().out
    else:
        assert any((tmp_path / "runs").iterdir())


def test_links_lead_somewhere() -> None:
    assert broken(PAGE) == []
