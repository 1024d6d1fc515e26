"""Validation errors in an author's words."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, ValidationError, field_validator

from reelnet.config.diagnostics import OptionError
from reelnet.config.spec import EvenPixels, PositivePixels, SpecModel
from reelnet.config.validation_messages import explain_validation_error, format_value


class InnerSpec(SpecModel):
    """A map within a list."""

    from_: int = Field(0, alias="from", ge=0)
    share: Annotated[str, Field(pattern=r"^\d+%$")] | None = None


class Spec(SpecModel):
    """One key for each kind of error."""

    width: EvenPixels | None = None
    height: PositivePixels = 1
    name: str = Field("a", min_length=1)
    shown: bool = True
    kind: Literal["row", "column"] = "row"
    items: tuple[InnerSpec, ...] = ()
    marks: int = 0
    loop: Literal["once", "forever"] | Annotated[int, Field(ge=1)] = 1
    wrap: Literal["auto", False] | Annotated[int, Field(ge=1)] = 1
    turned: bool | Literal["auto"] = False
    layers: tuple[str, ...] | Literal["all"] | None = None
    pair: Annotated[tuple[str, ...], Field(min_length=2, max_length=3)] = ("a", "b")

    @field_validator("marks")
    @classmethod
    def _check_marks(cls, value: int) -> int:
        if value == 7:
            raise OptionError.from_errors([(("left",), "is odd"), (("right", 0), "is prime")])
        return value


@pytest.mark.parametrize(
    ("content", "errors"),
    [
        ({"widht": 2}, {("widht",): "no such key; did you mean 'width'?"}),
        ({"width": 3}, {("width",): "3: give a multiple of 2"}),
        ({"width": 16_385}, {("width",): "16385: give at most 16384"}),
        ({"width": 0}, {("width",): "0: give at least 2"}),
        ({"width": "2"}, {("width",): "'2' is not a whole number"}),
        ({"height": 1.5}, {("height",): "1.5 is not a whole number"}),
        (
            {"height": None},
            {("height",): "an empty value is not a whole number; leave the key out for its default"},
        ),
        ({"name": 3}, {("name",): "3 is not a text; quote it"}),
        ({"name": ""}, {("name",): "is empty"}),
        ({"shown": "yes"}, {("shown",): "'yes' is not true or false; write true"}),
        ({"kind": "rwo"}, {("kind",): "'rwo'; did you mean 'row'?"}),
        ({"items": 3}, {("items",): "3 is not a list"}),
        ({"items": (True,)}, {("items", 0): "true is not a map of keys and values"}),
        ({"items": ({"from": -1}, {"form": 1})}, {("items", 0, "from"): "-1: give at least 0"}),
        ({"items": ({"share": "half"},)}, {("items", 0, "share"): r"'half' does not match \d+%"}),
        ({"loop": 1.5}, {("loop",): "1.5 is neither a whole number, once nor forever"}),
        ({"loop": "ones"}, {("loop",): "'ones'; did you mean 'once'?"}),
        ({"loop": 0}, {("loop",): "0: give at least 1"}),
        ({"wrap": True}, {("wrap",): "true is neither a whole number, auto nor false"}),
        ({"turned": "yes"}, {("turned",): "'yes' is neither true or false nor auto; write true"}),
        ({"pair": ()}, {("pair",): "is empty"}),
        ({"pair": ("a",)}, {("pair",): "has 1 item; give at least 2"}),
        ({"pair": ("a", "b", "c", "d")}, {("pair",): "has 4 items; give at most 3"}),
        ({"layers": 3}, {("layers",): "3 is neither a list nor all"}),
        ({"layers": ("a", 3)}, {("layers", 1): "3 is not a text; quote it"}),
        ({"marks": 7}, {("marks", "left"): "is odd", ("marks", "right", 0): "is prime"}),
    ],
)
def test_messages_name_the_key_and_what_would_work(content: Any, errors: dict[Any, str]) -> None:
    with pytest.raises(ValidationError) as caught:
        Spec.model_validate(content)
    found = list(explain_validation_error(Spec, caught.value))
    assert len(dict(found)) == len(found)
    assert errors.items() <= dict(found).items()


@pytest.mark.parametrize(
    "content", [{"turned": "yes"}, {"layers": ("a", 3)}, {"loop": []}, {"pair": ("a", 3)}]
)
def test_each_mistake_is_named_once(content: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        Spec.model_validate(content)
    assert len(list(explain_validation_error(Spec, caught.value))) == 1


def test_suggestions_are_keys_as_authors_write_them() -> None:
    with pytest.raises(ValidationError) as caught:
        Spec.model_validate({"items": ({"form": 1},)})
    assert dict(explain_validation_error(Spec, caught.value)) == {
        ("items", 0, "form"): "no such key; did you mean 'from'?"
    }


def test_values_are_shown_as_they_are_written_but_not_without_end() -> None:
    assert [format_value(value) for value in (None, True, 1.5, "a")] == [
        "an empty value",
        "true",
        "1.5",
        "'a'",
    ]
    assert len(format_value("x" * 1000)) == 58
