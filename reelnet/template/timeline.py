"""The timeline as written in a template: which steps, how many frames, at which pace. It knows no run."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidatorFunctionWrapHandler,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from reelnet.errors import suggest_names

DEFAULT_FPS = 10.0
"""Frames a second when the template does not say."""

MIN_FPS, MAX_FPS = 0.01, 100.0
"""Frames a second that a template may ask for."""

MAX_PAUSE_SECONDS = 600.0
"""Seconds that a pause, a hold or a rewind may take."""

StepsWord = Literal["all", "log", "adaptive"]

_CONFIG = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def _timeline_error(message: str) -> PydanticCustomError:
    # A plain ValueError would be shown with "Value error, " before it.
    return PydanticCustomError("timeline", message)


def _require_list(value: Any) -> Any:
    # YAML has lists only, which strict mode would not take for tuples; what they hold stays strict.
    if not isinstance(value, list | tuple):
        raise _timeline_error("Give a list, even of one")
    return tuple(value)


def _require_two_ends(value: Any) -> Any:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise _timeline_error("Give two steps, [first, last]; null leaves that end open")
    return tuple(value)


_Step = Annotated[int, Field(ge=0)]
_List = Annotated[tuple[_Step, ...], BeforeValidator(_require_list)]
_Range = Annotated[tuple[_Step | None, _Step | None], BeforeValidator(_require_two_ends)]


class StepsSpec(BaseModel):
    """Which of the recorded steps are shown: one of every, list, log and adaptive, or a range of all."""

    model_config = _CONFIG

    every: int | None = Field(
        default=None,
        ge=1,
        description="Show every n-th recorded step, counted from the first one, and the last one.",
    )
    list: _List | None = Field(
        default=None,
        description="Show exactly these training steps, which must ascend and be recorded; of other selections the "
        "first and the last step always stay.",
    )
    range: _Range | None = Field(
        default=None,
        description="Show only steps from the first to the last of these two training steps, both included; "
        "null leaves that end open.",
    )
    log: int | None = Field(
        default=None,
        ge=2,
        description="Show this many recorded steps, evenly spaced in log(step + 1), so that the beginning is "
        "shown in more detail than the end.",
    )
    adaptive: int | None = Field(
        default=None,
        ge=2,
        description="Show this many recorded steps, more of them where the activations change more.",
    )

    @field_validator("list")
    @classmethod
    def _list_ascends(cls, steps: tuple[int, ...] | None) -> tuple[int, ...] | None:
        if steps is None:
            return None
        if not steps:
            raise _timeline_error("Give at least one step")
        if any(first >= second for first, second in pairwise(steps)):
            better = sorted(set(steps))
            shown = f", such as {better}" if len(better) <= 12 else ""
            raise _timeline_error(f"Steps must ascend, each given once{shown}")
        return steps

    @field_validator("range")
    @classmethod
    def _range_ascends(
        cls, ends: tuple[int | None, int | None] | None
    ) -> tuple[int | None, int | None] | None:
        if ends is not None:
            first, last = ends
            if first is not None and last is not None and first > last:
                raise _timeline_error(
                    f"The first step must not lie after the last, so give [{last}, {first}]"
                )
        return ends

    @model_validator(mode="after")
    def _one_choice(self) -> Self:
        given = [key for key in ("every", "list", "log", "adaptive") if getattr(self, key) is not None]
        if len(given) > 1:
            raise _timeline_error(f"Give only one of {' and '.join(given)}")
        if self.list is not None and self.range is not None:
            raise _timeline_error(
                "Give list without range; range goes with every, log or adaptive, or stands alone"
            )
        if not given and self.range is None:
            raise _timeline_error("Give one of every, list, log, adaptive and range")
        return self


class SpeedSpec(BaseModel):
    """A stretch of training steps that is shown faster or slower."""

    model_config = _CONFIG

    from_: int = Field(alias="from", ge=0, description="First training step of the stretch.")
    to: int = Field(ge=0, description="Last training step of the stretch, which belongs to it.")
    factor: float = Field(
        ge=0.01,
        le=100,
        description="How many times as fast the stretch is shown: 0.5 shows each step for two frames, 2 drops "
        "every second step.",
    )

    @model_validator(mode="after")
    def _ascends(self) -> Self:
        if self.from_ > self.to:
            raise _timeline_error(
                f"A stretch must not end before it begins, so give from {self.to} to {self.from_}"
            )
        return self


class HoldSpec(BaseModel):
    """A step on which the animation rests."""

    model_config = _CONFIG

    step: int = Field(ge=0, description="The training step, which is then shown whatever is left out.")
    seconds: float = Field(
        gt=0, le=MAX_PAUSE_SECONDS, description="Seconds that its frame stays in addition to its usual time."
    )


class TimelineSpec(BaseModel):
    """Which steps are shown, for how long and at which pace.

    Of `fps`, `duration` and `frames` any two, one or none may be given; `moving_frames` and
    `effective_fps` say what follows from them.
    """

    model_config = _CONFIG

    fps: float | None = Field(
        default=None,
        ge=MIN_FPS,
        le=MAX_FPS,
        description="Frames a second; 10 when neither this nor both of duration and frames are given.",
    )
    duration: float | None = Field(
        default=None,
        gt=0,
        le=36_000,
        description="Seconds that the moving part takes, without pauses, holds and the way back.",
    )
    frames: int | None = Field(
        default=None,
        ge=1,
        description="Number of frames of the moving part; the steps are spread evenly over them.",
    )
    steps: StepsWord | StepsSpec = Field(
        default="all",
        description="Which recorded steps are shown: all, log, adaptive, or a map of every, list, range, log or "
        "adaptive; log and adaptive without a number show as many steps as there are frames, max_frames, or 300.",
    )
    max_frames: int | None = Field(
        default=None,
        ge=1,
        description="Most frames of the moving part; where there would be more, steps are left out evenly, and a "
        "duration is kept.",
    )
    start_pause: float = Field(
        default=0.0, ge=0, le=MAX_PAUSE_SECONDS, description="Seconds that the first frame stays in addition."
    )
    end_pause: float = Field(
        default=0.0,
        ge=0,
        le=MAX_PAUSE_SECONDS,
        description="Seconds that the last frame stays in addition, before any way back.",
    )
    rewind: float = Field(
        default=0.0,
        ge=0,
        le=MAX_PAUSE_SECONDS,
        description="Seconds in which the steps run back to the first one after the end; 0 for no rewind.",
    )
    boomerang: bool = Field(
        default=False,
        description="Whether the steps run the whole way back at the same pace; neither end is shown twice.",
    )
    speed: Annotated[tuple[SpeedSpec, ...], BeforeValidator(_require_list)] = Field(
        default=(),
        description="Stretches of training steps that are shown faster or slower; they must not overlap.",
    )
    holds: Annotated[tuple[HoldSpec, ...], BeforeValidator(_require_list)] = Field(
        default=(), description="Steps on which the animation rests for some seconds."
    )

    @property
    def moving_frames(self) -> int | None:
        """Number of frames that the moving part must have, from 1; None where the steps decide."""
        wanted = self._wanted_frames
        return wanted if wanted is None or self.max_frames is None else min(wanted, self.max_frames)

    @property
    def _wanted_frames(self) -> int | None:
        if self.frames is not None or self.duration is None:
            return self.frames
        pace = DEFAULT_FPS if self.fps is None else self.fps
        return max(1, round(Fraction(str(pace)) * Fraction(str(self.duration))))

    @property
    def effective_fps(self) -> float:
        """The pace of all frames. Fewer frames than a duration asks for keep the duration."""
        frames = self.moving_frames
        fewer = self.frames is not None or frames != self._wanted_frames
        if frames is not None and self.duration is not None and fewer:
            return frames / self.duration
        return DEFAULT_FPS if self.fps is None else self.fps

    # A union would put the names of its members into the place of an error; here it is always the key's.
    @field_validator("steps", mode="wrap")
    @classmethod
    def _steps_word_or_map(cls, value: Any, _union: ValidatorFunctionWrapHandler) -> StepsWord | StepsSpec:
        match value:
            case "all" | "log" | "adaptive":
                word: StepsWord = value
                return word
            case str():
                known = ("all", "log", "adaptive")
                raise _timeline_error(f"There is no {value!r}; {suggest_names(value, known)}")
            case dict() | StepsSpec():
                return StepsSpec.model_validate(value)
        raise _timeline_error("Give all, log, adaptive, or a map with every, list, range, log or adaptive")

    @field_validator("speed")
    @classmethod
    def _no_overlap(cls, speed: tuple[SpeedSpec, ...]) -> tuple[SpeedSpec, ...]:
        for first, second in pairwise(sorted(speed, key=lambda each: each.from_)):
            if second.from_ <= first.to:
                raise _timeline_error(
                    f"The stretches {first.from_} to {first.to} and {second.from_} to {second.to} overlap, "
                    f"so end the first before {second.from_}, or begin the second after {first.to}"
                )
        return speed

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if None not in (self.fps, self.duration, self.frames):
            raise _timeline_error("Give two of fps, duration and frames; the third follows from them")
        if not MIN_FPS <= self.effective_fps <= MAX_FPS:
            raise _timeline_error(
                f"{self.moving_frames} frames in {self.duration:g} seconds are {self.effective_fps:.3g} frames a "
                f"second, so change one of them until that is from {MIN_FPS:g} to {MAX_FPS:g}"
            )
        if self.rewind and self.boomerang:
            raise _timeline_error("Give rewind or boomerang, not both")
        return self
