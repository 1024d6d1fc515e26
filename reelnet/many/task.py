"""A file to render, as plain data that any process of any machine can be sent."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from reelnet._support.arguments import (
    describe_value,
    require_integer,
    require_mapping,
    require_number,
    require_path,
    require_texts,
)
from reelnet.config.spec import MAX_DENSITY
from reelnet.errors import UsageError, suggest_names
from reelnet.export.fitting_template import load_template_for
from reelnet.export.provenance import build_described, describe_template
from reelnet.export.request import ExportOptions, ExportRequest
from reelnet.render.rendition import LayoutRequest, Rendition
from reelnet.runs.run import RunReader
from reelnet.scene.layout.scale_search import MAX_SCALE
from reelnet.template.model import Template
from reelnet.template.settings import read_settings
from reelnet.template.source import read_template_argument


@dataclass(frozen=True)
class RenderTask:
    """One file to render; `render_many` renders many of them.

    `for_run` makes one from a run and a template. `as_json` and `from_json` are inverse to each other.

        task = reelnet.RenderTask.for_run(run, "conv2.gif", layer="conv2", max_size="3 MB")

    Attributes:
        run: The address of the run: its folder, or a URL. A relative one starts from the folder of the process that
            renders.
        output: The file, likewise.
        template: The content of the template, with all that it extends. Its files have absolute paths.
        template_name: The name of the template, for messages.
        layer: The layer that is shown; None for the template's.
        others: Further layers of an interactive figure, in the order of its menu.
        step: The training step of a still; None for an animation.
        scale: Output pixels per map value, 1 to 256; None for the template's.
        fps: Frames per second; None for the template's.
        density: Output pixels per pixel of the layout, 1 to 4; None for the template's, or what suits the format.
        options: The options of the file.
        report: Where the report goes, with all that `reelnet again` needs; None for nowhere.
    """

    run: str
    output: str
    template: Mapping[str, Any]
    template_name: str = "template"
    layer: str | None = None
    others: tuple[str, ...] = ()
    step: int | None = None
    scale: int | None = None
    fps: float | None = None
    density: int | None = None
    options: ExportOptions = field(default_factory=ExportOptions)
    report: str | None = None

    @classmethod
    def for_run(
        cls,
        run: RunReader,
        output: str | os.PathLike[str],
        template: str | os.PathLike[str] | Mapping[str, Any] | Template = "article",
        *,
        layer: str | None = None,
        others: Sequence[str] = (),
        step: int | None = None,
        scale: int | None = None,
        fps: float | None = None,
        density: int | None = None,
        settings: Sequence[str] | Mapping[str, Any] = (),
        **options: Any,
    ) -> RenderTask:
        """A task to show a run. Nothing is laid out yet, and no array is read.

        Args:
            run: The run, as `reelnet.open` opens it.
            output: The file to write; its suffix selects the format.
            template: As for `Run.reel`.
            layer: The layer to show; by default the template's, or else the last one with feature maps.
            others: Further layers of an interactive figure (.html).
            step: The training step of a still; without it, the file is an animation.
            scale: Output pixels per map value.
            fps: Frames per second.
            density: Output pixels per pixel of the layout, 1 to 4.
            settings: Keys of the template to change, as for `Run.reel`.
            options: As for `Reel.save`: `lossless`, `codec`, `max_size`, `platform`, `max_error`, `keep` and `split`;
                or as for `Reel.save_still`: `width` and `dpi`.

        Raises:
            UsageError: A value is invalid, or does not fit the format.
            TemplateError: The template is unknown or invalid.
        """
        changes = read_settings(settings)
        if not isinstance(template, Template):
            template = load_template_for(run, read_template_argument(template), changes, layer)
        elif changes:
            raise UsageError("settings change a template by name or file, but this one is loaded already")
        content, _ = describe_template(template)
        rest = {"others": others, "step": step, "scale": scale, "fps": fps, "density": density}
        return cls.from_json(
            {
                "run": run.location,
                "output": require_path("output", output),
                "template": content,
                "template_name": template.name,
                "layer": layer,
                **rest,
                "options": options,
            }
        )

    @classmethod
    def from_json(cls, content: Any) -> RenderTask:
        """The task that `as_json` described.

        Raises:
            UsageError: A key is missing or unknown, a value is invalid, or the options do not fit the format.
        """
        values = dict(require_mapping("task", content))
        _require_known("a task", values, [each.name for each in fields(cls)])
        missing = [name for name in ("run", "output", "template") if name not in values]
        if missing:
            raise UsageError(f"task {describe_value(values)}: has no {missing[0]!r}")
        for name in ("run", "output", "template_name", "layer", "report"):
            value = values.get(name)
            if not (isinstance(value, str) or (value is None and name not in ("run", "output"))):
                raise UsageError(f"task: {name} {describe_value(value)}: give a text")
        options = dict(require_mapping("options", values.get("options")))
        _require_known("options", options, [each.name for each in fields(ExportOptions)])
        keep = options.get("keep") or ()
        task = cls(
            run=values["run"],
            output=values["output"],
            template=require_mapping("template", values["template"]),
            template_name=values.get("template_name") or cls.template_name,
            layer=values.get("layer"),
            others=require_texts("others", values.get("others") or (), example='["conv2"]'),
            step=_read(require_integer, "step", values, 0, 2**63 - 1),
            scale=_read(require_integer, "scale", values, 1, MAX_SCALE),
            fps=_read(require_number, "fps", values, 0.01, 1000),
            density=_read(require_integer, "density", values, 1, MAX_DENSITY),
            options=ExportOptions(**options | {"keep": keep if isinstance(keep, str) else tuple(keep)}),
            report=values.get("report"),
        )
        if task.step is None:
            task.options.resolve(Path(task.output))
        else:
            task.options.resolve_still(Path(task.output))
        return task

    def as_json(self) -> dict[str, Any]:
        """The task for `json.dumps`."""
        options = asdict(self.options)
        keep = self.options.keep
        options["keep"] = keep if isinstance(keep, str) else [*keep]
        return {**self.__dict__, "others": [*self.others], "options": options}

    def resolve(self) -> ExportRequest:
        """Open the run and lay it out.

        Raises:
            RunError: The run is missing, empty or damaged.
            UsageError: The layer or the step was not recorded.
            TemplateError: The template does not fit the run, or has more colors than the format.
        """
        run = RunReader(self.run)
        template = build_described(self.template_name, self.template)
        layout = LayoutRequest(template, None, self.scale, self.fps, density=self.density)
        rendition, *others = (
            Rendition.from_request(run, replace(layout, layer=layer)) for layer in (self.layer, *self.others)
        )
        request = ExportRequest(rendition, Path(self.output), self.step, self.options, tuple(others))
        request.check()
        return request


def _require_known(what: str, values: Mapping[str, Any], known: Sequence[str]) -> None:
    for name in values:
        if name not in known:
            raise UsageError(f"{what}: unknown key {name!r}; {suggest_names(str(name), known)}")


def _read(require: Any, name: str, values: Mapping[str, Any], low: float, high: float) -> Any:
    """A number of a task; None if there is none."""
    value = values.get(name)
    return None if value is None else require(name, value, low, high)
