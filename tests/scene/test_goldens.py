"""What the built-in templates mean for one run, as text: a change of any number shows in a diff.

`REELNET_UPDATE_GOLDENS=1 pytest tests/scene/test_goldens.py` writes them anew; look at them before keeping them.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reelnet.reel import Reel, Run
from reelnet.render.registry import panel_registry
from reelnet.scene.resolve import Scene
from reelnet.template.load import load_template
from reelnet.template.model import Stack
from reelnet.template.search_path import find_builtin_folder
from tests.render.test_golden import side_by_side
from tests.rendering import to_pixels
from tests.template.everything import write_everything

GOLDEN = Path(__file__).parent.parent / "golden" / "scenes"
TEMPLATES = sorted(file.stem for file in find_builtin_folder().glob("*.yaml"))
PICTURES = {"dark": 80, "annotated": 160, "overview": 100}
"""Templates of which there is a picture, too, and its step; article and plain have theirs."""

MOST_BYTES = 60_000


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return write_everything(tmp_path_factory.mktemp("goldens") / "run", "out")


def updating() -> bool:
    """Whether goldens are written, not compared."""
    return os.environ.get("REELNET_UPDATE_GOLDENS") == "1"


@pytest.mark.parametrize("name", TEMPLATES)
def test_scenes_are_as_before(run: Run, name: str) -> None:
    template, file = load_template(name, panel_registry()), GOLDEN / f"{name}.txt"
    shown = describe_scene(name, Reel.from_run(run, template, density=1).scene, template.layout)
    if updating():
        file.parent.mkdir(exist_ok=True)
        file.write_text(shown, "utf-8")
    assert shown == file.read_text("utf-8")


def test_there_is_no_golden_without_a_template() -> None:
    assert {file.stem for file in GOLDEN.glob("*.txt")} == {*TEMPLATES}


def describe_scene(name: str, scene: Scene, layout: Stack) -> str:
    """A scene in words and numbers, for people to compare."""
    context, size, timeline = scene.context, scene.size, scene.timeline
    view, taps = context.view(context.layer), ", ".join(scene.taps) or "none"
    sides = "from 0 to one side" if view.limits.one_sided else "to both sides of 0"
    first, last = (
        f"{each.step} for {float(each.duration):g} s" for each in (timeline.frames[0], timeline.frames[-1])
    )
    lines = [
        f"{name}: layer {context.layer}, drawn from {taps}",
        f"frame     {size.width} × {size.height}",
        f"cells     {view.cell.width}×{view.cell.height} px at scale {view.cell.scale}, "
        f"{len(context.sample_indices)} samples, gap {context.samples_spec.gap}",
        f"limits    {view.limits.low:.4g} to {view.limits.high:.4g}, {sides}, {view.limits.clipped:.2%} beyond",
        f"palette   {scene.palette.levels} levels, background {scene.palette.rgb[scene.background.indices[0]]}",
        f"timeline  {len(timeline)} frames at {float(timeline.fps):g} a second, {float(timeline.duration):g} s, "
        f"from {first} to {last}",
        f"layout    {outline(layout)}",
        "",
        "panel            x     y  width height",
        *(
            f"{panel:<14}{box.x:>4}  {box.y:>4}   {box.width:>4}   {box.height:>4}"
            for panel, box in scene.boxes
        ),
    ]
    return "\n".join(lines) + "\n"


def outline(node: Stack | str) -> str:
    """A layout on one line."""
    if isinstance(node, str):
        return node
    return f"{node.direction.value}({', '.join(outline(item) for item in node.items)})"


@pytest.mark.parametrize("name", PICTURES)
def test_frames_look_as_before(run: Run, tmp_path: Path, name: str) -> None:
    file = GOLDEN / f"{name}-{PICTURES[name]:03d}.png"
    image = run.reel(name).frame(PICTURES[name])
    if updating():
        image.quantize(256, dither=Image.Dither.NONE).save(file, optimize=True)
    assert file.stat().st_size < MOST_BYTES
    with Image.open(file) as golden:
        wanted = np.asarray(golden.convert("RGB"))
    shown = to_pixels(image)
    assert shown.shape == wanted.shape
    off = np.abs(shown.astype(int) - wanted)
    far = (off.max(axis=2) > 40).mean()
    # Glyphs come out a little different with each version of FreeType.
    if off.mean() >= 1.5 or far >= 0.02:
        place = tmp_path / f"diff-{file.name}"
        Image.fromarray(side_by_side(wanted, shown, off)).save(place)
        pytest.fail(f"mean {off.mean():.2f}, {far:.2%} far off; wanted, shown and difference: {place}")
