"""The files that a template asks for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from reelnet.errors import TemplateError, UsageError
from reelnet.export.encoder import require_encoder
from reelnet.export.formats import is_sequence
from reelnet.reel import Reel
from reelnet.runs.header import layers_of
from reelnet.runs.run import Run
from reelnet.scene.measure import told
from reelnet.template.spec import Output, Template

FIELD = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class Planned:
    """A file to write.

    Attributes:
        reel: What it shows.
        path: Where it goes.
        step: The step of a still; None for an animation.
    """

    reel: Reel
    path: Path
    step: int | None = None


def planned(
    run: Run,
    template: Template,
    *,
    layers: Sequence[str] = (),
    scale: int | None = None,
    fps: float | None = None,
    folder: Path = Path(),
) -> list[Planned]:
    """The files of a template's `outputs`, all of them resolved before the first is written.

    Args:
        run: What was recorded.
        template: What the author wrote.
        layers: Layers to show instead of those that an output names.
        scale: Canvas pixels a map value, instead of those that an output names.
        fps: Frames a second, instead of the timeline's.
        folder: What the outputs' paths are relative to.

    Raises:
        TemplateError: The template has no outputs, or one that this run cannot show.
    """
    if not template.outputs:
        raise UsageError(
            f"template {template.name!r}: names no outputs; give -o FILE, or add 'outputs' to the template"
        )
    found = []
    for output in template.outputs:
        try:
            with told(template, *output.path):
                found += list(_files(run, template, output, layers, scale, fps, folder))
        except UsageError as error:
            # A layer or a scale may come from the command line; all else stands in the template.
            if layers or scale is not None or fps is not None:
                raise
            raise TemplateError(template.places.line(output.path, str(error))) from error
    paths = [each.path for each in found]
    for path in paths:
        if paths.count(path) > 1:
            raise TemplateError(template.places.line(("outputs",), f"{path} would be written twice"))
    return found


def _files(
    run: Run,
    template: Template,
    output: Output,
    layers: Sequence[str],
    scale: int | None,
    fps: float | None,
    folder: Path,
) -> Iterable[Planned]:
    spec = output.spec
    varied = replace(template, timeline=output.timeline)
    wanted: list[str | None] = [*layers] or [*named_layers(spec.layers, run)] or [template.layer]
    still = spec.path.lower().endswith(".png") and not is_sequence(spec.path)
    if not still:
        require_encoder(spec.path)
    if spec.step is not None and not still:
        raise ValueError(f"{spec.path}: a step makes a still; name the file .png")
    for layer in wanted:
        reel = Reel.of(run, varied, layer=layer, scale=scale or spec.scale, fps=fps)
        path = folder / named(spec.path, reel.layer, several=len(wanted) > 1)
        yield Planned(reel, path, still_step(spec.step, run) if still else None)


def named_layers(layers: tuple[str, ...] | str | None, run: Run) -> list[str]:
    """The layers that an output names."""
    if layers == "all":
        return layers_of(run.taps)
    return list(layers or ())


def still_step(step: int | str | None, run: Run) -> int:
    """The training step of a still."""
    if isinstance(step, int):
        run.require_step(step)
        return step
    return run.steps[0] if step == "first" else run.steps[-1]


def named(file: str, layer: str, *, several: bool) -> str:
    """A file's name with the layer's in place of `{layer}`.

    Raises:
        ValueError: Several layers would go to one file, or there is an unknown field.
    """
    for name in FIELD.findall(file):
        if name != "layer":
            raise ValueError(f"{file}: unknown field '{{{name}}}'; only '{{layer}}' is known")
    if several and "{layer}" not in file:
        path = Path(file)
        raise ValueError(f"{file}: several layers need a file each; write {path.stem}-{{layer}}{path.suffix}")
    # A slash in a layer's name is no folder.
    return file.replace("{layer}", layer.replace("/", "_"))
