"""Recording a compiled model triggers no recompilation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from reelnet.record.recorder import Recorder
from reelnet.reel import Run
from tests.record.cases import pictures
from tests.record.models import Mixed


def count_compilations(path: Path | None, *, within: bool) -> int:
    """Count the graphs that are compiled for five training steps."""
    torch._dynamo.reset()
    compiled: list[Any] = []

    def backend(graph: Any, _inputs: Any) -> Any:
        compiled.append(graph)
        return graph.forward

    torch.manual_seed(0)
    model: Any = Mixed()
    if within:
        model.compile(backend=backend)
    else:
        model = torch.compile(model, backend=backend)
    optimizer = torch.optim.SGD(model.parameters(), 0.01)

    def step() -> None:
        optimizer.zero_grad()
        model(torch.randn(6, 1, 8, 8)).square().mean().backward()
        optimizer.step()

    step()
    if path is None:
        for _ in range(5):
            step()
    else:
        with Recorder(path, model, samples=pictures(), on_error="raise") as recorder:
            for _ in range(5):
                step()
                recorder.step()
    return len(compiled)


@pytest.mark.parametrize("within", [False, True], ids=["torch.compile", "model.compile"])
def test_recording_triggers_no_compilation(within: bool, tmp_path: Path) -> None:
    alone = count_compilations(None, within=within)
    assert alone > 0
    assert count_compilations(tmp_path / "run", within=within) == alone
    run = Run(tmp_path / "run")
    assert (run.steps, list(run.taps)) == (list(range(6)), ["conv1", "conv2"])
