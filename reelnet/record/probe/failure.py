"""Where a model failed on the samples, and why."""

from __future__ import annotations

import re
import traceback
from pathlib import Path

import torch
from torch import nn

from reelnet.errors import ReelnetError, describe_error
from reelnet.record.samples import Samples
from reelnet.record.taps.module_paths import named_modules

OF_SHAPES = re.compile(
    r"shape|size|dimension|channel|mat1|must match|positional argument|keyword argument", re.I
)
"""What torch's errors say of inputs that do not fit."""

OURS = (str(Path(torch.__file__).parent), str(Path(__file__).with_name("probe.py")))


def failure_of(model: nn.Module, samples: Samples, error: Exception, last: str | None) -> ReelnetError:
    """The error for a model that failed on the samples: its own, with the place.

    Args:
        model: That was called.
        samples: With which.
        error: What it raised.
        last: The last recorded layer that had come; None before the first.
    """
    layer, line = _place(model, error)
    reached = f"after layer {last!r}" if last is not None else "before the first recorded layer"
    places = ", ".join(filter(None, (layer and f"in {layer!r}", reached, line)))
    hint = (
        "give samples of the shape of one training batch"
        if OF_SHAPES.search(str(error))
        else "see whether model.eval() takes them"
    )
    return ReelnetError(
        f"{type(model).__name__} failed in eval mode on samples of {samples.form}, {places}: "
        f"{describe_error(error)}; {hint}"
    )


def _place(model: nn.Module, error: Exception) -> tuple[str, str]:
    """The innermost module that was at work, and the last line that is not torch's; empty where there is none."""
    paths = {id(module): path for path, module in reversed(named_modules(model).items())}
    layer, place = "", ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        layer = paths.get(id(frame.f_locals.get("self")), "") or layer
        file = frame.f_code.co_filename
        if not file.startswith(OURS):
            place = f"{Path(file).name} line {line}"
    return layer, place
