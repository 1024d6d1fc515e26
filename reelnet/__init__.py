"""reelnet records a neural network while it learns and turns the recording into an annotated animation."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from reelnet.errors import ReelnetError

if TYPE_CHECKING:
    from reelnet.export.report import Report
    from reelnet.films.film import Film, film
    from reelnet.films.save_clip import save
    from reelnet.interop.import_arrays import write_run
    from reelnet.interop.metrics import add_metrics
    from reelnet.many.render_many import RenderResult, render_many
    from reelnet.many.task import RenderTask
    from reelnet.record.probe.probing import probing
    from reelnet.record.recorder import Recorder
    from reelnet.record.schedule import Log, Seconds
    from reelnet.record.taps.tap import Tap, modules
    from reelnet.reel import Reel, Run
    from reelnet.reel import open_run as open

__version__ = "0.1.0"
__all__ = [
    "Film",
    "Log",
    "Recorder",
    "Reel",
    "ReelnetError",
    "RenderResult",
    "RenderTask",
    "Report",
    "Run",
    "Seconds",
    "Tap",
    "add_metrics",
    "film",
    "modules",
    "open",
    "probing",
    "render_many",
    "save",
    "write_run",
]

# Names are imported on first use: rendering must neither wait for torch nor need it.
_LOCATIONS = {
    "Film": ("reelnet.films.film", "Film"),
    "film": ("reelnet.films.film", "film"),
    "Log": ("reelnet.record.schedule", "Log"),
    "Recorder": ("reelnet.record.recorder", "Recorder"),
    "Reel": ("reelnet.reel", "Reel"),
    "RenderResult": ("reelnet.many.render_many", "RenderResult"),
    "RenderTask": ("reelnet.many.task", "RenderTask"),
    "Report": ("reelnet.export.report", "Report"),
    "Run": ("reelnet.reel", "Run"),
    "Seconds": ("reelnet.record.schedule", "Seconds"),
    "Tap": ("reelnet.record.taps.tap", "Tap"),
    "add_metrics": ("reelnet.interop.metrics", "add_metrics"),
    "modules": ("reelnet.record.taps.tap", "modules"),
    "open": ("reelnet.reel", "open_run"),
    "probing": ("reelnet.record.probe.probing", "probing"),
    "render_many": ("reelnet.many.render_many", "render_many"),
    "save": ("reelnet.films.save_clip", "save"),
    "write_run": ("reelnet.interop.import_arrays", "write_run"),
}


def __getattr__(name: str) -> Any:
    if name not in _LOCATIONS:
        raise AttributeError(f"module 'reelnet' has no attribute {name!r}")
    module, attribute = _LOCATIONS[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted([*globals(), *_LOCATIONS])
