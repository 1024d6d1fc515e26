"""Arrangements: channels in blocks, samples in bands, and the search for the one with the largest cells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reelnet.errors import TemplateError, UsageError
from reelnet.render.panels.maps.channels import ChannelsDrawing
from reelnet.scene.layout.arrangement import Arrangement, BlockLength, divide
from reelnet.scene.layout.boxes import Box
from reelnet.scene.layout.snap import SnapGrid
from tests.make_run import noise, write_run
from tests.render.panels.drawing import assert_cells, expand_cells, lay_out

WRAPPED = {"labels": False, "wrap": "auto", "inputs": False}


@pytest.mark.parametrize(
    ("count", "parts", "sizes"), [(16, 2, [8, 8]), (16, 3, [6, 6, 4]), (10, 4, [3, 3, 3, 1]), (1, 1, [1])]
)
def test_parts_have_the_same_size_but_the_last(count: int, parts: int, sizes: list[int]) -> None:
    divided = divide(tuple(range(count)), parts)
    assert [len(part) for part in divided] == sizes
    assert sum(divided, ()) == tuple(range(count))


def test_every_useful_arrangement_is_listed_once_and_none_has_a_stump() -> None:
    listed = Arrangement.list_useful(16, 10)
    assert len(set(listed)) == len(listed)
    assert listed[0] == Arrangement(1, 1)
    assert Arrangement(2, 1) in listed
    for each in listed:
        for parts in (
            each.divide_channels(tuple(range(16))),
            each.divide_samples(tuple(range(10))),
        ):
            assert 2 * len(parts[-1]) >= len(parts[0])


def test_the_length_of_a_division_follows_from_that_of_one_block() -> None:
    """Blocks have 30 px of labels and inputs, cells of 28 px are 4 px apart, and blocks 20 px."""
    whole = BlockLength.from_length(30 + 16 * 28 + 15 * 4, 16, 32, 4)
    assert whole.measure(2, 8, 20, SnapGrid(1)) == 2 * (30 + 8 * 28 + 7 * 4) + 20
    assert whole.measure(2, 8, 20, SnapGrid(8)) == 304 + 30 + 8 * 28 + 7 * 4


@pytest.mark.parametrize(
    ("samples", "channels", "canvas", "blocks", "bands"),
    [
        (10, 16, {"max_width": 1920, "max_height": 1080}, 2, 1),
        (10, 16, {"max_width": 1080, "max_height": 1920}, 1, 1),
        (16, 1, {"max_width": 800, "max_height": 800}, 1, 4),
        (2, 12, {"width": 600, "height": 600}, 2, 1),
        (4, 4, {"max_width": 500, "max_height": 500}, 1, 1),
    ],
)
def test_the_arrangement_with_the_largest_cells_is_found(
    tmp_path: Path, samples: int, channels: int, canvas: dict[str, Any], blocks: int, bands: int
) -> None:
    run = write_run(tmp_path / "run", noise(1, samples, channels, 7))
    found = lay_out(run, {"channels": WRAPPED}, canvas=canvas).scene.context
    assert found.arrangement == Arrangement(blocks, bands)
    for other in Arrangement.list_useful(channels, samples):
        fixed = {"channels": WRAPPED | {"wrap": other.channel_blocks}}
        if other.sample_bands == 1:
            assert lay_out(run, fixed, canvas=canvas).scene.context.cell.scale <= 1.1 * found.cell.scale


def test_blocks_are_side_by_side_with_all_samples_each(tmp_path: Path) -> None:
    maps = noise(1, 3, 4, 7)
    panels = {"channels": {"labels": False, "wrap": 2, "apart": 16}}
    shown = lay_out(write_run(tmp_path / "run", maps), panels).panel("channels", 0)
    assert_cells(shown[:112, :168], expand_cells(maps[0][:, :2], 56, 8))
    assert_cells(shown[:112, 184:], expand_cells(maps[0][:, 2:], 56, 8))


def test_blocks_of_rows_of_samples_are_below_each_other(tmp_path: Path) -> None:
    maps = noise(1, 2, 4, 7)
    panels = {"channels": {"labels": False, "wrap": 2, "apart": 16}}
    samples = {"transposed": True}
    shown = lay_out(write_run(tmp_path / "run", maps), panels, samples=samples).panel("channels", 0)
    assert_cells(shown[:112, :112], expand_cells(maps[0][:, :2], 56, 8, transposed=True))
    assert_cells(shown[128:240, :112], expand_cells(maps[0][:, 2:], 56, 8, transposed=True))


def test_an_annotated_cell_is_found_in_its_block(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", noise(1, 3, 4, 7))
    layout = lay_out(run, {"channels": {"labels": False, "wrap": 2, "apart": 16}})
    box, (drawing,) = layout.box("channels"), layout.scene.drawings
    assert isinstance(drawing, ChannelsDrawing)
    found = [block.find_cell(3, 1) for block in drawing.blocks]
    assert found == [None, Box(box.x + 184 + 56, box.y + 56, 56, 56)]


def test_fewer_channels_are_shown_before_cells_become_tiny(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", noise(1, 4, 64, 7))
    panels = {"channels": WRAPPED, "words": {"kind": "text", "text": "{channels} of 64"}}
    context = lay_out(run, panels, canvas={"width": 240, "height": 240}).scene.context
    assert context.cell.size >= 12
    assert len(context.choice.channels if context.choice else ()) < 64
    named = {"channels": WRAPPED | {"show": "0-63"}}
    with pytest.raises(TemplateError, match="too tall for 120×120"):
        lay_out(run, named, canvas={"width": 120, "height": 120})


def test_a_frame_grows_if_a_scale_is_asked_for_that_its_limits_do_not_admit(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", noise(1, 10, 16, 7))
    scene = run.reel("article", scale=8, density=1).scene
    assert scene.context.cell.scale == 8
    assert scene.size.height > 800
    assert 1 / 1.3 <= scene.size.width / scene.size.height <= 2
    with pytest.raises(UsageError, match="too tall for 300×300 at scale 8"):
        run.reel("article", scale=8, settings=["canvas=300x300"])
