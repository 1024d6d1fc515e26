"""The channels panel: every pixel of a cell is compared with an independently computed picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reelnet.errors import TemplateError
from reelnet.reel import Run
from reelnet.template.selector import Selector
from tests.make_run import Floats, gray_pictures, noise, write_run
from tests.render.panels.drawing import WHITE, assert_cells, expand_cells, lay_out
from tests.rendering import to_pixels

BARE = {"labels": False}
UNSNAPPED = {"snap": False}


def bare(run: Run, at: int = 0, samples: dict[str, Any] | None = None, **options: Any) -> Any:
    """The panel alone, without labels and off the grid: only cells, as far apart as the options say."""
    panels = {"channels": BARE | options}
    return lay_out(run, panels, samples=samples or {}, canvas=UNSNAPPED).panel("channels", at)


@pytest.mark.parametrize(
    ("show", "channels"),
    [
        ("all", [0, 1, 2, 3, 4, 5]),
        (4, [4]),
        ([5, 0, 2], [5, 0, 2]),
        ("2-4", [2, 3, 4]),
        ([5, "0-2"], [5, 0, 1, 2]),
        ([5, 4, 3, 2, 1, 0], [5, 4, 3, 2, 1, 0]),
        ({"first": 2}, [0, 1]),
        ({"first": 99}, [0, 1, 2, 3, 4, 5]),
    ],
)
def test_channels_are_shown_in_the_order_given(tmp_path: Path, show: Any, channels: list[int]) -> None:
    maps = noise(1, 3, 6, 7)
    shown = bare(write_run(tmp_path / "run", maps), show=show)
    assert_cells(shown, expand_cells(maps[0][:, channels], 56, 8))


@pytest.fixture
def restless(tmp_path: Path) -> tuple[Run, Floats]:
    """A run whose channels change by 0.1, 0.4, 0.2, 0.3 per step, and its maps."""
    maps = np.zeros((3, 2, 4, 7, 7), np.float32)
    for channel, amount in enumerate((0.1, 0.4, 0.2, 0.3)):
        maps[:, :, channel] = (np.array([0, 1, 0]) * amount)[:, None, None, None]
    maps[:, 0] *= -1
    return write_run(tmp_path / "run", maps), maps


@pytest.fixture
def alike(tmp_path: Path) -> tuple[Run, Floats]:
    """A run of six channels: 1 and 4 are copies of 0, 5 is nearly one of 2, and 3 is dead."""
    maps = noise(6, 3, 6, 7)
    maps[:, :, 1], maps[:, :, 4] = 0.5 * maps[:, :, 0], 0.9 * maps[:, :, 0]
    maps[:, :, 3] = -0.2
    maps[:, :, 5] = maps[:, :, 2] + 0.1 * maps[:, :, 5]
    return write_run(tmp_path / "run", maps), maps


def test_channels_that_differ_most_are_no_copies_of_each_other(alike: tuple[Run, Floats]) -> None:
    context = lay_out(alike[0], {"channels": BARE}).scene.context
    for count, copies in ((2, ({0, 1, 4}, {2, 5})), (5, ({0, 1, 2, 4, 5},))):
        chosen = context.choose_channels(Selector(top=count), "recorded", "conv1").channels
        assert list(chosen) == sorted(chosen)
        assert len(chosen) == count
        assert all(set(chosen) & group for group in copies)
        assert 3 not in chosen
    shown = bare(alike[0], 1, show={"top": 9})
    assert_cells(shown, expand_cells(alike[1][1], 56, 8))


def test_similar_channels_are_side_by_side_and_dead_ones_last(alike: tuple[Run, Floats]) -> None:
    run, maps = alike
    panels = {"channels": BARE | {"order": "similar"}, "words": {"kind": "text", "text": "{order}; {seen}"}}
    layout = lay_out(run, panels)
    choice = layout.scene.context.choice
    assert choice is not None
    order, groups = choice.channels, ({0, 1, 4}, {2, 5}, {3})
    assert [set(order[:3]), set(order[3:5]), {order[5]}] in ([*groups], [groups[1] | {order[2]}, groups[0]])
    fields = layout.scene.context.text_fields
    assert fields["order"] == "Similar channels together"
    assert fields["seen"] == "conv1: 6 channels of 7 × 7, one per row; the last one dead at the end"
    assert_cells(layout.panel("channels", 1)[: 6 * 56, :168], expand_cells(maps[1][:, list(order)], 56, 8))


def test_the_order_of_change_of_those_that_differ_most(restless: tuple[Run, Floats]) -> None:
    run, maps = restless
    assert_cells(bare(run, 1, show={"top": 9}, order="change"), expand_cells(maps[1][:, [1, 3, 2, 0]], 56, 8))


def test_all_channels_in_the_order_of_change(restless: tuple[Run, Floats]) -> None:
    run, maps = restless
    assert_cells(bare(run, 1, order="change"), expand_cells(maps[1][:, [1, 3, 2, 0]], 56, 8))
    assert_cells(bare(run, 1, order="change", show="0-1"), expand_cells(maps[1][:, [1, 0]], 56, 8))


@pytest.mark.parametrize(("down", "across"), [(0, 0), (1, 0), (0, 3), (5, 2), (8, 8)])
@pytest.mark.parametrize("transposed", [False, True])
def test_gaps(tmp_path: Path, down: int, across: int, transposed: bool) -> None:
    maps = noise(1, 3, 2, 7)
    samples = {"gap": across, "transposed": transposed}
    shown = bare(write_run(tmp_path / "run", maps), samples=samples, gap=down)
    rows, columns = (across, down) if transposed else (down, across)
    wanted = expand_cells(maps[0], 56, 8, down=rows, across=columns, transposed=transposed)
    assert_cells(shown[: len(wanted)], wanted)
    assert (shown[len(wanted) :] == WHITE).all()


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize(
    ("show", "wanted"), [([3, 0], [3, 0]), ("1-2", [1, 2]), ([2, 3, 1, 0], [2, 3, 1, 0])]
)
def test_samples_and_channels_are_selected_together(
    tmp_path: Path, show: Any, wanted: list[int], transposed: bool
) -> None:
    maps = noise(1, 4, 5, 7)
    samples = {"show": show, "transposed": transposed}
    shown = bare(write_run(tmp_path / "run", maps), samples=samples, show=[4, 1])
    assert_cells(shown, expand_cells(maps[0][wanted][:, [4, 1]], 56, 8, transposed=transposed))


@pytest.mark.parametrize(
    ("samples", "shown", "transposed"),
    [(1, 2, True), (2, 4, True), (3, 5, False), (3, 6, True), (1, 1, True)],
)
def test_few_samples_become_rows(tmp_path: Path, samples: int, shown: int, transposed: bool) -> None:
    maps = noise(1, samples, 6, 7)
    panels = {
        "channels": BARE | {"show": {"first": shown}},
        "words": {"kind": "text", "text": "{rows}"},
    }
    layout = lay_out(write_run(tmp_path / "run", maps), panels, samples={"transposed": "auto"})
    wanted = expand_cells(maps[0][:, :shown], 56, 8, transposed=transposed)
    assert_cells(layout.panel("channels", 0)[: wanted.shape[0], : wanted.shape[1]], wanted)
    assert layout.scene.context.text_fields["rows"] == ("samples" if transposed else "channels")
    assert layout.scene.context.text_fields["columns"] == ("channels" if transposed else "samples")


def test_rows_of_samples_do_not_fit_below_a_row_of_inputs(tmp_path: Path) -> None:
    run, samples = write_run(tmp_path / "run", noise(1, 2, 6, 7)), {"transposed": True}
    with pytest.raises(
        TemplateError, match=r"samples.transposed: rows are samples, but the inputs are in one"
    ):
        lay_out(run, {"inputs": {}, "channels": {}}, samples=samples)
    lay_out(run, {"inputs": {}, "channels": {}}, [{"row": ["inputs", "channels"]}], samples=samples)
    lay_out(run, {"channels": {"inputs": True}}, samples=samples)


@pytest.mark.parametrize(("side", "scale"), [(1, 56), (5, 11), (8, 7), (13, 4), (26, 2), (56, 1)])
@pytest.mark.parametrize("gap", [0, 3])
def test_maps_of_any_side(tmp_path: Path, side: int, scale: int, gap: int) -> None:
    maps = noise(1, 3, 2, side)
    shown = bare(write_run(tmp_path / "run", maps), samples={"gap": gap}, gap=gap)
    wanted = expand_cells(maps[0], side * scale, scale, down=gap, across=gap)
    assert_cells(shown[: len(wanted)], wanted)


@pytest.mark.parametrize(("cell", "scale"), [(27, 3), (28, 4), (31, 4), (7, 1)])
def test_cells_of_odd_sizes(tmp_path: Path, cell: int, scale: int) -> None:
    maps = noise(1, 3, 3, 7)
    run = write_run(tmp_path / "run", maps)
    shown = lay_out(run, {"channels": BARE}, theme={"cell": cell}, canvas=UNSNAPPED).panel("channels", 0)
    wanted = expand_cells(maps[0], 7 * scale, scale)
    assert_cells(shown[: len(wanted), : wanted.shape[1]], wanted)


@pytest.mark.parametrize(("samples", "channels"), [(64, 64), (1, 64), (64, 1), (1, 1)])
@pytest.mark.parametrize("transposed", [False, True])
def test_many_and_few(tmp_path: Path, samples: int, channels: int, transposed: bool) -> None:
    maps = noise(1, samples, channels, 5)
    run = write_run(tmp_path / "run", maps)
    shown = lay_out(run, {"channels": BARE}, theme={"cell": 16}, samples={"transposed": transposed}).panel(
        "channels", 0
    )
    wanted = expand_cells(maps[0], 15, 3, transposed=transposed)
    assert_cells(shown[: len(wanted), : wanted.shape[1]], wanted)


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("gap", [0, 1, 8])
def test_labels_do_not_cover_the_cells(tmp_path: Path, transposed: bool, gap: int) -> None:
    maps = noise(1, 4, 3, 7)
    run = write_run(tmp_path / "run", maps, labels=["cat", "dog", "an elephant", "7"])
    samples = {"gap": gap, "transposed": transposed}
    layout = lay_out(run, {"channels": {"gap": gap}}, samples=samples, canvas=UNSNAPPED)
    shown = layout.panel("channels", 0)
    wanted = expand_cells(maps[0], 56, 8, down=gap, across=gap, transposed=transposed)
    above, left = len(shown) - len(wanted), shown.shape[1] - wanted.shape[1]
    # Gaps contain hairlines, so only the maps are compared.
    cells = shown[above : above + len(wanted), left : left + wanted.shape[1]]
    assert_cells(cells, wanted, background=None)
    beside = shown[:above] if transposed else shown[:, : left - 1]
    assert (beside != 255).any()
    around = layout.frame(0).copy()
    box = layout.box("channels").expand(1)
    around[box.y : box.bottom, box.x : box.right] = 255
    assert (around == 255).all()


@pytest.mark.parametrize("arrange", ["column", "row"])
@pytest.mark.parametrize("transposed", [False, True])
def test_several_layers(tmp_path: Path, arrange: str, transposed: bool) -> None:
    taps = {"a": noise(2, 3, 4, 14), "b": -noise(2, 3, 2, 7)}
    run = write_run(tmp_path / "run", taps)
    options = {"taps": ["b", "a"], "arrange": arrange, "apart": 11, "heading": False}
    shown = bare(run, 1, samples={"transposed": transposed}, **options)
    first = expand_cells(taps["b"][1], 56, 8, transposed=transposed)
    second = expand_cells(taps["a"][1], 56, 4, transposed=transposed)
    (height, width), (tall, wide) = first.shape, second.shape
    assert_cells(shown[:height, :width], first)
    y, x = (height + 11, 0) if arrange == "column" else (0, width + 11)
    assert_cells(shown[y : y + tall, x : x + wide], second)
    gap = shown[height:y] if arrange == "column" else shown[:, width:x]
    assert (gap == 255).all()


def test_all_layers_have_headings(tmp_path: Path) -> None:
    taps = {"a": noise(1, 3, 1, 14), "b": noise(1, 3, 1, 7)}
    run = write_run(tmp_path / "run", taps)
    named, bare_ones = bare(run, taps="all"), bare(run, taps="all", heading=False)
    high = (len(named) - len(bare_ones)) // 2
    assert high >= 16
    assert (named[: high - 1] < 128).any()
    assert_cells(named[high : high + 56], expand_cells(taps["a"][0], 56, 4))
    assert_cells(named[-56:], expand_cells(taps["b"][0], 56, 8))


def test_a_heading_wider_than_its_cells_is_not_cut(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"a_layer_of_some_length": noise(1, 1, 1, 7)})
    layout = lay_out(run, {"channels": {"heading": True}})
    frame = layout.frame(0)
    assert (frame[:, :16] == 255).all()
    assert (frame[:, -16:] == 255).all()
    assert frame.shape[1] > 150


@pytest.mark.parametrize("transposed", [False, True])
def test_inputs_are_aligned_with_the_cells(tmp_path: Path, transposed: bool) -> None:
    maps, pictures = noise(1, 3, 2, 7), gray_pictures(4)[:3]
    run = write_run(tmp_path / "run", maps, pictures=pictures)
    shown = bare(run, inputs=True, samples={"transposed": transposed, "gap": 2}).astype(int)
    stack = np.full((3 * 58 - 2, 56), 255.0) if transposed else np.full((56, 3 * 58 - 2), 255.0)
    for number, picture in enumerate(pictures):
        view = (
            stack[58 * number : 58 * number + 56] if transposed else stack[:, 58 * number : 58 * number + 56]
        )
        view[:] = np.kron(picture, np.ones((2, 2)))
    height, width = stack.shape
    # Half the distance between two of 32 grays is 4.1.
    assert np.abs(shown[:height, :width] - stack[..., None]).max() <= 5
    wanted = expand_cells(
        maps[0], 56, 8, down=2 * transposed, across=2 * (not transposed), transposed=transposed
    )
    cells = shown[:, -wanted.shape[1] :][: len(wanted)] if transposed else shown[-len(wanted) :]
    assert_cells(cells.astype(np.uint8), wanted)


def test_a_fixed_step_is_shown_in_every_frame(tmp_path: Path) -> None:
    maps = noise(3, 3, 2, 7)
    run = write_run(tmp_path / "run", maps, steps=[0, 5, 9])
    for step in (0, 5, 9):
        assert_cells(bare(run, step, step=5), expand_cells(maps[1], 56, 8))


def test_non_finite_values(tmp_path: Path) -> None:
    maps = noise(1, 2, 1, 7)
    maps[0, 0, 0, 0, :3] = np.nan, np.inf, -np.inf
    shown = bare(write_run(tmp_path / "run", maps), show=[0])
    gray = {tuple(map(int, color)) for color in shown[:8, :24].reshape(-1, 3)}
    assert gray == {(90, 92, 95), (150, 150, 150)}
    assert_cells(shown[:8, 24:56], expand_cells(maps[0, :1, :1], 56, 8)[:8, 24:])


@pytest.mark.parametrize("scale", [1, 2, 4])
def test_missing_values_of_few_pixels_are_hatched(tmp_path: Path, scale: int) -> None:
    maps = np.full((1, 1, 1, 16, 16), 0.5, np.float32)
    maps[0, 0, 0, 4:12, 4:12] = np.nan
    maps[0, 0, 0, 1, 1] = np.nan
    shown = to_pixels(write_run(tmp_path / "run", maps).reel("plain", scale=scale).frame(0))[-16 * scale :]
    gray = np.ptp(shown.astype(int), axis=2) <= 5
    wanted = np.kron(np.isnan(maps[0, 0, 0]), np.ones((scale, scale))).astype(bool)
    assert (gray[:, : 16 * scale] == wanted).all()
    block = shown[4 * scale : 12 * scale, 4 * scale : 12 * scale, 0]
    # Stripes run from the lower left to the upper right and take half of the pixels.
    assert (block[1:, :-1] == block[:-1, 1:]).all()
    assert set(np.unique(block).tolist()) == {90, 150}
    assert (block == 90).mean() == 0.5


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"show": [9]}, ["channel 9", "0 to 3"]),
        ({"show": "2-6"}, ["channels 4 to 6", "0 to 3"]),
        ({"taps": ["conv7"]}, ["conv7", "conv1"]),
        ({"step": 4}, ["step 4", "nearest is 5"]),
    ],
)
def test_options_that_do_not_fit_the_run(tmp_path: Path, options: dict[str, Any], words: list[str]) -> None:
    run = write_run(tmp_path / "run", noise(2, 2, 4, 7), steps=[0, 5])
    with pytest.raises(TemplateError) as error:
        bare(run, **options)
    for word in words:
        assert word in str(error.value)


def test_names_are_written_without_numbers(tmp_path: Path) -> None:
    named = write_run(tmp_path / "named", noise(1, 3, 6, 7), labels=["one", "two", "three"])
    nameless = write_run(tmp_path / "nameless", noise(1, 3, 6, 7))
    transposed = {"transposed": True}

    def draw(run: Run, labels: Any) -> Any:
        return bare(run, labels=labels, samples=transposed, inputs=True)

    assert np.array_equal(draw(nameless, "names"), draw(nameless, False))
    height, width = draw(named, False).shape[:2]
    with_names = draw(named, "names")
    assert with_names.shape[0] == height
    assert with_names.shape[1] > width
    assert np.array_equal(with_names[:, -width:], draw(named, False))


@pytest.mark.parametrize("rows_are_samples", [False, True])
def test_classes_are_named_where_their_names_fit(tmp_path: Path, rows_are_samples: bool) -> None:
    def draw(name: str, classes: list[str]) -> Any:
        scores = {"scores": noise(1, 3, 2, 1)}
        run = write_run(tmp_path / name, scores, classes=classes, class_output="scores")
        return bare(run, labels="names", samples={"transposed": rows_are_samples}, inputs=True)

    assert draw("short", ["a", "b"]).size > draw("long", ["x" * 200, "y" * 200]).size


@pytest.mark.parametrize(("classes", "shown"), [(24, 24), (25, 3)])
def test_none_of_a_few_classes_is_left_out(tmp_path: Path, classes: int, shown: int) -> None:
    names = [f"class {number}" for number in range(classes)]
    shape = (2, classes, 1, 1)
    run = write_run(tmp_path / "run", {"scores": shape}, classes=names, class_output="scores")
    fields = lay_out(run, {"channels": {"show": {"top": 3}}}).scene.context.text_fields
    assert fields["channels"] == shown
    assert "one class for one input" in str(fields["picture"])
