"""What a user asks of one output file, and its resolution against the format and the platform."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction
from pathlib import Path

from reelnet._support.arguments import require_number, require_texts
from reelnet._support.byte_size import parse_size
from reelnet.errors import UsageError, suggest_names
from reelnet.export.encoders.codec import Codec
from reelnet.export.encoders.formats import (
    FORMATS,
    EncoderSettings,
    Format,
    find_format,
    is_figure,
    is_sequence,
)
from reelnet.export.platforms.model import CODEC_TITLES, VIDEO_FORMATS, OutputConstraints
from reelnet.export.still import STILL_SUFFIXES, StillRequest
from reelnet.render.rendition import Rendition
from reelnet.scene.palette.palette import ColorDepth

DEFAULT_MAX_ERROR, MAX_ERROR = 4.0, 240.0
"""Errors of a value with a cap, in 1/240ths of the color range."""

THUMBNAIL_SECONDS = Fraction(1, 25)
"""How long a file that is no video shows its last picture first; a video does for one frame."""
LOOPLESS_SUFFIXES = (".mp4", ".webm", ".mov", ".png")
"""Files that do not store how often they are played."""

KEEP_WORDS = frozenset({"frames", "levels", "channels", "scale"})
"""What users may exclude from reduction."""


@dataclass(frozen=True)
class ExportOptions:
    """Options of an export as the user gave them.

    Attributes:
        lossless: Keep the exact color of every pixel.
        codec: The name of the codec; None for the format's default.
        max_size: The cap, such as `3 MB` or a number of bytes.
        platform: The platform where the file will be published.
        max_error: With a cap: the largest allowed error of a value, in 1/240ths of the color range; 4 by default.
        keep: With a cap: what must not be reduced: `frames`, `levels`, `scale`; one word or several.
        split: Write the values of an interactive figure into files beside the page, which a web server delivers.
        width: Width of a still on paper, such as `17cm`.
        dpi: Pixels per inch of a still that is a PNG.
    """

    lossless: bool = False
    codec: str | None = None
    max_size: str | int | None = None
    platform: str | None = None
    max_error: float | None = None
    keep: Collection[str] = ()
    split: bool = False
    width: str | None = None
    dpi: float | None = None

    @property
    def has_cap(self) -> bool:
        """Whether a cap or a platform is given."""
        return self.max_size is not None or self.platform is not None

    @property
    def needs_cap(self) -> bool:
        """Whether an option is given that has a meaning only with a cap."""
        return self.max_error is not None or bool(self.keep)

    def override(self, defaults: ExportOptions) -> ExportOptions:
        """These options, completed by those of `defaults` where nothing was given."""
        given = {
            each.name: value for each in fields(self) if (value := getattr(self, each.name)) != each.default
        }
        return replace(defaults, **given)

    def resolve_still(self, path: Path) -> StillRequest:
        """Resolve the options for the still `path`.

        Raises:
            UsageError: The suffix is unknown, or the width or the density of pixels is out of range.
        """
        return StillRequest.resolve(path, self.width, self.dpi)

    def resolve(self, path: Path) -> ResolvedRequest:
        """Resolve the options for the animation file `path`.

        Raises:
            UsageError: The suffix, the codec, the platform, the size or a word of `keep` is unknown, or they do not
                fit together.
            TemplateError: The user's platform file is invalid.
        """
        fmt, settings = find_format(path), EncoderSettings(lossless=self.lossless, codec=self.codec)
        if self.width is not None or self.dpi is not None:
            raise UsageError(f"{path}: width and dpi are for stills ({', '.join(STILL_SUFFIXES)})")
        fmt.find_codec(settings)
        if self.split and not is_figure(path):
            raise UsageError(f"{path}: only an .html file can be split")
        keep = (self.keep,) if isinstance(self.keep, str) else self.keep
        constraints, keep = OutputConstraints(), require_texts("keep", keep, example='["frames"]')
        if self.has_cap:
            unknown = [word for word in keep if word not in KEEP_WORDS]
            if unknown:
                raise UsageError(f"keep {unknown[0]!r}; {suggest_names(unknown[0], KEEP_WORDS)}")
            if is_sequence(path):
                raise UsageError(
                    f"{path}: a cap applies to a single file; name one, such as {path.stem}.apng"
                )
            if self.platform is not None:
                from reelnet.export.platforms.load import find_platform

                constraints = find_platform(self.platform).find_constraints(fmt.suffix)
            if self.max_size is not None:
                constraints = constraints.with_cap(parse_size(self.max_size))
            if self.split:
                raise UsageError(f"{path}: a cap is for a single file; leave out the cap, or do not split it")
            settings = _choose_codec(path, fmt, settings, constraints)
        max_error = DEFAULT_MAX_ERROR
        if self.max_error is not None:
            max_error = require_number("max_error", self.max_error, 0, MAX_ERROR)
        return ResolvedRequest(path, fmt, settings, constraints, max_error, frozenset(keep), self.split)


@dataclass(frozen=True)
class ExportRequest:
    """One output file that a user asks for.

    Attributes:
        rendition: What the file shows.
        path: Where it goes.
        step: The training step of a still; None for an animation.
        options: The options of the file.
        others: Further layers of an interactive figure, in the order of its menu.
    """

    rendition: Rendition
    path: Path
    step: int | None = None
    options: ExportOptions = field(default_factory=ExportOptions)
    others: tuple[Rendition, ...] = ()

    def check(self) -> None:
        """Raise the errors that can be found before encoding.

        Raises:
            UsageError: The options do not fit the format or the platform.
            TemplateError: The panels need more colors than the format has.
        """
        if self.step is not None:
            self.options.resolve_still(self.path)
        else:
            resolved = self.options.resolve(self.path)
            check_colors(resolved.choose_density(self.rendition), resolved)


@dataclass(frozen=True)
class ResolvedRequest:
    """The options of an animation file, resolved.

    Attributes:
        path: The file.
        fmt: Its format.
        settings: The encoder's settings.
        constraints: The cap and the other limits of the platform.
        max_error: With a cap: the largest allowed error of a value, in 1/240ths of the color range.
        keep: With a cap: what must not be reduced: `frames`, `levels`, `scale`.
        split: Whether the values of an interactive figure are in files beside the page.
    """

    path: Path
    fmt: Format
    settings: EncoderSettings
    constraints: OutputConstraints
    max_error: float = DEFAULT_MAX_ERROR
    keep: frozenset[str] = frozenset()
    split: bool = False

    @property
    def codec(self) -> Codec:
        """The codec of the file."""
        return self.fmt.find_codec(self.settings)

    @property
    def needs_search(self) -> bool:
        """Whether there are constraints that the file may have to be reduced for."""
        return self.constraints != OutputConstraints()

    def choose_density(self, rendition: Rendition) -> Rendition:
        """The rendition at the density of the format, unless the user or the template decides the density."""
        return rendition.with_default_density(self.fmt.density)

    def is_exact(self, rendition: Rendition) -> bool:
        """Whether the format and the codec keep the exact colors of a rendition."""
        reduced = bool(describe_color_reduction(rendition, self.fmt))
        return (self.settings.lossless or self.codec.exact) and not reduced

    def add_thumbnail(self, rendition: Rendition) -> Rendition:
        """The rendition that begins with its last picture, if the template or the platform wants that."""
        wanted = rendition.request.template.timeline.thumbnail
        if wanted is None:
            wanted = "last" if self.constraints.thumbnail else "none"
        if wanted == "none" or is_sequence(self.path) or len(rendition.timeline) == 1:
            return rendition
        return rendition.with_thumbnail(
            THUMBNAIL_SECONDS if self.fmt.palette_based else 1 / rendition.timeline.fps
        )

    def describe(self, rendition: Rendition) -> tuple[str, ...]:
        """What users should know about the file, one sentence each."""
        notes = [*self.fmt.describe_playback(rendition.timeline.fps)]
        if seconds := float(rendition.timeline.thumbnail):
            notes.append(f"begins with the last picture for {seconds:.2g} s, which previews show")
        if rendition.request.template.timeline.plays is not None and self.fmt.suffix in LOOPLESS_SUFFIXES:
            notes.append(
                "timeline.loop has no effect: the page or the player decides how often a video plays"
            )
        notes += describe_color_reduction(rendition, self.fmt)
        recommended, codec = self.constraints.recommended_codec, self.codec.name
        if recommended not in (None, codec) and self.fmt.suffix[1:] in VIDEO_FORMATS:
            titles = CODEC_TITLES[recommended], CODEC_TITLES.get(codec, codec)
            notes.append(f"{self.constraints.platform} recommends {titles[0]}, but this file is {titles[1]}")
        return *notes, *rendition.scene.notes, *rendition.run.warnings(rendition.scene.taps)


def check_colors(rendition: Rendition, request: ResolvedRequest) -> None:
    """Raise an error if the format has too few colors for a rendition.

    Raises:
        TemplateError: The panels need more than 256 colors even with reduced photos, and the format has no more.
        UsageError: A lossless file is requested, and the format cannot keep all colors of the photos.
    """
    if request.fmt.color_depth is ColorDepth.FULL:
        return
    rendition.check_8bit_colors(f"{request.path}", f", or choose a format other than {request.fmt.title}")
    if request.settings.lossless and (notes := describe_color_reduction(rendition, request.fmt)):
        raise UsageError(f"{request.path}: {notes[0]}; lossless are .webp, .apng, .webm and .mov")


def describe_color_reduction(rendition: Rendition, fmt: Format) -> tuple[str, ...]:
    """How the colors of fixed pictures are reduced for a format, in a sentence; empty if they are not."""
    palette = rendition.scene.palette
    if fmt.color_depth is ColorDepth.FULL or not palette.reduced_pictures:
        return ()
    few = sum(len(picture.reduced_colors) for picture in palette.reduced_pictures)
    count = sum(picture.color_count for picture in palette.reduced_pictures)
    levels, every = palette.levels_8bit, palette.levels
    maps = f", and the colormap has {levels} of {every} levels" if levels < every else ""
    return (f"a {fmt.title} has 256 colors: the pictures have {few:,} of their {count:,}{maps}",)


def _choose_codec(
    path: Path, fmt: Format, settings: EncoderSettings, constraints: OutputConstraints
) -> EncoderSettings:
    """The settings with the first codec of the format that the constraints allow, unless the user chose one.

    Every encoder writes closed groups of pictures, so `closed_gop` does not depend on the codec.

    Raises:
        UsageError: The constraints exclude the chosen codec, or every codec of the format.
    """
    if fmt.suffix[1:] not in VIDEO_FORMATS:
        return settings
    fixed = settings.codec is not None or settings.lossless
    problems: list[str] = []
    for codec in [fmt.find_codec(settings)] if fixed else fmt.codecs:
        found = list(_find_codec_problems(codec, settings, constraints))
        if not found:
            return replace(settings, codec=codec.name) if codec != fmt.find_codec(settings) else settings
        problems += found
    allowed = [
        each.suffix
        for each in FORMATS.values()
        if each.suffix in constraints.formats
        and each.suffix[1:] in VIDEO_FORMATS
        and not all([*_find_codec_problems(codec, EncoderSettings(), constraints)] for codec in each.codecs)
    ]
    advice = f"; write {', '.join(allowed)}" if allowed else ""
    if fmt.suffix in allowed and settings.codec is not None:
        advice = "; leave the codec out"
    raise UsageError(f"{path}: {'; '.join(dict.fromkeys(problems))}{advice}")


def _find_codec_problems(
    codec: Codec, settings: EncoderSettings, constraints: OutputConstraints
) -> Iterator[str]:
    """Why constraints exclude a codec, one clause each."""
    pixel_format = codec.choose_pixel_format(lossless=settings.lossless)
    if constraints.codec is not None and codec.name != constraints.codec:
        title = CODEC_TITLES.get(codec.name, codec.name)
        yield f"{constraints.platform} takes {CODEC_TITLES[constraints.codec]} only, not {title}"
    if constraints.pixel_format is not None and pixel_format != constraints.pixel_format:
        yield f"{constraints.platform} takes {constraints.pixel_format} only, not {pixel_format}"
