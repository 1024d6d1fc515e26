"""Say why and where a model failed on the samples."""

from __future__ import annotations

import re
import traceback
from pathlib import Path

import torch
from torch import nn

from reelnet.errors import ReelnetError, describe_error
from reelnet.record.samples import Samples
from reelnet.record.taps.selection import named_modules

SHAPE_ERROR = re.compile(
    r"shape|size|dimension|channel|mat1|must match|positional argument|keyword argument", re.IGNORECASE
)
"""Matches torch's errors about inputs that do not fit."""

IGNORED_SOURCES = (str(Path(torch.__file__).parent), str(Path(__file__).parent))
"""Folders of source files that are not the user's."""


def describe_forward_error(
    model: nn.Module, samples: Samples, error: Exception, last_layer: str | None
) -> ReelnetError:
    """Describe why and where a model failed on the samples.

    Args:
        model: The network.
        samples: What it was called with.
        error: The exception that it raised.
        last_layer: The last recorded layer that had returned; None before the first.
    """
    layer, line = _locate_error(model, error)
    progress = f"after layer {last_layer!r}" if last_layer is not None else "before the first recorded layer"
    where = ", ".join(filter(None, (layer and f"in {layer!r}", progress, line)))
    hint = (
        "give samples of the shape of one training batch"
        if SHAPE_ERROR.search(str(error))
        else "check that the model accepts them after model.eval()"
    )
    return ReelnetError(
        f"{type(model).__name__} failed in eval mode on samples of {samples.shapes_text}, {where}: "
        f"{describe_error(error)}; {hint}"
    )


def _locate_error(model: nn.Module, error: Exception) -> tuple[str, str]:
    """Return the path of the innermost running module, and the last line that is not torch's; each may be empty."""
    paths = {id(module): path for path, module in reversed(named_modules(model).items())}
    layer, location = "", ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        layer = paths.get(id(frame.f_locals.get("self")), "") or layer
        file = frame.f_code.co_filename
        if not file.startswith(IGNORED_SOURCES):
            location = f"{Path(file).name} line {line}"
    return layer, location
