"""Every key of the template language, and a run with data for each of them."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from reelnet.config.validation_messages import iter_models
from reelnet.reel import Run
from reelnet.render.registry import PANELS
from reelnet.runs.header import TapKind
from reelnet.template.builder import TEMPLATE_KEYS
from reelnet.template.model import CanvasSpec, OutputSpec, SamplesSpec, StackSpec
from reelnet.template.theme import ThemeSpec
from reelnet.template.timeline import TimelineSpec
from tests.make_run import noise, write_run

ALL = Path(__file__).parent.parent / "all.yaml"

SECTIONS: Mapping[str, type[BaseModel]] = {
    "canvas": CanvasSpec,
    "theme": ThemeSpec,
    "samples": SamplesSpec,
    "timeline": TimelineSpec,
    "outputs": OutputSpec,
    "stack": StackSpec,
}

Key = tuple[str, ...]
"""Such as ("theme", "ink"), ("timeline", "speed", "factor") or ("panels", "counter", "size")."""

CLASSES = ("cat", "dog", "frog", "horse", "ship")


def write_everything(path: Path, *scores: str) -> Run:
    """Layers of signed values and of one sign, with a NaN; scores, weights, labels, and metrics with holes.

    Args:
        path: The folder to make.
        scores: Names of the taps that give scores of classes.
    """
    generator, names = np.random.default_rng(11), scores or ("out", "aux")
    shapes = {
        "conv1": (4, 3, 8, 8),
        "conv2": (4, 4, 5, 5),
        **{name: (4, len(CLASSES), 1, 1) for name in names},
        "conv1.weight": (3, 2, 3, 3),
        "conv2.weight": (4, 3, 3, 3),
    }
    steps = [
        {name: generator.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
        for _ in range(9)
    ]
    taps = {name: np.stack([step[name] for step in steps]) for name in shapes}
    # Channels that change by different amounts, so that their order by change is not that of the layer.
    taps["conv1"] *= np.array([0.5, 1.0, 2.0], np.float32)[:, None, None]
    taps["conv1"][:, 0, :, 4, 4] = np.nan
    taps["conv2"] = np.abs(taps["conv2"]) * np.arange(1, 10, dtype=np.float32)[:, None, None, None, None]
    # Probabilities, which may be taken for logits as well.
    for name in names:
        taps[name] = np.exp(taps[name]) / np.exp(taps[name]).sum(axis=2, keepdims=True)
    taps["gray.weight"] = noise(9, 3, 1, 3)
    return write_run(
        path,
        taps,
        kinds={name: TapKind.WEIGHT for name in taps if name.endswith(".weight")},
        bounds=None,
        labels=CLASSES[:4],
        classes=CLASSES,
        class_output=names[0],
        steps=range(0, 180, 20),
        metrics={
            "train_loss": [2.3 - 0.2 * n for n in range(9)],
            "train_accuracy": [0.1 * n for n in range(9)],
            "lr": [10.0 ** (-n) for n in range(9)],
            "test_loss": [2.4 - 0.2 * n if n % 2 == 0 else None for n in range(9)],
            "test_accuracy": [0.09 * n if n % 2 == 0 else None for n in range(9)],
        },
    )


def every_key() -> set[Key]:
    """What an author can write, from the models themselves."""
    found: set[Key] = {("extends",), *((key,) for key in TEMPLATE_KEYS)}
    for section, model in SECTIONS.items():
        found |= {(section, *key) for key in keys_of(model)}
    for kind, panel in PANELS.items():
        found |= {("panels", kind, *key) for key in keys_of(panel)}
    return found


def keys_of(model: type[BaseModel]) -> Iterator[Key]:
    """The keys of a model and of those in it; items of lists have no number."""
    for key, info in fields_of(model).items():
        yield (key,)
        for inner in iter_models(info.annotation):
            yield from ((key, *below) for below in keys_of(inner))


def fields_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """A model's fields by the keys that authors write."""
    return {info.alias or name: info for name, info in model.model_fields.items()}


def used_keys(content: Mapping[str, Any]) -> set[Key]:
    """The keys that a template's content has."""
    found: set[Key] = {(key,) for key in content}
    for section in SECTIONS:
        if section != "stack":
            found |= {(section, *key) for key in below(content.get(section))}
    for name, options in content.get("panels", {}).items():
        kind = options.get("kind", name)
        found |= {("panels", kind, *key) for key in below(options) if key != ("kind",)}
    found |= {("stack", key) for stack in stacks(content.get("layout", {})) for key in stack}
    return found


def below(value: Any) -> Iterator[Key]:
    """The keys in a value and in what it holds."""
    if isinstance(value, list):
        for each in value:
            yield from below(each)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield (key,)
            yield from ((key, *rest) for rest in below(inner))


def stacks(node: Any) -> Iterator[dict[str, Any]]:
    """The stacks of a layout with their options; the direction counts as one."""
    if isinstance(node, dict):
        for direction, inside in node.items():
            options = inside if isinstance(inside, dict) else {"items": inside}
            yield {direction: None, **{key: value for key, value in options.items() if key != "items"}}
            for item in options["items"]:
                yield from stacks(item)


def loose(content: dict[str, Any]) -> dict[str, Any]:
    """The content without fixed sizes of panels and stacks, in which nothing could change its size."""
    content = copy.deepcopy(content)
    for part in (*content["panels"].values(), *stacks_in(content["layout"])):
        part.pop("width", None)
        part.pop("height", None)
    return content


def stacks_in(node: Any) -> Iterator[dict[str, Any]]:
    """The maps of a layout's stacks."""
    for inside in node.values() if isinstance(node, dict) else ():
        if isinstance(inside, dict):
            yield inside
        for item in inside["items"] if isinstance(inside, dict) else inside:
            yield from stacks_in(item)
