"""The files that a template asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

from reelnet._support.byte_size import parse_size
from reelnet.config.diagnostics import ErrorCollector, OptionError
from reelnet.errors import UsageError
from reelnet.export.encoders.formats import find_format, is_sequence
from reelnet.export.platforms.load import find_platform
from reelnet.export.request import ExportOptions, ExportRequest
from reelnet.render.rendition import LayoutRequest, Rendition
from reelnet.runs.header import displayable_layers
from reelnet.runs.run import RunReader
from reelnet.scene.resolve import recorded_layer
from reelnet.scene.timeline.selection import resolve_step
from reelnet.template.model import Output, OutputSpec, Template

FIELD = re.compile(r"\{([^{}]*)\}")


def planned(
    run: RunReader,
    template: Template,
    *,
    layers: Sequence[str] = (),
    scale: int | None = None,
    fps: float | None = None,
    options: ExportOptions | None = None,
    folder: Path = Path(),
) -> list[ExportRequest]:
    """The files of a template's `outputs`, all of them resolved before the first is written.

    Args:
        run: What was recorded.
        template: What the author wrote.
        layers: Layers to show instead of those that an output names.
        scale: Canvas pixels a map value, instead of those that an output names.
        fps: Frames a second, instead of the timeline's.
        options: Options of every file; they take precedence over those of an output.
        folder: What the outputs' paths are relative to.

    Raises:
        TemplateError: The template has no outputs, or one that this run cannot show.
    """
    if not template.outputs:
        raise UsageError(
            f"template {template.name!r}: names no outputs; give -o FILE, or add 'outputs' to the template"
        )
    found: list[ExportRequest] = []
    errors = ErrorCollector(template.source_map)
    with errors.collect():
        check_outputs(template)
    for output in template.outputs:
        with errors.collect(*output.path):
            for each in _files(run, template, output, layers, scale, fps, options or ExportOptions(), folder):
                with errors.collect(*output.path, "path"):
                    require_new(each.path, [other.path for other in found])
                found.append(each)
    errors.raise_errors()
    return found


def check_outputs(template: Template) -> None:
    """Make sure of what can be told of a template's outputs without a run.

    Raises:
        TemplateError: A path has no suffix or field that is known, a step stands beside an animation, or a file would
            be written twice.
    """
    errors = ErrorCollector(template.source_map)
    plain: list[Path] = []
    for output in template.outputs:
        spec = output.spec
        with errors.collect(*output.path, "path"):
            require_form(spec)
            several = isinstance(spec.layers, tuple) and len(spec.layers) > 1
            path = Path(named(spec.path, "{layer}", several=several))
            if "{layer}" not in spec.path:
                require_new(path, plain)
                plain.append(path)
        with errors.collect(*output.path, "step"):
            if spec.step is not None and not is_still(spec):
                raise ValueError("a step makes a still; let the path end in .png")
        with errors.collect(*output.path):
            require_cap(spec)
    errors.raise_errors()


def _files(
    run: RunReader,
    template: Template,
    output: Output,
    layers: Sequence[str],
    scale: int | None,
    fps: float | None,
    options: ExportOptions,
    folder: Path,
) -> list[ExportRequest]:
    spec, varied, errors = output.spec, output.apply_to(template), ErrorCollector()
    wanted: list[str | None] = [*layers] or [None]
    step = None
    with errors.collect("layers"):
        wanted = [*layers] or [*named_layers(spec.layers, run)] or wanted
    with errors.collect("step"):
        step = still_step(spec.step, run) if is_still(spec) else None
    errors.raise_errors()
    layer_errors, found = ErrorCollector(varied.source_map), []
    for layer in wanted:
        with layer_errors.collect(*output.path):
            # A layer or a scale may come from the command line; all else stands in the template.
            with as_misfit() if not layers and scale is None and fps is None else nullcontext():
                rendition = Rendition.from_request(run, LayoutRequest(varied, layer, scale, fps))
            with layer_errors.collect(*output.path, "path"):
                path = folder / named(spec.path, rendition.layer, several=len(wanted) > 1)
                found.append(ExportRequest(rendition, path, step, options.override(asked_of(spec))))
    layer_errors.raise_errors()
    return found


@contextmanager
def as_misfit() -> Iterator[None]:
    """What would be wrong usage if it did not stand in a template."""
    try:
        yield
    except UsageError as error:
        raise OptionError(str(error)) from error


def is_still(spec: OutputSpec) -> bool:
    """Whether an output is a picture of one step."""
    return spec.path.lower().endswith(".png") and not is_sequence(spec.path)


def require_form(spec: OutputSpec) -> None:
    """Make sure that there are files of an output's suffix.

    Raises:
        OptionError: There are none.
    """
    if not is_still(spec):
        with as_misfit():
            find_format(spec.path)


def require_cap(spec: OutputSpec) -> None:
    """Make sure that an output's cap can be one of its file, and that what is for a cap has one.

    Raises:
        OptionError: It cannot, or there is none.
    """
    errors, asked, path = ErrorCollector(), asked_of(spec), Path(spec.path)
    with errors.collect("for"), as_misfit():
        if spec.for_ is not None:
            known = find_platform(spec.for_)
            if path.suffix and not is_still(spec):
                known.find_constraints(path.suffix)
    with errors.collect("max_size"), as_misfit():
        if spec.max_size is not None:
            parse_size(spec.max_size)
    for key, given in (("max_error", spec.max_error is not None), ("keep", bool(spec.keep))):
        with errors.collect(key):
            if given and not asked.has_cap:
                raise OptionError("is for a cap; add max_size or for")
    with errors.collect("for" if spec.for_ is not None else "max_size"):
        if asked.has_cap and (is_still(spec) or is_sequence(spec.path)):
            raise OptionError(f"a cap is for an animation in one file; name one, such as {path.stem}.gif")
    errors.raise_errors()


def asked_of(spec: OutputSpec) -> ExportOptions:
    """What an output asks itself."""
    return ExportOptions(max_size=spec.max_size, platform=spec.for_, max_error=spec.max_error, keep=spec.keep)


def require_new(path: Path, others: Sequence[Path]) -> None:
    """Make sure that no other output has the same file.

    Raises:
        OptionError: One has.
    """
    if path in others:
        raise OptionError(f"{path} would be written twice; give each output a file of its own")


def named_layers(layers: tuple[str, ...] | str | None, run: RunReader) -> list[str]:
    """The layers that an output names.

    Raises:
        OptionError: Some were not recorded, or are no layers.
    """
    if layers == "all":
        return displayable_layers(run.taps)
    errors, found = ErrorCollector(), []
    for number, layer in enumerate(layers or ()):
        with errors.collect(number):
            found.append(recorded_layer(layer, run))
    errors.raise_errors()
    return found


def still_step(step: int | str | None, run: RunReader) -> int:
    """The training step of a still.

    Raises:
        OptionError: It was not recorded.
    """
    if isinstance(step, int):
        resolve_step(run.steps, step)
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
