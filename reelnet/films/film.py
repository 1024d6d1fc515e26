"""Films: items with transitions, chapters and sound, composed by moviepy."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from reelnet.config.diagnostics import (
    Diagnostic,
    InvalidTemplate,
    KeyPath,
    OptionError,
    SourceMap,
    error_context,
    raise_diagnostics,
)
from reelnet.config.source import find_position, parse_yaml, read_text, to_plain
from reelnet.config.validation_messages import explain_validation_error
from reelnet.errors import ReelnetError, UsageError
from reelnet.export.report import Report
from reelnet.films.items import ItemReader, require_moviepy, require_stream
from reelnet.films.model import FilmSpec, ItemSpec, TransitionSpec
from reelnet.films.save_clip import save
from reelnet.films.transitions import join

TOLERANCE = 1e-2
"""Of a frame: durations are floating-point numbers."""


@dataclass(frozen=True)
class Part:
    """A part of a film.

    Attributes:
        clip: A clip of the size of the film.
        frames: How long it is.
        transition: How it replaces the part before.
        chapter: The chapter that begins with it; None for none.
        path: The item in the film's file.
    """

    clip: Any
    frames: int
    transition: TransitionSpec
    chapter: str | None
    path: KeyPath


@dataclass(frozen=True)
class Film:
    """A film that is composed, but not written yet.

    Attributes:
        clip: A clip of moviepy: cut it, or put it into another one.
        chapters: The start of each chapter in seconds, and its title.
    """

    clip: Any
    chapters: tuple[tuple[float, str], ...]

    def save(self, path: str | os.PathLike[str], *args: Any, **options: Any) -> Report:
        """Write the film with its chapters; see `reelnet.save` for arguments, results and errors."""
        return save(self.clip, path, *args, chapters=self.chapters, **options)


def film(
    content: str | os.PathLike[str] | Mapping[str, Any] | Sequence[Any], runs: Sequence[str] | str = ()
) -> Film:
    """Compose a film.

        reelnet.film([{"card": "How conv6 learns"}, run.reel("wide"), clip]).save("talk.mp4", max_size="20 MB")
        reelnet.film("talk.yaml", "runs/demo").save("talk.mp4")

    Args:
        content: A film's file; or what it says, as a mapping; or its items, as a list. From Python, an item may also
            be a `Reel` or a moviepy clip, or a mapping with such a `clip`, a `transition` and a `chapter`.
        runs: The runs of items that name none. With several, `items` is shown once per run.

    Raises:
        UsageError: There is no such file.
        TemplateError: Something in the film is wrong. The error has every mistake, with file, line and column.
        ReelnetError: moviepy is not installed.
    """
    require_moviepy()
    runs = (runs,) if isinstance(runs, str) else tuple(map(os.fspath, runs))
    if isinstance(content, str | os.PathLike):
        file = Path(content)
        if not file.is_file():
            raise UsageError(f"{file}: no such file; 'reelnet film new {file}' writes one to begin with")
        node = parse_yaml(read_text(file), str(file))
        return _Composer(to_plain(node), SourceMap(partial(find_position, node)), file.parent, runs).compose()
    plain = dict(content) if isinstance(content, Mapping) else {"items": [*content]}
    return _Composer(plain, SourceMap(), Path(), runs).compose()


class _Composer:
    """Composes one film, and collects all mistakes in it."""

    def __init__(self, content: Any, source_map: SourceMap, folder: Path, runs: tuple[str, ...]) -> None:
        self._source_map, self._diagnostics = source_map, list[Diagnostic]()
        for name in ("intro", "items", "outro"):
            if isinstance(content, dict) and isinstance(content.get(name), list | tuple):
                content[name] = [_expand_clip(item) for item in content[name]]
        try:
            self._spec = FilmSpec.model_validate(content)
        except ValidationError as error:
            raise InvalidTemplate(
                [source_map.diagnose(path, text) for path, text in explain_validation_error(FilmSpec, error)]
            ) from None
        self._runs = runs
        self._reader = ItemReader(self._spec, content.get("theme"), folder)

    def compose(self) -> Film:
        from moviepy import CompositeAudioClip, concatenate_videoclips

        sound = None

        with self._collect("audio"):
            sound = self._read_audio()
        parts = [*self._read_parts()]
        segments = [*self._divide(parts)] if not self._diagnostics else []
        raise_diagnostics(self._diagnostics)
        clip = concatenate_videoclips(segments, method="chain").with_fps(self._spec.fps)
        if sound is not None:
            sound = self._fade(sound, clip.duration)
            clip = clip.with_audio(sound if clip.audio is None else CompositeAudioClip([clip.audio, sound]))
        return Film(clip, (*_find_chapters(parts, self._spec.fps),))

    def _read_parts(self) -> Iterator[Part]:
        for name in ("intro", "items", "outro"):
            items: tuple[ItemSpec, ...] = getattr(self._spec, name)
            # Items that name their run would be the same each time.
            several = name == "items" and len(self._runs) > 1
            for run in self._runs if several else self._runs[:1] or [None]:
                for number, item in enumerate(items):
                    with self._collect(name, number):
                        yield from self._read_item(item, run, (name, number))

    def _read_item(self, item: ItemSpec, run: str | None, path: KeyPath) -> Iterator[Part]:
        for number, shown in enumerate(self._reader.read(item, run)):
            frames = math.ceil(shown.clip.duration * self._spec.fps - 0.5 - TOLERANCE)
            if frames < 1:
                raise OptionError(f"its {shown.clip.duration:g} s are shorter than a frame")
            chapter = item.chapter
            for field, value in shown.names.items():
                chapter = chapter and chapter.replace(f"{{{field}}}", value)
            if chapter is not None and number and chapter == item.chapter:
                # The same title again is no new chapter.
                chapter = None
            yield Part(shown.clip, frames, item.transition or self._spec.transition, chapter, path)

    def _divide(self, parts: Sequence[Part]) -> Iterator[Any]:
        """The clips of a film, one after the other: parts alone, and transitions."""
        lengths = [0, *(self._count_frames(part.transition) for part in parts[1:]), 0]
        for number, part in enumerate(parts):
            begin, end = lengths[number], lengths[number + 1]
            if begin + end > part.frames:
                message = (
                    f"lasts {part.frames / self._spec.fps:g} s, which is shorter than its transitions of "
                    f"{(begin + end) / self._spec.fps:g} s"
                )
                self._diagnostics.append(self._source_map.diagnose(part.path, message))
                continue
            if number and begin:
                before = parts[number - 1]
                if before.frames >= begin:
                    yield join(
                        part.transition.kind,
                        self._cut(before, before.frames - begin, before.frames),
                        self._cut(part, 0, begin),
                        self._reader.size,
                        begin / self._spec.fps,
                    )
            if part.frames - begin - end:
                yield self._cut(part, begin, part.frames - end)

    def _count_frames(self, transition: TransitionSpec) -> int:
        return 0 if transition.kind == "cut" else max(1, round(transition.seconds * self._spec.fps))

    def _cut(self, part: Part, begin: int, end: int) -> Any:
        """The frames of a part from one number to before another, with exactly that duration."""
        fps = self._spec.fps
        return part.clip.subclipped(begin / fps, min(end / fps, part.clip.duration)).with_duration(
            (end - begin) / fps
        )

    def _read_audio(self) -> Any:
        """The sound below the whole film; None if it has none.

        Raises:
            OptionError: The file has no sound.
        """
        from moviepy import AudioFileClip

        if self._spec.audio is None:
            return None
        file = self._reader.find_path(self._spec.audio.file)
        with error_context("file"):
            require_stream(file, "audio")
        return AudioFileClip(file)

    def _fade(self, sound: Any, seconds: float) -> Any:
        """A sound that is no longer than the film, as loud as the author says."""
        from moviepy import afx

        audio = self._spec.audio
        assert audio is not None
        sound = sound.subclipped(0, min(sound.duration, seconds))
        effects: list[Any] = [afx.MultiplyVolume(10 ** (audio.gain / 20))] if audio.gain else []
        if fade := min(audio.fade, sound.duration / 2):
            effects += [afx.AudioFadeIn(fade), afx.AudioFadeOut(fade)]
        return sound.with_effects(effects)

    @contextmanager
    def _collect(self, *path: str | int) -> Iterator[None]:
        """Record the errors of the block at a key path, and go on after it."""
        try:
            yield
        except InvalidTemplate as error:
            place = self._source_map.diagnose(path, "")
            self._diagnostics += [
                each
                if each.position.line
                else Diagnostic(place.position, f"{place.key}.{each.key}", each.message)
                for each in error.diagnostics
            ]
        except OptionError as error:
            found = [((*path, *below), message) for below, message in error.errors]
            self._diagnostics += [self._source_map.diagnose(*each) for each in found]
        except (ReelnetError, ValueError, OSError) as error:
            self._diagnostics.append(self._source_map.diagnose(path, str(error)))


def _expand_clip(item: Any) -> Any:
    """An item as a map; from Python, a reel or a clip may stand for it."""
    return item if isinstance(item, str | int | float | list | dict | None) else {"clip": item}


def _find_chapters(parts: Sequence[Part], fps: float) -> Iterator[tuple[float, str]]:
    start = 0
    for number, part in enumerate(parts):
        overlap = part.transition if number else TransitionSpec()
        if overlap.kind != "cut":
            start -= max(1, round(overlap.seconds * fps))
        if part.chapter is not None:
            yield start / fps, part.chapter
        start += part.frames
