"""One template on one run: its pictures and its figures, kept until something changes."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Self

import reelnet
from looks.measure import choose_steps, measure_reel
from looks.rules import find_rules
from looks.shapes import ROOT
from reelnet.errors import ReelnetError
from reelnet.export.encoders.png import to_image
from reelnet.template.search_path import find_builtin_folder

SOURCES = (ROOT / "reelnet", ROOT / "templates", Path(__file__).parent)
"""The folders on whose files the pictures depend."""


@dataclass(frozen=True)
class Look:
    """A template on a run.

    Attributes:
        template: Name of the template.
        shape: Name of the run's shape.
        digest: Of all that the pictures depend on.
        files: Names of the pictures of the first, the middle and the last step.
        figures: As measured; empty if the template refuses the run.
        broken: What is wrong, by the name of the rule.
        refusal: Why the template refuses the run; empty if it does not.
        seconds: How long it took to lay out, draw and measure.
    """

    template: str
    shape: str
    digest: str
    files: tuple[str, ...] = ()
    figures: dict[str, Any] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    refusal: str = ""
    seconds: float = 0.0

    @property
    def summary(self) -> str:
        """The figures and what is wrong, on one line."""
        if self.refusal:
            return f"{self.template} × {self.shape}: refused: {self.refusal}"
        figures = self.figures
        text = (
            f"{self.template} × {self.shape}: {figures['width']:.0f}×{figures['height']:.0f}, "
            f"maps {figures['maps']:.0%}, empty {figures['empty_rows']:.0%} of rows, "
            f"{figures['empty_columns']:.0%} of columns, {figures['empty_area']:.0%} in one piece"
        )
        return "; ".join([text, *self.broken.values()])

    @classmethod
    def load(cls, template: str, shape: str, folder: Path) -> Self | None:
        """The kept look, or None if there is none."""
        file = folder / template / f"{shape}.json"
        if not file.exists():
            return None
        kept = json.loads(file.read_text("utf-8"))
        return cls(**{**kept, "files": tuple(kept["files"])})

    @classmethod
    def load_all(cls, folder: Path, templates: Iterable[str], shapes: Iterable[str]) -> list[Self]:
        """All kept looks."""
        kept = (cls.load(template, shape, folder) for template in templates for shape in list(shapes))
        return [look for look in kept if look is not None]


def render_look(template: str, shape: str, run: Path, folder: Path) -> Look:
    """Draw and measure a template on a run, unless that was done before.

    Args:
        template: Name of a built-in template.
        shape: Name of the run's shape.
        run: The run folder.
        folder: Where the pictures go.
    """
    digest = f"{digest_sources()} {run.resolve()} {(run / 'log.jsonl').stat().st_mtime_ns}"
    kept = Look.load(template, shape, folder)
    if kept is not None and kept.digest == digest:
        return kept
    (folder / template).mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    opened = reelnet.open(run)
    try:
        reel = opened.reel(find_builtin_folder() / f"{template}.yaml")
        figures, frames = measure_reel(reel, choose_steps(opened.steps))
    except ReelnetError as error:
        look = Look(template, shape, digest, refusal=str(error))
    else:
        files = []
        for place, frame in zip(("first", "middle", "last")[-len(frames) :], frames, strict=True):
            files.append(f"{template}/{shape}-{place}.png")
            to_image(frame.indices, reel.palette_rgb).convert("RGB").save(folder / files[-1])
        look = Look(
            template,
            shape,
            digest,
            tuple(files),
            asdict(figures),
            find_rules(template).find_broken(figures),
            seconds=time.perf_counter() - start,
        )
    (folder / template / f"{shape}.json").write_text(json.dumps(asdict(look), indent=1), "utf-8")
    return look


@cache
def digest_sources() -> str:
    """A digest of all code and templates."""
    found = hashlib.sha256()
    for folder in SOURCES:
        for file in sorted(folder.rglob("*")):
            if file.suffix in (".py", ".yaml", ".json"):
                found.update(file.read_bytes())
    return found.hexdigest()[:16]
