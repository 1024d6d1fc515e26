"""Keys and values under `timeline` in a template."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from reelnet.template.timeline import StepsSpec, TimelineSpec


@pytest.mark.parametrize(
    "content",
    [
        {"fps": 12, "duration": 20},
        {"steps": {"every": 10, "range": [0, None]}},
        {"steps": {"list": [0, 10, 290]}},
        {"steps": {"log": 60, "range": [None, 5]}},
        {"speed": [{"from": 0, "to": 9, "factor": 2}, {"from": 10, "to": 20, "factor": 0.5}]},
        {"fps": None, "max_frames": None},
    ],
)
def test_valid_timelines(content: Any) -> None:
    spec = TimelineSpec.model_validate(content)
    assert TimelineSpec.model_validate(spec.model_dump(by_alias=True)) == spec
    assert isinstance(hash(spec), int)


@pytest.mark.parametrize(
    ("content", "where", "message"),
    [
        ({"fps": 10, "duration": 2, "frames": 20}, (), "give at most two of fps, duration and frames"),
        ({"frames": 1, "duration": 3600}, (), "to get 0.01 to 100"),
        ({"frames": 9000, "duration": 2}, (), "4.5e+03 frames per second"),
        ({"rewind": 1, "boomerang": True}, (), "not both"),
        ({"fps": 0}, ("fps",), "greater than"),
        ({"fps": 101}, ("fps",), "less than or equal to 100"),
        ({"fps": True}, ("fps",), "valid number"),
        ({"fps": float("nan")}, ("fps",), "finite"),
        ({"frames": 2.5}, ("frames",), "integer"),
        ({"max_frames": 0}, ("max_frames",), "greater than"),
        ({"start_pause": 601}, ("start_pause",), "600"),
        ({"stpes": "all"}, ("stpes",), "not permitted"),
        ({"steps": "lgo"}, ("steps",), "no choice 'lgo'; did you mean 'log'?"),
        ({"steps": "every"}, ("steps",), "choose from all, log, adaptive"),
        ({"steps": 10}, ("steps",), "give all, log, adaptive, or a map"),
        ({"steps": {}}, ("steps",), "give one of"),
        ({"steps": {"every": 2, "log": 9}}, ("steps",), "only one of every and log"),
        ({"steps": {"list": [1], "range": [0, 2]}}, ("steps",), "list without range"),
        ({"steps": {"list": [10, 0, 10]}}, ("steps", "list"), "such as [0, 10]"),
        ({"steps": {"list": []}}, ("steps", "list"), "at least one step"),
        ({"steps": {"list": 3}}, ("steps", "list"), "valid tuple"),
        ({"steps": {"list": [0, "9"]}}, ("steps", "list", 1), "integer"),
        ({"steps": {"range": [9, 3]}}, ("steps", "range"), "give [3, 9]"),
        ({"steps": {"range": [9]}}, ("steps", "range"), "[first, last]"),
        ({"steps": {"every": 0}}, ("steps", "every"), "greater than"),
        ({"steps": {"evry": 1}}, ("steps", "evry"), "not permitted"),
        ({"speed": {"from": 0, "to": 9, "factor": 2}}, ("speed",), "valid tuple"),
        ({"speed": [{"from": 9, "to": 3, "factor": 2}]}, ("speed", 0), "from 3 to 9"),
        ({"speed": [{"from": 0, "to": 3, "factor": 101}]}, ("speed", 0, "factor"), "100"),
        (
            {"speed": [{"from": 9, "to": 20, "factor": 2}, {"from": 0, "to": 9, "factor": 2}]},
            ("speed",),
            "0 to 9 and 9 to 20 overlap",
        ),
        ({"holds": [{"step": 3, "seconds": 0}]}, ("holds", 0, "seconds"), "greater than 0"),
        ({"holds": [{"seconds": 1}]}, ("holds", 0, "step"), "required"),
    ],
)
def test_invalid_timelines(content: Any, where: tuple[str | int, ...], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TimelineSpec.model_validate(content)
    (error,) = caught.value.errors()
    assert error["loc"] == where
    assert message in error["msg"]


def test_every_key_is_described() -> None:
    schema = TimelineSpec.model_json_schema()
    models = [schema, *schema["$defs"].values()]
    assert len(models) == 4
    for model in models:
        assert all(key["description"].endswith(".") for key in model["properties"].values())
        assert model["additionalProperties"] is False
    assert schema["$defs"]["SpeedSpec"]["required"] == ["from", "to", "factor"]
    assert set(schema["$defs"]["StepsSpec"]["properties"]) == set(StepsSpec.model_fields)
