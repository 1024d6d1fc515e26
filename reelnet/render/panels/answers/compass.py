"""The panel `compass`: samples are pulled towards the classes, as strongly as the network believes in them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, compress
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from reelnet.config.diagnostics import OptionError
from reelnet.config.spec import LIST_AS_TUPLE
from reelnet.errors import suggest_names
from reelnet.render.canvas import draw_picture, fill_mask, harden_edges, rasterize_disc, stamp, write
from reelnet.render.panels.answers.answer_panel import AnswerPanel, format_percent
from reelnet.render.panels.answers.class_colors import MAX_CLASSES, choose_class_colors
from reelnet.render.panels.answers.class_ring import ClassRing, order_by_similarity
from reelnet.render.panels.answers.heads import cut_discs, draw_in_discs, rasterize_ring, spread_heads
from reelnet.render.panels.answers.trails import Trails, rasterize_line
from reelnet.render.panels.maps.inputs import PHOTO_COLORS
from reelnet.render.typography import TextStyle, small_style, wrap_text
from reelnet.scene.class_scores import UNKNOWN_CLASS, ClassScores
from reelnet.scene.context import FrameState, SceneContext
from reelnet.scene.layout.boxes import Box, Measure
from reelnet.scene.limits import relative_luminance
from reelnet.scene.palette.palette import FixedPicture, Ink, PaletteBuilder
from reelnet.scene.panel import Canvas

NATURAL_EMS = 26
"""Side that the panel asks for, relative to the text's size."""
MIN_CHOSEN = 3
"""Classes on the circle, at least, if they are chosen of many."""
MAX_SAMPLES = 24
"""More heads would be too small."""
HEAD_SHARE, MAX_HEAD_SHARE = 0.3, 0.13
"""Radius of a head relative to the circle's: the first divided by the square root of their number, and at most the
second, so that all heads have room in the center together."""
SHADES, PHOTO_SHADES = 16, 8
"""Shades of a class's color, and those beside photos, which need colors, too."""
VERDICTS = "Solid ring: right\nDashed ring: wrong"
MOVED = "Line and dot:\na picture’s exact place"
PULLS = "The thicker a line,\nthe stronger it pulls"
WIDEST = "100%"
"""The widest probability below a name."""


class Compass(AnswerPanel):
    """Each sample is pulled towards the classes on a circle, as strongly as the network believes in them.

    A sample's picture is at the mean of the classes' places, weighted by their probabilities, and leaves a trail.
    Its ring is solid while the network's answer is right, and dashed while it is not. Pictures never cover each
    other: they make room, and a line leads to a dot, the true place. Of a single sample, lines and numbers say how
    strongly each class pulls.
    """

    default_grow: ClassVar[float] = 1.0
    can_shrink: ClassVar[bool] = True

    show: Annotated[tuple[str, ...] | None, LIST_AS_TUPLE] = Field(
        None,
        min_length=2,
        description="Names of the classes on the circle, at most 12; by default all, or of more than 12 those of the "
        "samples and the most frequent answers. The probability of other classes pulls to the center.",
    )
    order: Literal["recorded", "similar"] = Field(
        "recorded",
        description="Order of the classes, clockwise from the top: as recorded, or with those side by side "
        "that the network often considers at the same time.",
    )
    trails: bool = Field(True, description="Draw the path of each sample up to the current step.")
    note: bool = Field(True, description="Explain rings, and lines at heads, below the circle.")

    def find_classes(self, context: SceneContext, scores: ClassScores) -> list[int]:
        """The numbers of the classes on the circle, clockwise from the top.

        Raises:
            OptionError: There are too many, or one does not exist.
        """
        names = self.show or scores.classes
        if self.show is None and len(names) > MAX_CLASSES:
            names = tuple(names[number] for number in choose_classes(scores, context))
        for number, name in enumerate(names):
            if name not in scores.classes:
                raise OptionError(f"no class {name!r}; {suggest_names(name, scores.classes)}", "show", number)
        if len(set(names)) < len(names) or len(names) > MAX_CLASSES:
            twice = len(set(names)) < len(names)
            what = "a class is named twice" if twice else f"{len(names):,} classes are too many"
            raise OptionError(f"{what}; name up to {MAX_CLASSES} different ones with 'show'", "show")
        numbers = [scores.classes.index(name) for name in names]
        if self.order == "similar":
            numbers = [numbers[each] for each in order_by_similarity(scores.shares(context, numbers))]
        return numbers

    def note_lines(
        self, context: SceneContext, scores: ClassScores
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What rings and lines mean: sentences for the left and for the right, each in short lines."""
        if not self.note:
            return (), ()
        left = (VERDICTS,) if (scores.truth != UNKNOWN_CLASS).any() else ()
        right: tuple[str, ...] = (MOVED if len(context.sample_indices) > 1 else PULLS,)
        others = len(scores.classes) - len(self.find_classes(context, scores))
        if others:
            noun, verb = ("classes", "pull") if others > 1 else ("class", "pulls")
            right += (f"{others:,} other {noun}\n{verb} to the center",)
        return left, right

    def measure(self, context: SceneContext) -> Measure:
        """Measure a square.

        Raises:
            ValueError: The run has no class output, or too many samples or classes.
        """
        scores = self.find_scores(context)
        if scores is None:
            raise ValueError(self.absence(context))
        count = len(context.sample_indices)
        if count > MAX_SAMPLES:
            advice = f"show at most {MAX_SAMPLES} with samples: {{show: {{first: {MAX_SAMPLES}}}}}"
            raise ValueError(f"{count} samples are too many; {advice}")
        self.check_names(context)
        self.find_classes(context, scores)
        text = context.theme.text
        for sentence in chain(*self.note_lines(context, scores)):
            note_style(context).width(sentence.replace("\n", " "))
        return Measure(
            NATURAL_EMS * text, NATURAL_EMS * text, 16 * text, lambda width: min(width, NATURAL_EMS * text)
        )

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> CompassDrawing:
        """Fit the circle into the box."""
        return CompassDrawing(self, context, box, palette)


def choose_classes(scores: ClassScores, context: SceneContext) -> list[int]:
    """The right answers of the samples, and of the other answers that the network gives, the most frequent ones.

    If these are fewer than `MIN_CHOSEN`, there are also those that it believes in most.
    """
    answers = scores.answers(context).ravel()
    counts = np.bincount(answers[answers != UNKNOWN_CLASS], minlength=len(scores.classes)).astype(np.float64)
    right = {int(each) for each in scores.truth if each != UNKNOWN_CLASS}
    number = len(right | set(np.flatnonzero(counts).tolist()))
    if number < MIN_CHOSEN:
        samples = range(len(context.sample_indices))
        beliefs = np.mean(
            [np.nan_to_num(scores.beliefs(context, each)).mean(axis=0) for each in samples], axis=0
        )
        counts += beliefs
    frequent = [each for each in np.argsort(-counts, kind="stable").tolist() if each not in right]
    more = min(MAX_CLASSES, max(number, MIN_CHOSEN)) - len(right)
    return sorted([*right, *frequent[: max(0, more)]])


def note_style(context: SceneContext) -> TextStyle:
    """The font of the note."""
    return small_style(context.theme, 0.85)


@dataclass(frozen=True)
class Note:
    """Words in a corner or below the circle.

    Attributes:
        lines: One below the other.
        box: Where they are written.
        align: Whether they are aligned on the left or on the right.
    """

    lines: tuple[str, ...]
    box: Box
    align: Literal["left", "right"] = "left"

    @classmethod
    def place_in_corner(
        cls, sentences: Sequence[str], box: Box, style: TextStyle, align: Literal["left", "right"]
    ) -> Note:
        """The lines of sentences in a lower corner of a box."""
        lines = "\n".join(sentences).split("\n") if sentences else []
        width, height = max(map(style.width, lines), default=0), len(lines) * style.line_height
        x = box.x if align == "left" else box.right - width
        return cls(tuple(lines), Box(x, box.bottom - height, width, height), align)

    @classmethod
    def place_at_bottom(cls, groups: Iterable[Sequence[str]], box: Box, style: TextStyle) -> Note:
        """Groups of sentences at the bottom of a box, each on a line, or each sentence on lines of its own."""
        wrapped: list[str] = []
        for group in groups:
            sentences = [
                f"{each}.".replace(VERDICTS, VERDICTS.replace("\n", ". ")).replace("\n", " ")
                for each in group
            ]
            is_short = style.width(" ".join(sentences)) <= box.width
            texts = [" ".join(sentences)] if is_short else sentences
            wrapped += [line for text in texts if text for line in wrap_text(text, box.width, style)]
        height = len(wrapped) * style.line_height
        return cls(tuple(wrapped), Box(box.x, box.bottom - height, box.width, height))

    def draw(self, canvas: Canvas, ink: Ink, style: TextStyle) -> None:
        """Write the lines."""
        x = self.box.x if self.align == "left" else self.box.right
        for number, line in enumerate(self.lines):
            write(canvas, line, ink, x, self.box.y + number * style.line_height, style, anchor=self.align)


class CompassDrawing:
    """The compass in its box."""

    def __init__(self, panel: Compass, context: SceneContext, box: Box, palette: PaletteBuilder) -> None:
        scores = panel.find_scores(context)
        if scores is None:
            raise AssertionError("a panel without a measure is not placed")
        theme = context.theme
        self._context, self._scores, self._box, self._theme = context, scores, box, theme
        self._trails_shown = panel.trails
        self._classes = panel.find_classes(context, scores)
        self._note_style = note_style(context)
        names, (left, right) = (
            [scores.classes[each] for each in self._classes],
            panel.note_lines(context, scores),
        )
        head_share = min(MAX_HEAD_SHARE, HEAD_SHARE / math.sqrt(len(context.sample_indices)))
        self._notes = [
            Note.place_in_corner(left, box, self._note_style, "left"),
            Note.place_in_corner(right, box, self._note_style, "right"),
        ]
        self._is_alone = len(context.sample_indices) == 1
        below = WIDEST if self._is_alone else ""
        self._ring = ClassRing.fit(names, box, head_share, theme, below)
        if any(self._ring.touches(note.box) for note in self._notes if note.lines):
            self._notes = [Note.place_at_bottom((left, right), box, self._note_style)]
            away = self._notes[0].box.height + self._note_style.line_height // 2
            area = Box(box.x, box.y, box.width, box.height - away)
            self._ring = ClassRing.fit(names, area, head_share, theme, below)
        self._line = max(1.0, min(theme.text / 12, self._ring.head / 9))
        # The sentence on lines stands only at steps that have some.
        self._notes_without_lines = self._notes
        if MOVED in right:
            right = tuple(each for each in right if each != MOVED)
            if len(self._notes) > 1:
                corner = Note.place_in_corner(right, box, self._note_style, "right")
                self._notes_without_lines = [self._notes[0], corner]
            else:
                self._notes_without_lines = [Note.place_at_bottom((left, right), box, self._note_style)]
        photos = context.pictures.ndim == 4
        shades = PHOTO_SHADES if photos else SHADES
        colors = choose_class_colors(len(self._classes), theme.background)
        inks = [palette.ramp(color, theme.background, shades) for color in colors]
        self._muted, self._faint = (
            palette.ramps(theme.background, theme.muted)[0],
            palette.ramp(theme.faint, theme.background, 6),
        )
        self._missing = palette.ramp(theme.missing, theme.background, shades)
        self._class_inks = inks
        ring = dict(zip(self._classes, inks, strict=True))
        known = scores.truth != UNKNOWN_CLASS
        # A sample of a class that is not on the circle has no color of its own.
        other = palette.ramp(theme.muted if known.all() else theme.ink, theme.background, shades)
        self._inks = [ring.get(int(truth), other) for truth in scores.truth]
        self._photos = self._place_photos(palette) if photos else None
        if not photos:
            on_dark = relative_luminance(theme.background) < 0.18
            self._masks = draw_in_discs(context.pictures, self._ring.head - self._line, on_dark=on_dark)

    def _place_photos(self, palette: PaletteBuilder) -> FixedPicture:
        radius = max(1, math.floor(self._ring.head - 1.8 * self._line))
        background = self._theme.background
        return palette.picture(
            cut_discs(self._context.pictures, radius, background), PHOTO_COLORS, background
        )

    def draw_still(self, canvas: Canvas) -> None:
        """Draw the circle, the spokes, and the names, and find the ways of the samples."""
        ring = self._ring
        width = max(1.0, self._line * 0.6)
        for point in ring.points:
            self._draw_line(canvas, ring.center, (float(point[0]), float(point[1])), width * 0.8, self._faint)
        stamp_centered(canvas, rasterize_ring(ring.radius + width / 2, width), self._faint, *ring.center)
        for lines, name_box, top, ink in zip(
            ring.names, ring.boxes, ring.tops, self._class_inks, strict=True
        ):
            for number, line in enumerate(lines):
                middle, y = name_box.x + name_box.width // 2, top + number * ring.style.line_height
                write(canvas, line, ink, middle, y, ring.style, anchor="middle")
        if self._trails_shown:
            _ = self._trails
        _ = self._spread, self._right

    @cached_property
    def _places(self) -> NDArray[np.float64]:
        """The true places (steps, samples, 2); NaN where the network's answer is not finite."""
        return self._ring.locate(self._shares)

    @cached_property
    def _shares(self) -> NDArray[np.float64]:
        """The probabilities (steps, samples, classes) of the classes on the circle."""
        return self._scores.shares(self._context, self._classes)

    @cached_property
    def _spread(self) -> NDArray[np.float64]:
        """The places of the heads (steps, samples, 2); while there is none, the one before."""
        places, ring = self._places.copy(), self._ring
        places[0] = np.where(np.isnan(places[0]), ring.center, places[0])
        for step in range(1, len(places)):
            places[step] = np.where(np.isnan(places[step]), places[step - 1], places[step])
        return spread_heads(places, 2 * ring.head + 1 + self._line, ring.center, ring.radius)

    def _find_moved(self, true: NDArray[np.float64], drawn: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether heads are so far from their true places that these are outside of them, without the last axis."""
        moved: NDArray[np.bool_] = (
            np.hypot(*np.moveaxis(true - np.rint(drawn - 0.5) - 0.5, -1, 0)) > self._ring.head
        )
        return moved

    @cached_property
    def _right(self) -> NDArray[np.bool_]:
        """Whether the network is right (steps, samples)."""
        right: NDArray[np.bool_] = self._scores.answers(self._context) == self._scores.truth
        return right

    @cached_property
    def _trails(self) -> Trails:
        widths = max(1.0, 0.7 * self._line), max(1.4, 1.35 * self._line)
        return Trails(self._places, widths, self._box, self._inks)

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Draw the trails up to a step, the heads at it, and what they mean."""
        index, head = state.step_index, self._ring.head
        if self._is_alone:
            self._draw_pulls(canvas, index)
        if self._trails_shown:
            self._trails.draw(canvas, index)
        true, drawn = self._places[index], np.rint(self._spread[index] - 0.5) + 0.5
        moved = self._find_moved(self._places[index], self._spread[index])
        for note in self._notes if moved.any() else self._notes_without_lines:
            note.draw(canvas, self._muted, self._note_style)
        halo = harden_edges(rasterize_disc(head + round(self._line)))
        for number, (x, y) in enumerate(drawn.tolist()):
            self._clear(canvas, halo, x, y)
            self._draw_head(canvas, number, index, x, y)
        self._draw_leaders(canvas, true[moved], drawn[moved], list(compress(self._inks, moved)))

    def _draw_leaders(
        self, canvas: Canvas, true: NDArray[np.float64], drawn: NDArray[np.float64], inks: Sequence[Ink]
    ) -> None:
        """Draw lines from the rings of heads that made room to dots at their true places, above all heads."""
        for place, at, ink in zip(true.tolist(), drawn, inks, strict=True):
            away = place - at
            edge = at + away * (self._ring.head / np.hypot(*away))
            self._draw_line(canvas, tuple(place), (float(edge[0]), float(edge[1])), 0.8 * self._line, ink)
        for (x, y), ink in zip(true.tolist(), inks, strict=True):
            self._clear(canvas, harden_edges(rasterize_disc(2.4 * self._line)), x, y)
            stamp_centered(canvas, rasterize_disc(1.8 * self._line), ink, x, y)

    def _draw_pulls(self, canvas: Canvas, index: int) -> None:
        """Draw how strongly each class pulls the only sample: as wide as its head at a probability of 1."""
        ring, shares = self._ring, self._shares[index, 0]
        for number, (share, ink) in enumerate(zip(shares.tolist(), self._class_inks, strict=True)):
            if share * 2 * ring.head >= 1:
                x, y = ring.points[number].tolist()
                self._draw_line(canvas, ring.center, (x, y), share * 2 * ring.head, ink)
            name_box = ring.boxes[number]
            y = ring.tops[number] + len(ring.names[number]) * ring.style.line_height
            middle = name_box.x + name_box.width // 2
            write(canvas, format_percent(share), ink, middle, y, ring.style, anchor="middle")

    def _clear(self, canvas: Canvas, mask: NDArray[np.bool_], x: float, y: float) -> None:
        """Make room for a head."""
        half = mask.shape[0] // 2
        fill_mask(canvas, mask, self._class_inks[0].cut(1), int(x) - half, int(y) - half)

    def _draw_head(self, canvas: Canvas, number: int, index: int, x: float, y: float) -> None:
        """Draw a sample's picture in its ring."""
        unknown = self._scores.truth[number] == UNKNOWN_CLASS
        is_missing = bool(np.isnan(self._places[index, number]).any())
        ink = self._missing if is_missing else self._inks[number]
        if self._photos is not None:
            disc = self._photos.indices_for(canvas)[number]
            half = disc.shape[0] // 2
            rows, columns = np.ogrid[-half : half + 1, -half : half + 1]
            is_drawn = rows * rows + columns * columns <= (half + 1) ** 2
            box = Box(int(x) - half, int(y) - half, disc.shape[1], disc.shape[0])
            draw_picture(canvas, disc, box, is_drawn)
        else:
            mask = self._masks[number]
            stamp(canvas, mask, ink, int(x) - mask.shape[1] // 2, int(y) - mask.shape[0] // 2)
        dashed = is_missing or not (unknown or self._right[index, number])
        stamp_centered(canvas, rasterize_ring(self._ring.head, self._line, dashed=dashed), ink, x, y)

    def _draw_line(
        self, canvas: Canvas, start: tuple[float, float], end: tuple[float, float], width: float, ink: Ink
    ) -> None:
        mask, left, top = rasterize_line(start, end, width)
        stamp(canvas, mask, ink, left, top)


def stamp_centered(canvas: Canvas, mask: NDArray[np.uint8], ink: Ink, x: float, y: float) -> None:
    """Draw a shape with an odd side whose middle pixel is at a place."""
    half = mask.shape[0] // 2
    stamp(canvas, mask, ink, int(x) - half, int(y) - half)
