"""Many files from one line: a pattern of runs, and a file name with fields."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from reelnet.errors import RunError, UsageError, suggest_names
from reelnet.export.encoders.formats import FORMATS, is_figure
from reelnet.export.layers import ALL_LAYERS, select_layers
from reelnet.export.platforms.load import find_platform
from reelnet.export.request import ExportOptions
from reelnet.many.task import RenderTask
from reelnet.runs.run import RunReader
from reelnet.template.model import Template

FIELD = re.compile(r"\{([^{}]*)\}")

OUTPUT_FIELDS = ("run", "layer", "platform", "suffix")
"""What a file name may have in braces. `suffix` is what the platform prefers, without a dot."""


def is_pattern(run: str) -> bool:
    """Whether a text names runs by a pattern, not a folder that has such a name."""
    return glob.has_magic(run) and not Path(run).exists()


def is_many(run: str, file: str | None, platforms: Sequence[str]) -> bool:
    """Whether a run, a file name and platforms stand for many files: by a pattern, a field, or several names."""
    fields = {*FIELD.findall(file or "")} & {*OUTPUT_FIELDS}
    return is_pattern(run) or len(platforms) > 1 or bool(fields - {"layer"})


def find_runs(pattern: str) -> dict[str, str]:
    """The addresses of runs, by the names that stand for `{run}`.

    The name of a run is what the pattern leaves open: `a` for `runs/a` and `runs/*`, and `a_best` for `runs/a/best`
    and `runs/*/best`. Folders without a run are skipped.

    Args:
        pattern: An address, or a pattern with `*`, `?`, `[…]` or `**`.

    Raises:
        RunError: No run matches.
    """
    if not is_pattern(pattern):
        # The folder that `.` means has a name, too.
        path = pattern.rstrip("/") if "://" in pattern else os.path.normpath(Path(pattern).absolute())
        return {path.rpartition("/")[2]: pattern}
    fixed = Path(*_until_magic(Path(pattern).parts))
    found = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 - `Path.glob` takes no absolute pattern
    runs = [path for path in found if (Path(path) / "run.json").is_file()]
    if not runs:
        several = f"; none of the {len(found)} files and folders that match is a run" if found else ""
        raise RunError(f"{pattern}: no run matches{several}")
    # `runs/**` also finds `runs` itself.
    return {"_".join(Path(path).relative_to(fixed).parts) or fixed.name: path for path in runs}


def check_output(file: str, *, runs: int, platforms: Sequence[str]) -> None:
    """Raise the errors in a file name with fields.

    Args:
        file: The name.
        runs: The number of runs.
        platforms: The names of the platforms.

    Raises:
        UsageError: A platform or a field is unknown, a field has no value, or several runs or platforms would write
            one file.
    """
    for platform in platforms:
        find_platform(platform)
    fields = FIELD.findall(file)
    for name in fields:
        if name not in OUTPUT_FIELDS:
            raise UsageError(f"-o {file}: unknown field '{{{name}}}'; {suggest_names(name, OUTPUT_FIELDS)}")
        if name in ("platform", "suffix") and not platforms:
            raise UsageError(f"-o {file}: '{{{name}}}' needs --for")
    for name, count in (("run", runs), ("platform", len(platforms))):
        if count > 1 and name not in fields:
            raise UsageError(f"-o {file}: {count} {name}s need a file each; put '{{{name}}}' into the name")


def plan_tasks(
    run: RunReader,
    name: str,
    template: Template,
    file: str,
    *,
    layers: Sequence[str] = (),
    platforms: Sequence[str] = (),
    scale: int | None = None,
    fps: float | None = None,
    density: int | None = None,
    options: ExportOptions,
) -> Iterator[RenderTask]:
    """The files of one run; each has its report beside it, as `FILE.json`.

    Args:
        run: The run.
        name: What stands for `{run}`.
        template: The template.
        file: The name of each file, as `check_output` has checked it.
        layers: The layers, or `all`; by default the template's, or with `{layer}` in `file` every one.
        platforms: The platforms; without any, there is one file per layer.
        scale: Output pixels per map value.
        fps: Frames per second.
        density: Output pixels per pixel of the layout.
        options: The other options of each file.

    Raises:
        UsageError: Several layers would write one file, or the options do not fit the format.
    """
    names = select_layers(run, layers or (ALL_LAYERS,) * ("{layer}" in file))
    if len(names) > 1 and "{layer}" not in file and not is_figure(file):
        raise UsageError(f"-o {file}: {len(names)} layers need a file each; put '{{layer}}' into the name")
    groups: list[tuple[str | None, tuple[str, ...]]] = [(layer, ()) for layer in names] or [(None, ())]
    if "{layer}" not in file:
        # An interactive figure has a menu of layers.
        groups = [(groups[0][0], tuple(names[1:]))]
    for layer, others in groups:
        for platform in platforms or (None,):
            values = {"run": name, "layer": layer or "", "platform": platform or ""}
            if platform is not None and "{suffix}" in file:
                values["suffix"] = find_platform(platform).choose_format(FORMATS)[1:]
            output = expand_fields(file, values)
            task = RenderTask.for_run(
                run,
                output,
                template,
                layer=layer,
                others=others,
                scale=scale,
                fps=fps,
                density=density,
                **vars(replace(options, platform=platform)),
            )
            yield replace(task, report=f"{output}.json")


def expand_fields(file: str, values: Mapping[str, str]) -> str:
    """Put values into a file name. A slash in one of them does not start a folder."""
    return FIELD.sub(lambda field: values[field[1]].replace("/", "_"), file)


def _until_magic(parts: Sequence[str]) -> Iterator[str]:
    for part in parts:
        if glob.has_magic(part):
            return
        yield part
