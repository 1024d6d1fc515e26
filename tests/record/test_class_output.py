"""Which tap is the class output: the one that records what the model returns, never one that only has its shape."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from reelnet.errors import ReelnetError, UsageError
from reelnet.record.recorder import Recorder
from reelnet.reel import Run

CLASSES = ["ant", "bee", "cat"]


class Net(nn.Module):
    """A hidden layer with as many units as there are classes, and a softmax that may be in the model."""

    def __init__(self, *, probabilities: bool = False) -> None:
        super().__init__()
        self.hidden = nn.Linear(16, 3)
        self.logits = nn.Linear(3, 3)
        self.softmax = nn.Softmax(1) if probabilities else nn.Identity()

    def forward(self, x: Tensor) -> Any:
        return self.softmax(self.logits(torch.tanh(self.hidden(x.flatten(1)))))


def record(path: Path, model: nn.Module, taps: list[str], **options: Any) -> Run:
    torch.manual_seed(0)
    samples = torch.rand(4, 1, 4, 4)
    with Recorder(path, model, samples=samples, taps=taps, **{"classes": CLASSES, **options}):
        pass
    return Run(path)


@pytest.mark.parametrize("probabilities", [False, True])
@pytest.mark.parametrize("dtype", [None, "float16"])
@pytest.mark.parametrize(
    ("taps", "output"),
    [(["hidden", "logits"], "logits"), (["hidden"], ""), (["logits", "softmax"], "softmax")],
)
def test_the_class_output_is_what_the_model_returns(
    tmp_path: Path, taps: list[str], output: str, probabilities: bool, dtype: str | None
) -> None:
    run = record(tmp_path / "run", Net(probabilities=probabilities), taps, dtype=dtype)
    assert run.class_output == output
    assert run.classes == tuple(CLASSES)


def test_a_missing_class_output_is_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "reelnet"):
        record(tmp_path / "with", Net(), ["logits"])
        assert not caplog.messages
        record(tmp_path / "without", Net(), ["hidden"])
    assert "record its last layer, too" in caplog.text


def test_without_classes_nothing_is_known(tmp_path: Path) -> None:
    run = record(tmp_path / "run", Net(), ["logits"], classes=None)
    assert (run.classes, run.class_output) == (None, None)


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        (["a", "b"], "classes: got 2 names, but the model returns 3 values per sample"),
        (["a"], "classes: got 1 name;"),
        ([], "classes: got 0 names;"),
        (range(2_000_000), "classes: got more than 1,000,000 names"),
        (["a" * 20_000, "b", "c"], "classes: a name has more than 10,000 characters"),
        (3, "classes=3: give a list of names"),
        ({"a", "b", "c"}, "classes={'a', 'b', 'c'}: give a list of names"),
        (["a", "b", "a"], "classes: 'a' is there twice"),
        ("abc", "classes='abc': give a list of names"),
    ],
)
def test_classes_that_do_not_fit_are_refused(tmp_path: Path, classes: Any, message: str) -> None:
    with pytest.raises(ReelnetError, match=message):
        record(tmp_path / "run", Net(), ["logits"], classes=classes)


def test_a_run_is_resumed_with_the_same_classes_only(tmp_path: Path) -> None:
    record(tmp_path / "run", Net(), ["logits"])
    record(tmp_path / "run", Net(), ["logits"], resume=True)
    with pytest.raises(UsageError, match="the classes are different"):
        record(tmp_path / "run", Net(), ["logits"], resume=True, classes=["bee", "ant", "cat"])


def test_the_header_is_checksummed_and_old_headers_have_their_classes_among_the_facts(tmp_path: Path) -> None:
    path = tmp_path / "run"
    record(path, Net(), ["logits"])
    file = path / "run.json"
    content = json.loads(file.read_text("utf-8"))
    assert content["classes"] == CLASSES
    file.write_text(file.read_text("utf-8").replace('"bee"', '"bat"'), "utf-8")
    with pytest.raises(ReelnetError, match="checksum"):
        Run(path)
    for key in ("classes", "class_output", "checksum"):
        del content[key]
    content |= {"format": 2, "about": {"classes": CLASSES}}
    file.write_text(json.dumps(content), "utf-8")
    old = Run(path)
    assert (old.classes, old.class_output) == (tuple(CLASSES), None)
