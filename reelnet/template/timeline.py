"""The timeline as written in a template: which steps, how many frames, at which pace. It is independent of a run."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    ValidatorFunctionWrapHandler,
    field_validator,
    model_validator,
)

from reelnet.config.spec import LIST_AS_TUPLE, SpecModel
from reelnet.errors import suggest_names

DEFAULT_FPS = 20.0
"""Frames per second if there are many, or if the author gives a duration only."""

MIN_FPS, MAX_TEMPLATE_FPS = 0.01, 100.0
"""Frames per second that a template may ask for."""

MAX_PAUSE_SECONDS = 600.0
"""Longest pause, hold or rewind."""

StepsWord = Literal["all", "log", "adaptive"]
Thumbnail = Literal["last", "none"]
LoopWord = Literal["once", "forever"]
MAX_PLAYS = 65_535
"""The most plays that a file can ask for, but for forever."""


def _require_two_ends(value: Any) -> Any:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ValueError("give two steps, [first, last]; null leaves that end open")
    return tuple(value)


_Step = Annotated[int, Field(ge=0)]
_Seconds = Annotated[float, Field(ge=0, le=MAX_PAUSE_SECONDS)]
_Count = Annotated[int, Field(ge=1)]
_StepCount = Annotated[int, Field(ge=2)]
_List = Annotated[tuple[_Step, ...], LIST_AS_TUPLE]
_Range = Annotated[tuple[_Step | None, _Step | None], BeforeValidator(_require_two_ends)]


class _TimelineModel(SpecModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(allow_inf_nan=False)


class StepsSpec(_TimelineModel):
    """Which recorded steps are shown: one of every, list, log and adaptive, or a range of all steps."""

    every: _Count | None = Field(
        default=None,
        description="Show every n-th recorded step, starting with the first one, and the last one.",
    )
    list: _List | None = Field(
        default=None,
        description="Show exactly these training steps, in ascending order; all must be recorded. Other selections "
        "always include the first and the last step.",
    )
    range: _Range | None = Field(
        default=None,
        description="Show only steps from the first to the last of these two training steps, inclusive; null leaves "
        "that end open.",
    )
    log: _StepCount | None = Field(
        default=None,
        description="Show this many recorded steps, evenly spaced in log(step + 1), so that the beginning has more "
        "detail than the end.",
    )
    adaptive: _StepCount | None = Field(
        default=None, description="Show this many recorded steps, denser where the activations change more."
    )

    @field_validator("list")
    @classmethod
    def _check_list(cls, steps: tuple[int, ...] | None) -> tuple[int, ...] | None:
        if steps is None:
            return None
        if not steps:
            raise ValueError("give at least one step")
        if any(first >= second for first, second in pairwise(steps)):
            better = sorted(set(steps))
            shown = f", such as {better}" if len(better) <= 12 else ""
            raise ValueError(f"steps must be in ascending order without duplicates{shown}")
        return steps

    @field_validator("range")
    @classmethod
    def _check_range(cls, ends: tuple[int | None, int | None] | None) -> tuple[int | None, int | None] | None:
        if ends is not None:
            first, last = ends
            if first is not None and last is not None and first > last:
                raise ValueError(f"the first step must not be after the last; give [{last}, {first}]")
        return ends

    @model_validator(mode="after")
    def _check_choice(self) -> Self:
        given = [key for key in ("every", "list", "log", "adaptive") if getattr(self, key) is not None]
        if len(given) > 1:
            raise ValueError(f"give only one of {' and '.join(given)}")
        if self.list is not None and self.range is not None:
            raise ValueError("give list without range; range can be alone or with every, log or adaptive")
        if not given and self.range is None:
            raise ValueError("give one of every, list, log, adaptive and range")
        return self


class SpeedSpec(_TimelineModel):
    """A stretch of training steps that is shown faster or slower."""

    from_: _Step = Field(alias="from", description="First training step of the stretch.")
    to: _Step = Field(description="Last training step of the stretch, inclusive.")
    factor: float = Field(
        ge=0.01,
        le=100,
        description="Speed of the stretch: 0.5 shows each step for two frames, 2 skips every second step.",
    )

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.from_ > self.to:
            raise ValueError(f"a stretch must not end before it starts; give from {self.to} to {self.from_}")
        return self


class HoldSpec(_TimelineModel):
    """A step at which the animation pauses."""

    step: _Step = Field(
        description="The training step. It is shown even if the selection of steps leaves it out."
    )
    seconds: float = Field(
        gt=0,
        le=MAX_PAUSE_SECONDS,
        description="Seconds that its frame stays in addition to its normal duration.",
    )


class TimelineSpec(_TimelineModel):
    """Which steps are shown, for how long and at which pace.

    At most two of `fps`, `duration` and `frames` may be given; the third follows from them.
    """

    fps: float | None = Field(
        default=None,
        ge=MIN_FPS,
        le=MAX_TEMPLATE_FPS,
        description="Frames per second. By default what follows from duration and frames, or else what shows all "
        "frames in 7.5 seconds: at most 20 per second, and at most 2 seconds per step.",
    )
    duration: float | None = Field(
        default=None,
        gt=0,
        le=36_000,
        description="Seconds of the moving part, without pauses, holds, and rewind or boomerang.",
    )
    frames: _Count | None = Field(
        default=None,
        description="Number of frames of the moving part; the steps are spread evenly over them.",
    )
    steps: StepsWord | StepsSpec = Field(
        default="adaptive",
        description="Which recorded steps are shown: all, log, adaptive, or a map of every, list, range, log or "
        "adaptive. Without a number, log and adaptive show as many steps as there are frames, or max_frames, or 120. "
        "Steps at which a caption begins are always shown.",
    )
    max_frames: _Count | None = Field(
        default=None,
        description="Maximum number of frames of the moving part. If there would be more, steps are skipped evenly; "
        "a duration stays the same.",
    )
    start_pause: _Seconds = Field(default=1.0, description="Additional seconds of the first frame.")
    end_pause: _Seconds = Field(
        default=3.0, description="Additional seconds of the last frame, before rewind or boomerang."
    )
    rewind: _Seconds = Field(
        default=0.0,
        description="Seconds in which the steps run backward to the first one after the end; 0 for no rewind.",
    )
    boomerang: bool = Field(
        default=False,
        description="Run all steps backward at the same pace after the end; neither end is shown twice.",
    )
    speed: Annotated[tuple[SpeedSpec, ...], LIST_AS_TUPLE] = Field(
        default=(),
        description="Stretches of training steps that are shown faster or slower; they must not overlap.",
    )
    holds: Annotated[tuple[HoldSpec, ...], LIST_AS_TUPLE] = Field(
        default=(), description="Steps at which the animation pauses for some seconds."
    )

    thumbnail: Thumbnail | None = Field(
        default=None,
        description="last: a file begins with the last picture for 1/25 second (videos: one frame), "
        "because previews show the first one. By default last for social networks, else none.",
    )
    loop: LoopWord | Annotated[int, Field(ge=1, le=MAX_PLAYS)] = Field(
        default="forever",
        description="How often a GIF, WebP, APNG or AVIF plays: once, forever, or a number of times. In videos the "
        "page or the player decides.",
    )

    @property
    def plays(self) -> int | None:
        """How often a file plays; None for forever."""
        return None if self.loop == "forever" else 1 if self.loop == "once" else self.loop

    @property
    def chooses_pace(self) -> bool:
        """Whether the frames per second follow from the number of frames."""
        return self.fps is None and self.duration is None

    @property
    def moving_frames(self) -> int | None:
        """Number of frames that the moving part must have, from 1; None if the steps decide."""
        requested = self._requested_frames
        if requested is None or self.max_frames is None:
            return requested
        return min(requested, self.max_frames)

    @property
    def _requested_frames(self) -> int | None:
        if self.frames is not None or self.duration is None:
            return self.frames
        pace = DEFAULT_FPS if self.fps is None else self.fps
        return max(1, round(Fraction(str(pace)) * Fraction(str(self.duration))))

    @property
    def effective_fps(self) -> float:
        """Frames per second of the moving part, unless they follow from the number of frames.

        Fewer frames than `fps` and `duration` ask for keep the duration.
        """
        frames = self.moving_frames
        fewer = self.frames is not None or frames != self._requested_frames
        if frames is not None and self.duration is not None and fewer:
            return frames / self.duration
        return DEFAULT_FPS if self.fps is None else self.fps

    # A union would add the names of its members to the key path of an error.
    @field_validator("steps", mode="wrap")
    @classmethod
    def _parse_steps(cls, value: Any, _union: ValidatorFunctionWrapHandler) -> StepsWord | StepsSpec:
        match value:
            case "all" | "log" | "adaptive":
                word: StepsWord = value
                return word
            case str():
                raise ValueError(f"no choice {value!r}; {suggest_names(value, get_args(StepsWord))}")
            case dict() | StepsSpec():
                return StepsSpec.model_validate(value)
        raise ValueError("give all, log, adaptive, or a map with every, list, range, log or adaptive")

    @field_validator("speed")
    @classmethod
    def _check_overlap(cls, speed: tuple[SpeedSpec, ...]) -> tuple[SpeedSpec, ...]:
        for first, second in pairwise(sorted(speed, key=lambda each: each.from_)):
            if second.from_ <= first.to:
                raise ValueError(
                    f"the stretches {first.from_} to {first.to} and {second.from_} to {second.to} overlap; "
                    f"end the first before {second.from_}, or start the second after {first.to}"
                )
        return speed

    @model_validator(mode="after")
    def _check_combination(self) -> Self:
        if None not in (self.fps, self.duration, self.frames):
            raise ValueError("give at most two of fps, duration and frames; the third follows from them")
        if not MIN_FPS <= self.effective_fps <= MAX_TEMPLATE_FPS:
            raise ValueError(
                f"{self.moving_frames} frames in {self.duration:g} seconds are {self.effective_fps:.3g} frames "
                f"per second; change one of them to get {MIN_FPS:g} to {MAX_TEMPLATE_FPS:g} frames per second"
            )
        if self.rewind and self.boomerang:
            raise ValueError("give rewind or boomerang, not both")
        return self
