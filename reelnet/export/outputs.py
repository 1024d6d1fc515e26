"""Resolution of the `outputs` of a template into export requests."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from reelnet._support.byte_size import parse_size
from reelnet.config.diagnostics import ErrorCollector, OptionError
from reelnet.config.source import expand_home
from reelnet.errors import UsageError
from reelnet.export.encoders.formats import find_format, is_figure, is_sequence
from reelnet.export.platforms.load import find_platform
from reelnet.export.request import ExportOptions, ExportRequest
from reelnet.export.still import STILL_SUFFIXES, StillRequest, is_still
from reelnet.render.rendition import LayoutRequest, Rendition
from reelnet.runs.header import displayable_layers
from reelnet.runs.run import RunReader
from reelnet.scene.resolve import resolve_layer
from reelnet.scene.timeline.selection import resolve_step
from reelnet.template.model import Output, OutputSpec, Template

MAX_NAME_BYTES = 255
"""Longest name of a file or folder that common file systems accept."""

FIELD = re.compile(r"\{([^{}]*)\}")


def resolve_outputs(
    run: RunReader,
    template: Template,
    *,
    layers: Sequence[str] = (),
    scale: int | None = None,
    fps: float | None = None,
    density: int | None = None,
    options: ExportOptions | None = None,
) -> list[ExportRequest]:
    """The files of a template's `outputs`. All errors are found before the first file is written.

    Args:
        run: The recording to show.
        template: The template.
        layers: The layers to show; by default those that each output names.
        scale: Output pixels per map value; by default that of each output.
        fps: Frames per second; by default that of the timeline.
        density: Output pixels per pixel of the layout; by default that of each output, or of its format.
        options: Options of every file, which override those of the outputs.

    Raises:
        UsageError: The template has no outputs.
        TemplateError: An output is invalid or does not fit the run.
    """
    if not template.outputs:
        raise UsageError(f"template {template.name!r}: has no outputs; give -o FILE, or add 'outputs' to it")
    requests: list[ExportRequest] = []
    errors = ErrorCollector(template.source_map)
    with errors.collect():
        check_outputs(template)
    for output in template.outputs:
        with errors.collect(*output.path):
            layout = LayoutRequest(output.apply_to(template), None, scale, fps, density=density)
            for request in _resolve_output(run, layout, output, layers, options):
                with errors.collect(*output.path, "path"):
                    _check_unique(request.path, [other.path for other in requests])
                requests.append(request)
    errors.raise_errors()
    return requests


def check_outputs(template: Template) -> None:
    """Raise the errors in a template's outputs that can be found without a run.

    Raises:
        TemplateError: A path has an unknown suffix or field, an animation has a step, a cap or a platform does not
            fit its file, or two outputs write the same file.
    """
    errors = ErrorCollector(template.source_map)
    paths: list[Path] = []
    for output in template.outputs:
        spec = output.spec
        with errors.collect(*output.path, "path"):
            if not is_still(spec.path):
                with _as_option_error():
                    find_format(spec.path)
            several = isinstance(spec.layers, tuple) and len(spec.layers) > 1
            path = expand_home(expand_layer(spec.path, "{layer}", several=several))
            _check_names(path)
            if "{layer}" not in spec.path:
                _check_unique(path, paths)
                paths.append(path)
        with errors.collect(*output.path, "density"):
            if spec.density is not None and is_figure(spec.path):
                raise OptionError("a figure is sharp at any density; leave it out")
        with errors.collect(*output.path, "step"):
            if spec.step is not None and not is_still(spec.path):
                names = ", ".join(STILL_SUFFIXES)
                raise OptionError(f"only a still has a step; give a path that ends in {names}")
        with errors.collect(*output.path):
            _check_cap(spec)
        for key in ("width", "dpi"):
            with errors.collect(*output.path, key), _as_option_error():
                _check_still_option(spec, key)
    errors.raise_errors()


def _resolve_output(
    run: RunReader,
    layout: LayoutRequest,
    output: Output,
    layers: Sequence[str],
    options: ExportOptions | None,
) -> list[ExportRequest]:
    spec, errors, template = output.spec, ErrorCollector(), layout.template
    wanted: list[str | None] = [*layers] or [None]
    step = None
    with errors.collect("layers"):
        wanted = [*layers] or [*_resolve_layers(spec.layers, run)] or wanted
    with errors.collect("step"):
        step = _resolve_still_step(spec.step, run) if is_still(spec.path) else None
    errors.raise_errors()
    options = (options or ExportOptions()).override(_options_from_spec(spec))
    layer_errors, requests = ErrorCollector(template.source_map), list[ExportRequest]()
    for layer in wanted:
        with layer_errors.collect(*output.path):
            # Without options of the command line, every error is one of the template.
            is_plain = layout == LayoutRequest(template) and not layers
            with _as_option_error() if is_plain else nullcontext():
                rendition = Rendition.from_request(run, replace(layout, layer=layer))
            with layer_errors.collect(*output.path, "path"):
                path = expand_home(expand_layer(spec.path, rendition.layer, several=len(wanted) > 1))
                _check_names(path)
                requests.append(ExportRequest(rendition, path, step, options))
    layer_errors.raise_errors()
    return [*merge_figures(requests)]


def merge_figures(requests: Sequence[ExportRequest]) -> Iterator[ExportRequest]:
    """The requests of an output, with those of the same interactive figure as one with several layers."""
    for path, group in groupby(requests, lambda request: request.path):
        first, *others = group
        if is_figure(path):
            yield replace(first, others=tuple(request.rendition for request in others))
        else:
            yield from (first, *others)


def check_outputs_with_run(template: Template, run: RunReader) -> None:
    """Raise the errors in a template's outputs, and what in them does not fit a run, without laying them out.

    Raises:
        TemplateError: See `check_outputs`; or a layer or step was not recorded.
    """
    errors = ErrorCollector(template.source_map)
    with errors.collect():
        check_outputs(template)
    for output in template.outputs:
        with errors.collect(*output.path, "layers"):
            _resolve_layers(output.spec.layers, run)
        with errors.collect(*output.path, "step"):
            if is_still(output.spec.path):
                _resolve_still_step(output.spec.step, run)
    errors.raise_errors()


@contextmanager
def _as_option_error() -> Iterator[None]:
    """Turn a usage error into an error of the template's option."""
    try:
        yield
    except UsageError as error:
        raise OptionError(str(error)) from error


def _check_cap(spec: OutputSpec) -> None:
    """Raise the errors of the options about a cap.

    Raises:
        OptionError: A cap or platform does not fit the file, or an option needs a cap.
    """
    errors, options, path = ErrorCollector(), _options_from_spec(spec), Path(spec.path)
    with errors.collect("for"), _as_option_error():
        if spec.for_ is not None:
            platform = find_platform(spec.for_)
            if path.suffix and not is_still(spec.path):
                platform.find_constraints(path.suffix)
    with errors.collect("max_size"), _as_option_error():
        if spec.max_size is not None:
            parse_size(spec.max_size)
    for key, given in (("max_error", spec.max_error is not None), ("keep", bool(spec.keep))):
        with errors.collect(key):
            if given and not options.has_cap:
                raise OptionError("needs a cap; add max_size or for")
    with errors.collect("for" if spec.for_ is not None else "max_size"):
        if options.has_cap and (is_still(spec.path) or is_sequence(spec.path)):
            raise OptionError(f"a cap needs an animation in a single file, such as {path.stem}.gif")
    errors.raise_errors()


def _check_still_option(spec: OutputSpec, key: str) -> None:
    """Raise the errors of an option of stills.

    Raises:
        OptionError: The file is an animation.
        UsageError: The value is out of range, or does not fit the file.
    """
    value = getattr(spec, key)
    if value is not None and not is_still(spec.path):
        raise OptionError(f"is for stills; give a path that ends in {', '.join(STILL_SUFFIXES)}")
    if value is not None:
        StillRequest.resolve(Path(spec.path), **{key: value})


def _check_names(path: Path) -> None:
    """Check that every name of a path can be that of a file or folder.

    Raises:
        OptionError: A name is too long.
    """
    for name in path.parts:
        if len(os.fsencode(name)) > MAX_NAME_BYTES:
            raise OptionError(f"a name has at most {MAX_NAME_BYTES} bytes, but {name!r} has more")


def _options_from_spec(spec: OutputSpec) -> ExportOptions:
    return ExportOptions(
        max_size=spec.max_size,
        platform=spec.for_,
        max_error=spec.max_error,
        keep=spec.keep,
        width=spec.width,
        dpi=spec.dpi,
    )


def _check_unique(path: Path, others: Sequence[Path]) -> None:
    if path in others:
        raise OptionError(f"{path} would be written twice; give each output its own file")


def _resolve_layers(layers: tuple[str, ...] | str | None, run: RunReader) -> list[str]:
    """The layers that an output names.

    Raises:
        OptionError: A layer was not recorded, or cannot be displayed.
    """
    if layers == "all":
        return displayable_layers(run.taps)
    errors, resolved = ErrorCollector(), []
    for number, layer in enumerate(layers or ()):
        with errors.collect(number):
            resolved.append(resolve_layer(layer, run))
    errors.raise_errors()
    return resolved


def _resolve_still_step(step: int | str | None, run: RunReader) -> int:
    """The training step of a still.

    Raises:
        OptionError: The step was not recorded.
    """
    if isinstance(step, int):
        resolve_step(run.steps, step)
        return step
    return run.steps[0] if step == "first" else run.steps[-1]


def expand_layer(file: str, layer: str, *, several: bool) -> str:
    """Replace `{layer}` in a file name.

    Raises:
        OptionError: The name has an unknown field, or several layers would be written to one file.
    """
    for name in FIELD.findall(file):
        if name != "layer":
            raise OptionError(f"{file}: unknown field '{{{name}}}'; only '{{layer}}' is known")
    if several and "{layer}" not in file and not is_figure(file):
        path = Path(file)
        raise OptionError(f"{file}: each layer needs its own file; write {path.stem}-{{layer}}{path.suffix}")
    # A slash in the name of a layer does not start a folder.
    return file.replace("{layer}", layer.replace("/", "_"))
