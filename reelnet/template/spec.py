"""A template as written: panels in a layout, a theme, a pace. It knows nothing of any run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Rgb = tuple[int, int, int]


class Direction(StrEnum):
    """How a stack lays out its items."""

    COLUMN = "column"
    ROW = "row"
    OVERLAY = "overlay"


@dataclass(frozen=True)
class PanelSpec:
    """One panel: its kind and the options that the author gave."""

    kind: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Stack:
    """Items beside, under or over each other.

    Attributes:
        gap: Pixels between two items.
        padding: Pixels around all items.
    """

    direction: Direction
    items: tuple[Stack | PanelSpec, ...]
    gap: int = 0
    padding: int = 0


@dataclass(frozen=True)
class Theme:
    """Colours and sizes.

    Attributes:
        background: The paper.
        ink: Titles and the counter.
        muted: Labels.
        faint: Hairlines.
        train: Curves of the training set, and the first curve of any other kind.
        test: Curves of the test or validation set.
        missing: Values that are not finite.
        diverging: Colours of signed values from the least to the greatest, evenly spaced; the middle one is 0.
        cell: Side of one channel's box in pixels.
        text: Size of labels in pixels.
    """

    background: Rgb = (255, 255, 255)
    ink: Rgb = (31, 35, 40)
    muted: Rgb = (94, 101, 110)
    faint: Rgb = (222, 225, 229)
    train: Rgb = (176, 94, 0)
    test: Rgb = (0, 107, 98)
    missing: Rgb = (150, 150, 150)
    diverging: tuple[Rgb, ...] = (
        (103, 0, 31),
        (178, 24, 43),
        (214, 96, 77),
        (244, 165, 130),
        (253, 219, 199),
        (255, 255, 255),
        (209, 229, 240),
        (146, 197, 222),
        (67, 147, 195),
        (33, 102, 172),
        (5, 48, 97),
    )
    cell: int = 56
    text: int = 12


@dataclass(frozen=True)
class Template:
    """What stands where, in which style, at which pace.

    Attributes:
        fps: Recorded steps shown in a second.
    """

    name: str
    layout: Stack
    theme: Theme = Theme()
    fps: float = 10.0
