"""The search for the best picture: large maps, readable names, many channels, on canvases of any size."""

from __future__ import annotations

from pathlib import Path

import pytest

from reelnet.reel import Run
from reelnet.render.panels.maps.channels import Channels
from reelnet.scene.resolve import Scene
from tests.make_run import noise, write_run

LONG_NAMES = [f"a lighthouse at dusk {number}" for number in range(10)]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Ten samples with long names, and 64 channels."""
    return write_run(tmp_path / "run", noise(2, 10, 64, 8), labels=LONG_NAMES)


def count_channels(scene: Scene) -> int:
    choice = scene.context.choice
    return len(choice.channels) if choice else 0


@pytest.mark.parametrize(("template", "most"), [("article", 15), ("wide", 16)])
def test_names_are_readable_and_top_is_the_most(run: Run, template: str, most: int) -> None:
    scene = run.reel(template, density=1).scene
    panel = next(
        panel
        for panel in run.reel(template).rendition.request.template.panels.values()
        if isinstance(panel, Channels)
    )
    assert panel.rate_names(scene.context) >= 0.9
    assert 4 <= count_channels(scene) <= most
    assert f"{count_channels(scene)} of 64 channels" in str(scene.context.text_fields["seen"])


@pytest.mark.parametrize("show", ["0-15", "[3, 5]"])
def test_channels_that_the_author_names_are_all_shown(run: Run, show: str) -> None:
    scene = run.reel("article", settings=[f"panels.channels.show={show}"]).scene
    assert count_channels(scene) == {"0-15": 16, "[3, 5]": 2}[show]


def test_short_names_leave_room_for_all_channels(tmp_path: Path) -> None:
    names = [str(number) for number in range(10)]
    metrics = {"loss": [float(step) for step in range(6)]}
    run = write_run(tmp_path / "run", noise(6, 10, 16, 7), labels=names, metrics=metrics)
    scene = run.reel("article").scene
    assert count_channels(scene) == 16
    assert scene.context.arrangement.channel_blocks == 2


@pytest.mark.parametrize(("recorded", "shown"), [(10, 10), (40, range(8, 17))])
def test_samples_are_left_out_only_if_more_are_recorded_than_may_be_shown(
    tmp_path: Path, recorded: int, shown: int | range
) -> None:
    names = [f"a lighthouse at dusk {number}" for number in range(recorded)]
    run = write_run(tmp_path / "run", noise(2, recorded, 8, 8), labels=names)
    count = len(run.reel("square").scene.context.sample_indices)
    assert count in shown if isinstance(shown, range) else count == shown


@pytest.mark.parametrize("template", ["article", "square", "vertical", "wide", "table"])
@pytest.mark.parametrize("canvas", ["640x360", "320x240"])
def test_small_canvases_show_less_in_smaller_type(run: Run, template: str, canvas: str) -> None:
    scene = run.reel(template, settings=[f"canvas={canvas}"]).scene
    assert f"{scene.size.width}x{scene.size.height}" == canvas
    assert scene.context.theme.text >= 8
    assert scene.context.cell.size >= 12
    assert count_channels(scene) >= 4


def test_another_scale_shows_the_same_channels(run: Run) -> None:
    rendition = run.reel("article").rendition
    smaller = rendition.with_scale(rendition.scale - 1)
    assert smaller.channels == rendition.channels < 16
    assert rendition.with_channels(2).channels == 2
