"""Figures as files, decoded: values, words, colors, policy, and what hostile names do."""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reelnet.errors import CapError, ReelnetError, RunError, UsageError
from reelnet.export.html import save_figure
from reelnet.export.html.color_table import format_color
from reelnet.export.html.figure import MAX_STEPS, Figure
from reelnet.panels import (
    Box,
    Canvas,
    Drawing,
    FrameState,
    Ink,
    Measure,
    PaletteBuilder,
    Panel,
    SceneContext,
)
from reelnet.reel import Run
from reelnet.render.panels.maps.grid import CellGrid
from reelnet.render.panels.maps.hatching import choose_stripe
from reelnet.scene.cell import Cell
from reelnet.template.theme import DARK, Theme
from tests.export.html.reading import Page, ReadFigure, check_policy, inflate
from tests.make_run import Bytes, Floats, MakeRun, noise
from tests.rendering import ANCHORS
from tests.template.text import reel_of

HOSTILE = "</script><script>alert(1)</script><!-- \"'&\u2028\x00 <img src=x onerror=alert(1)>"


def to_levels(values: Floats, low: float, high: float, count: int) -> Bytes:
    """Levels computed from the formula in docs/figures.md."""
    levels: Bytes = np.rint(np.clip((values - low) / (high - low), 0, 1) * (count - 1)).astype(np.uint8)
    return levels


def save(run: Run, path: Path, template: str = "article", **options: Any) -> ReadFigure:
    run.reel(template, **options).save(path)
    return ReadFigure.read(path)


@pytest.fixture
def run(make_run: MakeRun) -> Run:
    values = noise(9, 3, 4, 5).astype(np.float32)
    return make_run(taps=values, labels=["a", "b", "c"], metrics={"loss": np.linspace(3, 1, 9).tolist()})


def test_values_are_those_of_the_run(run: Run, tmp_path: Path) -> None:
    figure = save(run, tmp_path / "a.html")
    (layer,) = figure.scene["layers"]
    recorded = run.read("conv1")
    assert figure.scene["steps"] == list(range(9))
    for number, block in enumerate(layer["maps"]):
        assert (block["tap"], block["still"]) == ("conv1", False)
        (low, high), count = block["limits"][0], len(block["colors"]["light"]) // 6
        shown = recorded[:, block["samples"]][:, :, block["channels"]].astype(np.float64)
        levels = figure.levels(0, number)
        digests = [
            hashlib.sha256(each.tobytes()).digest() for each in (levels, to_levels(shown, low, high, count))
        ]
        assert digests[0] == digests[1]


def test_all_layers_have_their_values(make_run: MakeRun, tmp_path: Path) -> None:
    taps = {"conv1": (3, 2, 4, 4), "conv2": (3, 5, 3, 6), "relu": (3, 4, 2, 2)}
    positive = {"relu": lambda step: np.abs(noise(1, 3, 4, 2)[0]) * (step + 1)}
    run = make_run(taps=taps, values=positive)
    report = run.reel(layer="relu").save(tmp_path / "a.html", layers="all")
    figure = ReadFigure.read(tmp_path / "a.html")
    assert [layer["name"] for layer in figure.scene["layers"]] == [*taps]
    for number, (name, layer) in enumerate(zip(taps, figure.scene["layers"], strict=True)):
        assert layer["bytes"] == len(figure.data[number])
        for place, block in enumerate(layer["maps"]):
            (low, high), count = block["limits"][0], len(block["colors"]["light"]) // 6
            shown = run.read(name)[:, block["samples"]][:, :, block["channels"]].astype(np.float64)
            expected = to_levels(shown, low, high, count)
            assert np.abs(figure.levels(number, place).astype(int) - expected).max() <= 1
            assert (figure.levels(number, place) != expected).mean() < 1e-3
    assert (report.frames, report.lossless) == (5, True)
    assert "3 layers" not in figure.page.text("title")
    assert figure.page.text("title").startswith("conv1, conv2 and relu of")


def test_layers_are_laid_out_as_the_reel_is(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run(taps=dict.fromkeys(("conv1", "conv2", "relu"), (3, 2, 4, 4)))
    reel = run.reel("plain", layer="conv1", scale=4, settings=["theme=dark"])
    reel.save(tmp_path / "a.html", layers=["relu", "conv2", "relu"])
    figure = ReadFigure.read(tmp_path / "a.html")
    assert [layer["name"] for layer in figure.scene["layers"]] == ["relu", "conv2"]
    reel.save(tmp_path / "one.html")
    size = ReadFigure.read(tmp_path / "one.html").scene["layers"][0]["size"]
    assert [layer["size"] for layer in figure.scene["layers"]] == [size, size]
    assert figure.scene["fixedScheme"]


def test_layers_that_look_the_same_are_shown_once(make_run: MakeRun, tmp_path: Path) -> None:
    taps = {"conv1": (4, 2, 4, 4), "conv2": (4, 2, 4, 4), "out": (4, 4, 1, 1)}
    run = make_run(taps=taps, classes="abcd", labels="abcd", color=True)
    report = run.reel("compass").save(tmp_path / "a.html", layers=["conv1", "conv2"])
    figure = ReadFigure.read(tmp_path / "a.html")
    assert len(figure.scene["layers"]) == len(figure.data) == 1
    assert "the figure shows conv1; other layers look the same in this template" in report.notes
    report = run.reel("plain").save(tmp_path / "b.html", layers=["conv1", "conv2"])
    assert len(ReadFigure.read(tmp_path / "b.html").scene["layers"]) == 2
    assert not [note for note in report.notes if "look the same" in note]


@pytest.mark.parametrize(
    ("layers", "error"), [(["conv2", "cnv1"], "did you mean 'conv1'"), ([""], "no layer ''")]
)
def test_unknown_layers_are_refused(layers: list[str], error: str, make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run(taps={"conv1": (3, 2, 4, 4), "conv2": (3, 2, 4, 4)})
    with pytest.raises(UsageError, match=error):
        run.reel().save(tmp_path / "a.html", layers=layers)
    assert not (tmp_path / "a.html").exists()


def test_missing_values_and_values_beyond_the_limits(make_run: MakeRun, tmp_path: Path) -> None:
    values = noise(4, 2, 1, 4).astype(np.float32)
    values[2, 1, 0, 3, 0], values[1, 0, 0, 0, 0], values[3, 0, 0, 1, 1] = np.nan, np.inf, 7
    figure = save(make_run(taps=values), tmp_path / "a.html", settings=["theme.limits=[-0.5, 0.5]"])
    levels = figure.levels()
    block = figure.scene["layers"][0]["maps"][0]
    count = len(block["colors"]["light"]) // 6
    assert [*map(tuple, np.argwhere(levels == 255))] == [(1, 0, 0, 0, 0), (2, 1, 0, 3, 0)]
    assert levels[3, 0, 0, 1, 1] == count - 1
    assert (block["limits"], block["clipped"]) == ([[-0.5, 0.5]], [True, True])
    # Those of the frames, though the first step has all values.
    for colors, theme in zip(figure.scene["colors"].values(), (Theme(), DARK), strict=True):
        inks = [format_color(each) for each in (theme.missing, choose_stripe(theme))]
        assert [colors[number] for number in block["missing"]] == inks


def test_the_page(run: Run, tmp_path: Path) -> None:
    figure = save(run, tmp_path / "a.html")
    check_policy(figure.page)
    assert figure.page.text("title") == "conv1 of a network on three samples"
    alt = "conv1, 4 channels on three samples, step 0 to 8"
    assert figure.page.meta("description") == figure.page.meta("og:description") == alt
    ((_, poster),) = [each for each in figure.page.elements if each[0] == "img"]
    assert poster["alt"] == figure.scene["alt"] == alt
    assert [int(str(poster[side])) for side in ("width", "height")] == figure.scene["size"]
    source = (tmp_path / "a.html").read_text("utf-8")
    assert not re.search(r"https?://(?!www\.w3\.org/)", re.sub(r"base64,[^\"]*|>[\w+/=]{99,}<", "", source))


def test_texts_and_pace_are_those_of_the_template(run: Run, tmp_path: Path) -> None:
    reel = run.reel("article")
    figure = save(run, tmp_path / "a.html")
    assert "What a network makes of three samples" in figure.texts(0)
    for number, step in enumerate(figure.scene["steps"]):
        assert str(step) in figure.texts(number)
    milliseconds = sum(each[1] for each in figure.scene["frames"])
    assert milliseconds == round(1000 * reel.scene.timeline.duration)
    assert [each[0] for each in figure.scene["frames"]] == list(range(9))
    assert figure.scene["frames"][-1][1] > 2000
    assert figure.scene["loop"] is None


def test_colors_of_both_schemes(run: Run, tmp_path: Path) -> None:
    figure = save(run, tmp_path / "a.html")
    colors, block = figure.scene["colors"], figure.scene["layers"][0]["maps"][0]
    assert not figure.scene["fixedScheme"]
    assert len(colors["light"]) == len(colors["dark"])
    background = figure.scene["background"]
    assert (colors["light"][background], colors["dark"][background]) == ("#ffffff", "#121418")
    light, dark = (
        np.frombuffer(bytes.fromhex(block["colors"][name]), np.uint8).reshape(-1, 3) for name in colors
    )
    assert light.shape == dark.shape
    assert (tuple(light[0]), tuple(light[-1])) == (ANCHORS[0], ANCHORS[-1])
    # In the middle of both is the color of 0, which is the lightest and the darkest.
    assert light.sum(axis=1).argmax() == dark.sum(axis=1).argmin() == len(light) // 2


@pytest.mark.parametrize("template", ["dark", "paper"])
def test_a_theme_of_the_template_is_the_only_scheme(run: Run, tmp_path: Path, template: str) -> None:
    figure = save(run, tmp_path / "a.html", template)
    assert figure.scene["fixedScheme"]
    assert figure.scene["colors"]["dark"] is None
    assert {block["colors"]["dark"] for block in figure.scene["layers"][0]["maps"]} == {None}


def test_hostile_names_are_text(make_run: MakeRun, tmp_path: Path) -> None:
    name = HOSTILE.replace("\x00", "")
    run = make_run(
        taps={name: (3, 2, 4, 4)},
        labels=[HOSTILE, "\ud800", "c"],
        metrics=lambda step: {name: 1.0 / (step + 1)},
        about={"model": HOSTILE, "data": HOSTILE},
    )
    figure = save(run, tmp_path / "a.html", settings=[f"panels.title.text={json.dumps(name)}"])
    check_policy(figure.page)
    assert figure.scene["layers"][0]["name"] == name
    assert figure.scene["layers"][0]["labels"][0] == HOSTILE
    tags = [tag for tag, _ in figure.page.elements]
    assert (tags.count("img"), tags.count("script"), tags.count("main")) == (1, 5, 1)
    assert "alert(1)" not in figure.page.text("script")


def test_steps_between_those_of_the_timeline_share_its_time(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run(taps=noise(41, 2, 1, 3).astype(np.float32))
    reel = run.reel(settings=["timeline.max_frames=5"])
    assert len(reel.scene.timeline.steps_shown) == 5
    reel.save(tmp_path / "a.html")
    figure = ReadFigure.read(tmp_path / "a.html")
    assert figure.scene["steps"] == list(range(41))
    assert [each[0] for each in figure.scene["frames"]] == list(range(41))
    assert sum(each[1] for each in figure.scene["frames"]) == round(1000 * reel.scene.timeline.duration)
    reel = run.reel(settings=["timeline.steps={list: [0, 7, 40]}"])
    reel.save(tmp_path / "a.html")
    assert ReadFigure.read(tmp_path / "a.html").scene["steps"] == [0, 7, 40]


def test_a_long_run_is_thinned(make_run: MakeRun) -> None:
    assert MAX_STEPS == 1000
    run = make_run(taps=noise(200, 2, 1, 3).astype(np.float32))
    reel = run.reel(settings=["timeline.max_frames=12", "timeline.holds=[{step: 77, seconds: 2}]"])
    figure = Figure.from_renditions([reel.rendition], lambda done, total: None, max_steps=30)
    shown = reel.scene.timeline.steps_shown
    assert len(figure.steps) == 30
    assert {*shown} <= {*figure.steps}
    assert np.diff(figure.steps).max() <= 17
    # Fewer steps are chosen among those, with the held one, and take as long.
    for count in (20, 12, 5, 3):
        fewer = figure.with_steps(count)
        assert len(fewer.steps) == count
        assert {0, 77, 199} <= {*fewer.steps} <= {*figure.steps}
        assert fewer.timeline.duration == figure.timeline.duration
        assert count < 12 or {*shown} <= {*fewer.steps}
        (maps,) = fewer.layers[0].maps
        assert len(maps.levels) == count
    assert len(figure.with_steps(1).steps) == 3


def test_the_report_says_that_a_run_is_thinned(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run(taps=noise(MAX_STEPS + 1, 1, 1, 1).astype(np.float32))
    for settings, is_thinned in (((), True), (["timeline.steps={range: [0, 40]}"], False)):
        report = run.reel("plain", settings=settings).save(tmp_path / "a.html")
        notes = [note for note in report.notes if note.startswith("of the 1,001 steps, the figure has")]
        assert bool(notes) == is_thinned


def test_a_page_that_is_too_large_is_refused(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(save_figure, "MAX_PAGE_BYTES", 40_000)
    with pytest.raises(CapError, match=r"a\.html: .* show fewer .*--split"):
        run.reel().save(tmp_path / "a.html")
    assert not [*tmp_path.glob("*.html")]


def test_more_values_than_a_browser_holds(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(save_figure, "MAX_VALUES", 2000)
    # 9 steps, 3 samples, 4 channels, 5 × 5 values.
    with pytest.raises(
        ReelnetError, match=r"a\.html: a layer with 2,700 values in 9 steps .* fewer channels"
    ):
        run.reel().save(tmp_path / "a.html", split=True)


def test_split(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run(taps=noise(300, 2, 3, 4).astype(np.float32))
    whole = save(run, tmp_path / "whole.html", "plain")
    folder, page = tmp_path / "a b.data", tmp_path / "a b.html"
    folder.mkdir()
    (folder / f"0-9-{16 * '0'}.bin").write_bytes(b"of an older figure")
    (folder / "mine.bin").write_bytes(b"")
    report = run.reel("plain").save(page, split=True)
    scene = json.loads(inflate(Page(page.read_text("utf-8")).text("figure-data")))
    policy = Page(page.read_text("utf-8")).meta("Content-Security-Policy")
    assert "connect-src 'self'" in policy
    (layer,) = scene["layers"]
    names = [file.name for file in sorted(folder.iterdir())]
    assert [f"a%20b.data/{name}" for name in names] == [*layer["chunks"], "a%20b.data/mine.bin"]
    files = [page, *(folder / name for name in names[:-1])]
    assert report.bytes == sum(file.stat().st_size for file in files)
    assert scene["chunkSteps"] == 128
    (block,) = layer["maps"]
    shape = len(block["channels"]), *block["map"], len(block["samples"])
    parts = []
    for file, count in zip(files[1:], (128, 128, 44), strict=True):
        inflater = zlib.decompressobj(-15)
        differences = np.frombuffer(inflater.decompress(file.read_bytes()), np.uint8).reshape(*shape, count)
        parts.append(np.cumsum(differences, axis=-1, dtype=np.uint8))
    levels = np.concatenate(parts, axis=-1).transpose(4, 3, 0, 1, 2)
    assert np.array_equal(levels, whole.levels())


def test_a_damaged_step_leaves_no_file(run: Run, tmp_path: Path) -> None:
    reel = run.reel()
    (Path(run.location) / "steps/00000003.safetensors").unlink()
    with pytest.raises(RunError, match="step 3"):
        reel.save(tmp_path / "out" / "a.html")
    assert not [*(tmp_path / "out").glob("*")]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"codec": "h265"}, r"\.html: has no codec; leave 'h265' out"),
        ({"split": True, "max_size": "1MB"}, "a cap is for a single file"),
        ({"platform": "medium"}, "medium takes no HTML; write .gif, and link it to the figure"),
    ],
)
def test_options_that_have_no_meaning(
    run: Run, tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        run.reel().save(tmp_path / "a.html", **options)


def test_a_picture_that_grows_is_stored_once(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run(taps={"dense": (2, 5, 1, 1)}, labels=["a", "b"])
    figure = save(run, tmp_path / "a.html", "barcode")
    (block,) = figure.scene["layers"][0]["maps"]
    assert (block["still"], block["rows"], block["columns"]) == (True, 1, 1)
    height, width = block["map"]
    assert len(block["revealed"]) == 5
    assert block["revealed"] == sorted(block["revealed"])
    assert (block["revealed"][-1], len(block["units"])) == (width, height * width)
    assert len(figure.data[0]) == height * width


def test_a_picture_of_several_moments_has_one_step_and_names_those_of_its_values(
    make_run: MakeRun, tmp_path: Path
) -> None:
    run = make_run(taps=noise(9, 3, 2, 4).astype(np.float32), labels=["a", "b", "c"])
    figure = save(run, tmp_path / "a.html", "filmstrip")
    assert (len(figure.scene["steps"]), len(figure.scene["frames"])) == (1, 1)
    moments = [block["steps"] for block in figure.scene["layers"][0]["maps"]]
    assert [each["shape"] for each in moments] == [[1, 1, 1]] * len(moments)
    first, *_, last = numbers = [each["numbers"][0] for each in moments]
    assert (first, last, numbers) == (0, 8, sorted(set(numbers)))
    listed = f"steps {', '.join(map(str, numbers[:-1]))} and {last}"
    assert figure.scene["alt"] == f"conv1, 2 channels on three samples, {listed}"


def test_columns_of_steps_name_their_steps(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run(taps={"dense": (2, 5, 1, 1)}, labels=["a", "b"])
    (block,) = save(run, tmp_path / "a.html", "barcode").scene["layers"][0]["maps"]
    assert block["steps"] == {"shape": [1, 1, 5], "numbers": [0, 1, 2, 3, 4]}


def make_answers(make_run: MakeRun, steps: int) -> Run:
    """A run with a layer, and the probabilities of three classes."""
    scores = np.exp(noise(steps, 3, 3, 1))
    taps = {"conv1": noise(steps, 3, 2, 4), "fc": scores / scores.sum(axis=2, keepdims=True)}
    return make_run(taps=taps, labels=["a", "b", "c"], classes=["a", "b", "c"], bounds=None)


def test_words_name_the_layers_that_are_shown(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_answers(make_run, 5)
    race = save(run, tmp_path / "a.html", "race")
    assert race.page.text("title") == "A network on three samples"
    assert race.scene["alt"] == "A network on three samples, step 0 to 4"
    barcode = save(run, tmp_path / "b.html", "barcode")
    assert barcode.page.text("title") == "fc of a network on three samples"
    assert barcode.scene["alt"].startswith("fc, 3 channels on ")


class Wanderer(Panel):
    """A panel of one's own: a cell that moves from step to step, and pixels that nobody describes."""

    def measure(self, context: SceneContext) -> Measure:
        """Room for a few cells."""
        return Measure(60, 20)

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> Drawing:
        """A drawing with an ink."""
        return WandererDrawing(context, box, palette.colormap(context.theme.diverging))


class WandererDrawing:
    def __init__(self, context: SceneContext, box: Box, ink: Ink) -> None:
        self._context, self._box, self._ink = context, box, ink

    def draw_still(self, canvas: Canvas) -> None:
        """Draw nothing."""

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Draw a cell further right at each step, and a line of pixels below."""
        x, y = self._box.x + 4 * state.step_index, self._box.y
        indices = self._ink.indices[:4].reshape(1, 1, 2, 2)
        CellGrid(x, y, 8, 8, 1, 1).draw_maps(canvas, indices, Cell.at_scale(2, 2, 4, self._context.grid))
        canvas[y + 12, self._box.x : self._box.x + 5] = self._ink.indices[state.step_index]


def test_a_panel_of_ones_own_is_supported(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run(taps=noise(4, 2, 1, 3).astype(np.float32))
    reel = reel_of(run, "{panels: {wanderer: {}}, layout: wanderer}", panels={"wanderer": Wanderer})
    reel.save(tmp_path / "a.html")
    figure = ReadFigure.read(tmp_path / "a.html")
    assert figure.scene["layers"][0]["maps"] == []
    places = []
    for step in range(4):
        pictures = [item for item in figure.items(step) if item[0] == "i" and item[3] == 8]
        places.append(pictures[0][1])
        lines = [item for item in figure.items(step) if item[0] == "i" and item[3:5] == [5, 1]]
        assert [item[-1] for item in lines] == ["light", "dark"]
    assert np.diff(places).tolist() == [4, 4, 4]


def test_only_figures_are_split(run: Run, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"a\.gif: only an \.html file can be split"):
        run.reel().save(tmp_path / "a.gif", split=True)


def test_a_layout_of_another_density_has_css_pixels(run: Run, tmp_path: Path) -> None:
    reports = [run.reel("plain", density=density).save(tmp_path / f"{density}.html") for density in (1, 2)]
    assert len({(report.width, report.density, report.scale) for report in reports}) == 1
    # Heights of lines are rounded to other pixels.
    assert reports[0].height == pytest.approx(reports[1].height, abs=8)
    figures = [ReadFigure.read(tmp_path / f"{density}.html") for density in (1, 2)]
    for figure, report in zip(figures, reports, strict=True):
        assert figure.scene["size"] == [report.width, report.height]
    blocks = [figure.scene["layers"][0]["maps"][0] for figure in figures]
    assert blocks[0]["cell"] == blocks[1]["cell"]
    assert np.array_equal(figures[0].levels(), figures[1].levels())


def test_a_figure_is_the_same_each_time(run: Run, tmp_path: Path) -> None:
    for name in ("a.html", "b.html"):
        run.reel().save(tmp_path / name)
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


@pytest.mark.parametrize(
    ("template", "axis"), [("article", "curve"), ("annotated", "curve"), ("dark", "curve")]
)
def test_cursors_of_charts_are_where_the_steps_are(
    make_run: MakeRun, tmp_path: Path, template: str, axis: str
) -> None:
    run = make_run(
        taps=noise(12, 3, 2, 4).astype(np.float32), metrics={"loss": np.linspace(3, 1, 12).tolist()}
    )
    (layer,) = save(run, tmp_path / "a.html", template).scene["layers"]
    (cursor,) = layer["cursor"]
    assert layer["panels"][cursor["panel"]]["name"] == axis
    left, _, width, _ = cursor["box"]
    assert cursor["x"] == pytest.approx(np.linspace(left, left + width - 1, 12), abs=0.51)


@pytest.mark.parametrize("template", ["barcode", "race"])
def test_pictures_over_the_steps_have_a_cursor(make_run: MakeRun, tmp_path: Path, template: str) -> None:
    layer = save(make_answers(make_run, 40), tmp_path / "a.html", template).scene["layers"][0]
    cursor = layer["cursor"][0]
    assert layer["panels"][cursor["panel"]]["name"] == template
    left, _, width, _ = cursor["box"]
    assert (len(cursor["x"]), cursor["x"]) == (40, sorted(cursor["x"]))
    step = width / 39
    assert left - 1 <= cursor["x"][0] <= left + step
    assert left + width - step <= cursor["x"][-1] <= left + width
