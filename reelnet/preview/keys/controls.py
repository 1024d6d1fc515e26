"""The common keys of a template as controls, with their values as they are resolved for a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, get_args

from pydantic import BaseModel

from reelnet.config.diagnostics import KeyPath, format_key_path
from reelnet.export.html.color_table import format_color
from reelnet.export.still import is_still
from reelnet.preview.keys.caption_texts import find_captions, list_texts, list_times
from reelnet.preview.keys.layout_moves import Place, find_place, iter_panels
from reelnet.preview.keys.place_curve import find_curve, find_main_panel
from reelnet.preview.keys.selections import format_selection
from reelnet.preview.keys.value_kind import ValueKind
from reelnet.preview.keys.written import Written, get_value
from reelnet.render.registry import panel_registry
from reelnet.render.rendition import Rendition
from reelnet.runs.header import TapKind
from reelnet.template.color import BUILTIN_COLORMAPS, Rgb, lookup_colormap
from reelnet.template.edit.set_key import put
from reelnet.template.json_schema import KeySchema, iter_keys
from reelnet.template.model import CanvasSpec, SamplesSpec
from reelnet.template.source import TemplateText
from reelnet.template.theme import Theme, ThemeSpec
from reelnet.template.timeline import TimelineSpec

SIZES = {
    "1080x1080": "1:1, 1080 × 1080",
    "1080x1350": "4:5, 1080 × 1350",
    "1080x1920": "9:16, 1080 × 1920",
    "1920x1080": "16:9, 1920 × 1080",
    "1280x720": "16:9, 1280 × 720",
}
"""Sizes of the frame that a form offers, with what it calls them."""

DIVERGING = (*BUILTIN_COLORMAPS, "coolwarm", "PuOr", "BrBG", "PiYG")
SEQUENTIAL = ("viridis", "magma", "inferno", "cividis", "Blues", "Greens", "gray")
"""Colormaps that a form offers, of signed values and of values of one sign."""

SAMPLE_KINDS = frozenset(
    {"channels", "filmstrip", "evolution", "layers", "inputs", "says", "compass", "race"}
)
"""Kinds of panels that show all samples."""

WORDLESS_KINDS = frozenset({"channels", "counter", "image", "progress", "spacer"})
"""Kinds of panels that show hardly any words in the sizes of the theme."""

FREE_KINDS = frozenset({"layers", "compass", "race"})
"""Of these, kinds that place the samples as they like."""

MAP_KINDS = frozenset({"channels", "filmstrip", "evolution", "layers", "flow", "barcode", "colorbar"})
"""Kinds of panels that show values in the colors of the theme."""

GAP_KINDS = frozenset({"channels", "filmstrip"})
"""Kinds of panels that show channels in cells, with gaps between them."""

CAPTIONS_KEY, CURVE_KEY, CANVAS_KEY = "captions", "curve.place", "canvas"
"""Keys of controls that stand for several keys of a template."""


@dataclass(frozen=True)
class Control:
    """One control.

    Attributes:
        key: What a change of it names; the key path, or one of the keys above.
        label: What it is called.
        kind: See `ValueKind.kind`.
        value: What holds now.
        default: What holds without the key; None if that depends on the run.
        info: A sentence about it.
        is_set: Whether the template itself has the key.
        choices: The values of a choice.
        names: What choices are called, by the choice, if not as they are written.
        low: The least number.
        high: The largest number, or how many there are to select from.
        unit: The unit of a number, or what is selected.
        times: When each text of a list comes.
        shown: How many of what is selected the picture shows; None if that is not known.
    """

    key: str
    label: str
    kind: str
    value: Any
    default: Any
    info: str
    is_set: bool
    choices: Sequence[Any] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    low: float | None = None
    high: float | None = None
    unit: str = ""
    times: Sequence[str] = ()
    shown: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The control for the page."""
        own = {
            name: getattr(self, name)
            for name in ("key", "label", "kind", "value", "default", "info", "is_set")
        }
        others = {
            "choices": [*self.choices],
            "names": {**self.names},
            "min": self.low,
            "max": self.high,
            "unit": self.unit,
            "times": [*self.times],
            "shown": self.shown,
        }
        return own | {name: value for name, value in others.items() if value not in (None, "", [], {})}


def list_controls(rendition: Rendition, source: TemplateText) -> list[dict[str, Any]]:
    """List the controls of a template for the page, in groups; only those that change something in this run.

    Args:
        rendition: The template laid out for the run.
        source: The text of the template.
    """
    controls = _Controls(rendition, Written.read(source))
    groups = {
        "Text": controls.texts(),
        "Look": controls.look(),
        "Channels and samples": controls.selections(),
        "Size": controls.sizes(),
        "Curve": controls.curve(),
        "Time": controls.time(),
    }
    listed = ((title, [each.as_json() for each in group]) for title, group in groups.items())
    return [{"title": title, "controls": group} for title, group in listed if group]


class _Controls:
    """Makes the controls of one template."""

    def __init__(self, rendition: Rendition, written: Written) -> None:
        self._scene, self._written = rendition.scene, written
        self._template = rendition.request.template
        self._density = rendition.density
        self._palette = {tuple(color) for color in rendition.palette_rgb.tolist()}

    @cached_property
    def _kinds(self) -> dict[str, str]:
        """The kind of each panel that is drawn, in drawing order."""
        return {name: self._written.kind_of(name) for name, _ in self._scene.boxes}

    def _make(
        self, path: KeyPath, label: str, model: type[BaseModel], value: Any = None, **others: Any
    ) -> Control:
        """Make a control of a key of a model. Without a value, it has that of the template."""
        key = next(each for each in iter_keys(model) if each.name == path[-1])
        kind = ValueKind.of(key)
        inherited = get_value(self._written.inherited, path)
        is_set = self._written.is_own(path)
        given = get_value(self._written.whole, path)
        default = key.default if inherited is None else inherited
        value = value if value is not None else (default if given is None else given)
        if default is None and not is_set:
            default = value
        made = Control(
            format_key_path(path),
            label,
            kind.kind,
            value,
            default,
            _shorten(key),
            is_set,
            kind.choices,
            low=kind.low,
            high=kind.high,
        )
        return replace(made, **others)

    def texts(self) -> Iterator[Control]:
        """What is written: titles, other texts, captions."""
        for name, kind in self._kinds.items():
            if kind == "text":
                label = name.replace("_", " ").capitalize()
                yield self._make(("panels", name, "text"), label, panel_registry()[kind])
        captions = find_captions(self._written.whole)
        texts = list_texts(self._written.whole, captions)
        yield Control(
            CAPTIONS_KEY,
            "Captions",
            "list",
            texts,
            list_texts(self._written.inherited, captions),
            "Texts that come one after the other during the training.",
            self._written.is_own(("panels", captions)),
            times=list_times(self._written.whole, captions),
        )

    def look(self) -> Iterator[Control]:
        """The theme and its colors."""
        yield self._make(("theme", "base"), "Theme", ThemeSpec)
        for key, label in (("background", "Background"), ("ink", "Text color"), ("accent", "Accent")):
            color = getattr(self._template.theme, key)
            if key == "background" or color in self._palette:
                default = getattr(self._theme_without(key), key)
                yield self._make(
                    ("theme", key), label, ThemeSpec, format_color(color), default=format_color(default)
                )
        if MAP_KINDS & {*self._kinds.values()}:
            yield self._colormap()

    def _colormap(self) -> Control:
        """The colormap of the values that are shown."""
        context, theme = self._scene.context, self._template.theme
        limits = [*context.color_limits.values()] or [context.view(context.layer).limits]
        one_sided = all(each.one_sided for each in limits)
        key, offered = ("sequential", SEQUENTIAL) if one_sided else ("diverging", DIVERGING)
        choices: list[str | None] = [*offered]
        value = self._name_colormap(getattr(theme, key), key)
        if one_sided or value is None:
            # Half of the diverging one, or a list of colors.
            choices = [None, *choices]
        default = self._name_colormap(getattr(self._theme_without(key), key), key)
        made = self._make(("theme", key), "Colors of values", ThemeSpec)
        return replace(
            made, kind="choice", value=value, default=default, choices=[*dict.fromkeys((*choices, value))]
        )

    def _name_colormap(self, colors: tuple[Rgb, ...] | None, key: str) -> str | None:
        """The name of a colormap; None if it has none, or if there is no colormap."""
        given = get_value(self._written.whole, ("theme", key))
        known = [*([given] if isinstance(given, str) else []), *BUILTIN_COLORMAPS]
        return next((name for name in known if colors == lookup_colormap(name)), None)

    def _theme_without(self, key: str) -> Theme:
        """The theme as it were if the template itself did not have a key."""
        inherited = get_value(self._written.inherited, ("theme", key))
        content = put(dict(self._written.whole), ("theme", key), inherited).get("theme")
        return ThemeSpec.model_validate(content or {}).resolve()

    def selections(self) -> Iterator[Control]:
        """Which channels and samples are shown."""
        context = self._scene.context
        for name, kind in self._kinds.items():
            model = panel_registry()[kind]
            keys = {key.name: key for key in iter_keys(model)}
            if "show" in keys and ValueKind.of(keys["show"]).kind == "selection":
                filters = kind in ("filters", "weights")
                unit = "filters" if filters else "channels"
                total = None if filters else context.require(context.layer).map_shape[0]
                shown = total if context.choice is None or filters else len(context.choice.channels)
                yield self._select(("panels", name, "show"), unit.capitalize(), unit, total, shown, model)
            elif "channels" in keys:
                most = max(
                    tap.map_shape[0] for tap in context.taps.values() if tap.kind is TapKind.ACTIVATION
                )
                path: KeyPath = ("panels", name, "channels")
                yield self._make(path, "Channels per layer", model, high=most, unit="channels")
        if SAMPLE_KINDS & {*self._kinds.values()}:
            total = len(context.run_labels) if context.run_labels is not None else None
            shown = len(context.sample_indices)
            yield self._select(("samples", "show"), "Samples", "samples", total, shown, SamplesSpec)

    def _select(
        self,
        path: KeyPath,
        label: str,
        unit: str,
        total: int | None,
        shown: int | None,
        model: type[BaseModel],
    ) -> Control:
        made = self._make(path, label, model)
        value, default = (format_selection(each) for each in (made.value, made.default))
        return replace(made, value=value, default=default, high=total, unit=unit, shown=shown)

    def sizes(self) -> Iterator[Control]:
        """The sizes of the frame, of cells and of gaps."""
        canvas, size = self._template.canvas, self._scene.size
        # In pixels of the layout, but for a size that the author chose in those of the file.
        ratio = (canvas.fixed_density or 1) / self._density
        value = f"{round(size.width * ratio)}x{round(size.height * ratio)}"
        yield Control(
            CANVAS_KEY,
            "Frame",
            "choice",
            value,
            None,
            "Width and height of the frame in pixels.",
            self._written.is_own(("canvas",)),
            [*dict.fromkeys((value, *SIZES))],
            SIZES,
        )
        kinds = {*self._kinds.values()}
        sizes = (("text", "Text size"), ("title", "Title size"))
        for key, label in sizes if kinds - WORDLESS_KINDS else ():
            size_of = getattr(self._template.theme, key), getattr(self._theme_without(key), key)
            yield self._make(("theme", key), label, ThemeSpec, size_of[0], default=size_of[1], unit="px")
        if GAP_KINDS & kinds:
            cell = self._scene.context.cell
            side = round(max(cell.width, cell.height) / self._density)
            if canvas.width_limit or canvas.height_limit or canvas.max_cell:
                yield self._make(("canvas", "max_cell"), "Cells at most", CanvasSpec, side, unit="px")
            else:
                yield self._make(("theme", "cell"), "Cells at most", ThemeSpec, side, unit="px")
        for name, kind in self._kinds.items():
            if kind in GAP_KINDS:
                path: KeyPath = ("panels", name, "gap")
                yield self._make(path, "Gap between channels", panel_registry()[kind], unit="px")
        if SAMPLE_KINDS - FREE_KINDS & kinds:
            yield self._make(("samples", "gap"), "Gap between samples", SamplesSpec, unit="px")

    def curve(self) -> Iterator[Control]:
        """Where the curve stands."""
        layout = self._written.whole.get("layout")
        curve, main = find_curve(self._written), find_main_panel(self._written)
        # A curve that the layout has, but that is not drawn, lacks data.
        if curve is None or main is None or (curve in iter_panels(layout) and curve not in self._kinds):
            return
        inherited = self._written.inherited.get("layout")
        changes = get_value(self._written.own, ("layout", "at")) or {}
        yield Control(
            CURVE_KEY,
            "Place",
            "choice",
            find_place(layout, curve, main),
            None if inherited is None else find_place(inherited, curve, main),
            "Where the curve stands, seen from what the reel is about.",
            curve in changes or any(curve in iter_panels(each) for each in changes.values()),
            get_args(Place),
        )

    def time(self) -> Iterator[Control]:
        """The pace of the animation."""
        timeline = self._scene.timeline
        outputs = self._template.outputs
        if len(timeline) < 2 or (outputs and all(is_still(each.spec.path) for each in outputs)):
            return
        seconds = float(timeline.moving_slots / timeline.fps)
        pace = float(timeline.fps / timeline.repeat)
        yield self._make(("timeline", "fps"), "Frames per second", TimelineSpec, round(pace, 2), low=0.01)
        yield self._make(("timeline", "duration"), "Duration", TimelineSpec, round(seconds, 2), unit="s")
        yield self._make(("timeline", "start_pause"), "Pause at the start", TimelineSpec, unit="s")
        yield self._make(("timeline", "end_pause"), "Pause at the end", TimelineSpec, unit="s")


def _shorten(key: KeySchema) -> str:
    """The first sentence about a key."""
    first, dot, _ = str(key.schema.get("description", "")).partition(". ")
    return f"{first}{dot.strip()}"
