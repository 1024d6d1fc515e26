"""The preview of a run: answers what a page asks, and tells it what changes on disk."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

from reelnet._support.arguments import require_path
from reelnet.config.source import MAX_FILE_BYTES
from reelnet.config.spec import DEFAULT_DENSITY
from reelnet.errors import ReelnetError, TemplateError, UsageError, suggest_names
from reelnet.export.encoders.formats import FIGURE, FORMATS
from reelnet.export.encoders.png import encode_png
from reelnet.export.html.color_table import format_color
from reelnet.export.outputs import resolve_outputs
from reelnet.export.platforms.load import load_platforms
from reelnet.export.request import ExportRequest
from reelnet.preview.answer import Answer, Arguments, View
from reelnet.preview.files.family import Family
from reelnet.preview.files.template_files import TemplateFiles, describe_template, is_writable, shorten_path
from reelnet.preview.files.watch import MAX_LOAD, OnEvent, RunWatch, TemplateWatch, Watcher
from reelnet.preview.keys.completion import complete
from reelnet.preview.keys.controls import list_controls
from reelnet.preview.keys.panel_keys import describe_panel
from reelnet.preview.keys.run_words import RunWords
from reelnet.preview.keys.set_control import set_control
from reelnet.preview.layout_worker import LayoutWorker, Overtaken, Work
from reelnet.preview.products.figures import Figures, TooLargeError
from reelnet.preview.products.forecasts import Forecasts
from reelnet.preview.products.rendered_file import RenderedFile
from reelnet.preview.products.renders import Renders
from reelnet.preview.products.target import Target
from reelnet.preview.products.thumbnails import Thumbnails
from reelnet.preview.scenes import Scenes, describe_panels, diagnose
from reelnet.render.registry import panel_registry
from reelnet.render.rendition import Rendition
from reelnet.runs.header import displayable_layers
from reelnet.runs.run import RunReader
from reelnet.template.load import load_draft
from reelnet.template.source import TemplateText

MAX_STEP = 2**63 - 1
MAX_OFFSET = MAX_FILE_BYTES
MAX_DENSITY = 2
"""Output pixels per pixel of the layout in pictures; more than the pixels of a screen can show is not drawn."""

MAX_PIXEL_RATIO = 3
MAX_THUMBNAIL_WIDTH = 1200


class Preview:
    """Answers what a page asks about a run: layouts, pictures, mistakes, files to write.

    It knows nothing of how the page reaches it. All methods may be called from several threads.

        with Preview("runs/mnist", "article") as preview:
            answer = preview.call("open", {})

    Args:
        run: The run folder or URL.
        template: The name or the file of the template to begin with, or its text.
        layer: The layer to begin with; None for the template's.
        step: The step to begin with; None for the last one.
        folder: The folder for files that the page has written.

    Raises:
        RunError: There is no run at `run`, or it is damaged.
        TemplateError: There is no such template.
        UsageError: The layer was not recorded.
    """

    def __init__(
        self,
        run: str | os.PathLike[str],
        template: str | os.PathLike[str] | TemplateText = "article",
        *,
        layer: str | None = None,
        step: int | None = None,
        folder: str | os.PathLike[str] = "renders",
    ) -> None:
        self._run = RunReader(run)
        if layer is not None:
            self._run.tap(layer)
        if not isinstance(template, TemplateText):
            template = require_path("template", template)
        self._files = TemplateFiles(template)
        self._layer, self._step = layer, step
        self._scenes = Scenes(self._run, self._files)
        self._figures, self._forecasts = Figures(), Forecasts()
        self._thumbnails = Thumbnails(self._scenes)
        self._worker = LayoutWorker()
        self._renders = Renders(Path(folder), self._tell)
        self._density = 1
        self._listeners: dict[object, OnEvent] = {}
        self._run_watch = RunWatch(
            self._run.store.is_locked,
            self._refresh,
            lambda: None if self._worker.is_drawing else self._worker.picture_seconds,
        )
        self._template_watch = TemplateWatch(self._files)
        self._watcher = Watcher([self._template_watch.look, self._run_watch.look], self._tell)
        self._methods: Mapping[str, Callable[[Arguments], Answer]] = {
            "open": self._open,
            "read": self._read,
            "check": self._check,
            "layout": self._lay_out,
            "picture": self._draw,
            "figure": self._describe_figure,
            "complete": self._complete,
            "controls": self._list_controls,
            "set": self._set,
            "panel": self._describe_panel,
            "thumbnail": self._draw_thumbnail,
            "forecast": self._forecast,
            "render": self._render,
            "cancel": self._cancel,
            "save": self._save,
            "save_as": self._save_as,
        }

    def call(self, method: str, arguments: Mapping[str, Any]) -> Answer:
        """Answer a question of a page.

        Args:
            method: The name of the question.
            arguments: Its arguments, as JSON has them.

        Raises:
            UsageError: The method is unknown, or an argument is missing, unknown or of a wrong type.
            ReelnetError: What a user can mend, on one line.
        """
        if method not in self._methods:
            raise UsageError(f"no method {method!r}; {suggest_names(str(method), self._methods)}")
        return self._methods[method](Arguments(arguments, method))

    def subscribe(self, on_event: OnEvent) -> Callable[[], None]:
        """Hear of changes.

        Args:
            on_event: Called in other threads with the name and the content of each event: `file`, `templates`, `run`,
                `job` and `end`. It must return soon.

        Returns:
            A function that ends it.
        """
        key = object()
        self._listeners[key] = on_event
        return lambda: self._listeners.pop(key, None) and None

    def find_source(self, view: View) -> TemplateText:
        """The text of a view, with the file that it belongs to.

        Raises:
            UsageError: No template has this name.
            TemplateError: The file cannot be read.
        """
        return self._files.find_source(view)

    def find_render(self, job: str, number: int) -> RenderedFile | None:
        """A file that a job has written; see `Renders.find`."""
        return self._renders.find(job, number)

    def close(self) -> None:
        """Stop all work."""
        self._watcher.close()
        self._renders.close()
        self._worker.close()
        self._tell("end", {})

    def _tell(self, name: str, content: Mapping[str, Any]) -> None:
        """Tell all listeners of an event."""
        for on_event in [*self._listeners.values()]:
            on_event(name, content)

    def _refresh(self) -> tuple[list[int], bool]:
        """Read what was recorded meanwhile. Returns the steps, and whether they changed."""

        def refresh() -> bool:
            before = self._run.steps
            self._run.refresh()
            if self._run.steps == before:
                return False
            self._scenes.clear()
            self._figures.clear()
            return True

        # A log may be missing while a run is replaced.
        with suppress(ReelnetError):
            is_new = self._worker.do(Work.LAYOUT, refresh)
            return self._run.steps, is_new
        return self._run.steps, False

    def __enter__(self) -> Preview:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _open(self, arguments: Arguments) -> Answer:
        """What there is to look at."""
        return self._worker.do(Work.LAYOUT, self._describe)

    def _describe(self) -> Answer:
        run = self._run
        return Answer(
            {
                "version": metadata.version("reelnet"),
                "run": {
                    "name": run.location,
                    "steps": run.steps,
                    "layers": [
                        {"name": name, "shape": run.taps[name].shape} for name in displayable_layers(run.taps)
                    ],
                    "samples": len(run.samples),
                    "labels": run.labels,
                    "growing": self._run_watch.growing,
                },
                "templates": [
                    {
                        "name": name,
                        **_describe_file(self._files, name),
                        "file": shorten_path(file),
                        "writable": is_writable(file),
                    }
                    for name, file in self._files.list_files().items()
                ],
                "start": {
                    "template": self._files.given,
                    "layer": self._layer,
                    "step": self._find_step(self._step) if run.steps else None,
                },
                "platforms": [
                    {"name": each.name, "formats": each.formats, "cap": each.groups[0].constraints.max_bytes}
                    for each in load_platforms().values()
                ],
                "formats": [*FORMATS, FIGURE.suffix],
                "folder": str(self._renders.folder),
            }
        )

    def _describe_panel(self, arguments: Arguments) -> Answer:
        """The keys of a panel."""
        source = self._files.find_source(arguments.view())
        template = load_draft(source, panel_registry()).template
        return Answer(describe_panel(template, arguments.text("panel"), Path(source.name)))

    def _complete(self, arguments: Arguments) -> Answer:
        """What may be written at a place of the text."""
        source, offset = self._files.find_source(arguments.view()), arguments.integer("offset", 0, MAX_OFFSET)
        last = self._scenes.last
        words = RunWords.of(self._run, None if last is None else last.scene.context)
        return Answer(complete(source, offset, words))

    def _list_controls(self, arguments: Arguments) -> Answer:
        """The common keys as controls; an invalid template has none."""
        view = arguments.view()

        def make() -> Answer:
            rendition = self._scenes.lay_out(view, self._density)
            return Answer({"groups": list_controls(rendition, self._files.find_source(view))})

        return self._worker.do(Work.LAYOUT, make)

    def _set(self, arguments: Arguments) -> Answer:
        """The text with another value of a key."""
        source = self._files.find_source(arguments.view())
        return Answer({"text": set_control(source, arguments.text("key"), arguments.value("value"))})

    def _draw_thumbnail(self, arguments: Arguments) -> Answer:
        """A small picture of what a template makes of the run."""
        family = Family.find(self._files.read_source(arguments.text("template")))
        layer, width = arguments.optional_text("layer"), arguments.integer("width", 16, MAX_THUMBNAIL_WIDTH)
        picture = self._worker.do(Work.THUMBNAIL, lambda: self._thumbnails.draw(family, layer, width))
        return Answer({}, (picture,))

    def _forecast(self, arguments: Arguments) -> Answer:
        """How large a file would be."""
        target = self._read_target(arguments)
        if target is None:
            raise UsageError("forecast: give a platform or a suffix")

        def ask(view: View) -> Answer:
            return self._forecasts.ask(
                self._scenes.lay_out(view, DEFAULT_DENSITY), target, self._worker.pause
            )

        return self._queue(Work.FORECAST, arguments, ask)

    def _render(self, arguments: Arguments) -> Answer:
        """Have the file for a platform or of a format written, or those of the template."""
        view = arguments.view()
        target = self._read_target(arguments)

        def resolve() -> Sequence[ExportRequest]:
            rendition = self._scenes.lay_out(view, DEFAULT_DENSITY)
            if target is None:
                layers = [] if view.layer is None else [view.layer]
                return resolve_outputs(self._run, rendition.request.template, layers=layers)
            return [target.make_request(rendition, self._renders.folder)]

        return Answer({"job": self._renders.start(self._worker.do(Work.LAYOUT, resolve))})

    def _read_target(self, arguments: Arguments) -> Target | None:
        """The file that is meant; None for those of the template."""
        if arguments.flag("outputs"):
            return None
        platform = arguments.optional_text("platform")
        if platform is not None:
            return Target.for_platform(platform)
        return Target(arguments.text("suffix"))

    def _cancel(self, arguments: Arguments) -> Answer:
        """Stop a job."""
        self._renders.cancel(arguments.text("job"))
        return Answer({})

    def _read(self, arguments: Arguments) -> Answer:
        """The text of a template."""
        return Answer(self._files.read(arguments.text("template")).as_json())

    def _save(self, arguments: Arguments) -> Answer:
        """Write a template."""
        name = arguments.text("template")
        saved = self._files.save(name, arguments.text("text"), arguments.text("sha256"))
        if saved is None:
            file = self._files.read(name)
            return Answer({"conflict": {"text": file.text, "sha256": file.sha256}})
        return Answer({"sha256": saved.sha256})

    def _save_as(self, arguments: Arguments) -> Answer:
        """Write a new template."""
        saved = self._files.save_as(
            arguments.text("name"),
            arguments.text("text"),
            arguments.text("from"),
            replace=arguments.flag("replace"),
        )
        # Its text is shown already, so that no layout is asked for.
        self._template_watch.add(saved.name)
        return Answer(saved.as_json())

    def _check(self, arguments: Arguments) -> Answer:
        """All mistakes of a template."""
        view = self._watch(arguments.view())

        def check() -> Answer:
            try:
                rendition = self._scenes.lay_out(view, self._density)
            except TemplateError as error:
                return Answer({"diagnostics": diagnose(error, self._files.find(view.template)), "notes": []})
            return Answer({"diagnostics": [], "notes": rendition.scene.notes})

        return self._worker.do(Work.LAYOUT, check)

    def _lay_out(self, arguments: Arguments) -> Answer:
        """The layout of a view, and the picture of a step."""

        def describe(rendition: Rendition, step: int) -> Mapping[str, Any]:
            scene, density = rendition.scene, rendition.density
            return {
                "layer": rendition.layer,
                "size": [scene.size.width / density, scene.size.height / density],
                "density": density,
                "step": step,
                "steps": scene.context.steps,
                "frames": len(scene.timeline),
                "seconds": float(scene.timeline.duration),
                "panels": describe_panels(rendition),
                "background": format_color(scene.background.colors[-1]),
                "notes": scene.notes,
                "diagnostics": [],
            }

        return self._show(Work.LAYOUT, arguments, describe)

    def _draw(self, arguments: Arguments) -> Answer:
        """The picture of a step."""
        return self._show(Work.PICTURE, arguments, lambda rendition, step: {"step": step})

    def _show(
        self, work: Work, arguments: Arguments, describe: Callable[[Rendition, int], Mapping[str, Any]]
    ) -> Answer:
        """Lay out a view, and draw a step: what is said of it, with the picture."""
        step = arguments.integer("step", 0, MAX_STEP)
        density = min(arguments.integer("pixel_ratio", 1, MAX_PIXEL_RATIO), MAX_DENSITY)

        def show(view: View) -> Answer:
            # Figures, and checks between two layouts, find the same scene.
            self._density = density
            rendition = self._scenes.lay_out(view, density)
            shown = self._find_step(step)
            picture = encode_png(rendition.draw_step(shown), rendition.palette_rgb, fast=True)
            return Answer(describe(rendition, shown), (picture,))

        return self._queue(work, arguments, show)

    def _describe_figure(self, arguments: Arguments) -> Answer:
        """All steps of a view."""

        def describe(view: View) -> Answer:
            rendition = self._scenes.lay_out(view, self._density)
            try:
                data = self._figures.describe(
                    rendition,
                    lambda done, total: self._worker.pause(),
                    max_load=MAX_LOAD if self._run_watch.growing else None,
                )
            except TooLargeError as error:
                return Answer({"too_large": str(error)})
            return Answer({"scene": data.scene}, data.levels)

        return self._queue(Work.FIGURE, arguments, describe)

    def _queue(self, work: Work, arguments: Arguments, make: Callable[[View], Answer]) -> Answer:
        """Have an answer about a view made, unless a later request overtakes it."""
        view, ticket = self._watch(arguments.view()), arguments.ticket()
        try:
            answer = self._worker.do(work, lambda: make(view), ticket)
        except Overtaken:
            answer = Answer({"overtaken": True})
        except TemplateError as error:
            answer = Answer({"diagnostics": diagnose(error, self._files.find(view.template))})
        return replace(answer, json={"serial": ticket.serial, **answer.json})

    def _watch(self, view: View) -> View:
        """A view whose template is watched from now on."""
        self._template_watch.add(view.template)
        return view

    def _find_step(self, step: int | None) -> int:
        """The recorded step that is nearest before a step; the last one for None."""
        steps = self._run.steps
        self._run.require_steps()
        return steps[-1] if step is None else steps[max(0, bisect_right(steps, step) - 1)]


def _describe_file(files: TemplateFiles, name: str) -> dict[str, Any]:
    try:
        return {"about": describe_template(files.read_source(name)), "valid": True}
    except ReelnetError as error:
        return {"about": str(error).splitlines()[0], "valid": False}
