"""Captions: each is shown at its steps, in a panel of constant size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reelnet.errors import TemplateError
from reelnet.reel import Run
from reelnet.render.panels.annotations.captions import Captions
from reelnet.scene.timeline.timeline import Pause
from tests.make_run import noise, write_run
from tests.render.panels.drawing import LaidOut, lay_out

STEPS = [0, 10, 20, 30, 40]
CANVAS = {"width": 256, "scale": 8}
LONG = "At first there is nothing but noise, since the network has not been trained at all"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    path = tmp_path_factory.mktemp("captions") / "run"
    return write_run(path, noise(5, 4, 1, 7), steps=STEPS, metrics={"loss": [5.0, 4.0, 3.0, 2.0, 1.0]})


def captions(run: Run, *items: dict[str, Any], **options: Any) -> LaidOut:
    """The panel over channels, in a narrow frame."""
    panels = {"captions": {"items": list(items)} | options, "channels": {"labels": False}}
    return lay_out(run, panels, canvas=CANVAS)


def text(run: Run, words: str, step: int, height: int, **options: Any) -> Any:
    """What a text panel shows in the same position."""
    panels = {
        "words": {"kind": "text", "text": words, "height": height} | options,
        "channels": {"labels": False},
    }
    return lay_out(run, panels, canvas=CANVAS).panel("words", step)


def shown(layout: LaidOut, run: Run, expected: list[str], **options: Any) -> None:
    """Assert that steps show texts; an empty text stands for the background."""
    height = layout.box("captions").height
    for step, words in zip(STEPS, expected, strict=True):
        panel = layout.panel("captions", step)
        if words:
            assert (panel == text(run, words, step, height, **options)).all()
        else:
            assert (panel == 255).all()


def test_each_caption_is_shown_at_its_steps(run: Run) -> None:
    layout = captions(run, {"from": 10, "to": 15, "text": "one"}, {"from": 30, "text": "two"})
    shown(layout, run, ["", "one", "", "two", "two"])


def test_a_caption_stays_until_the_next_one(run: Run) -> None:
    layout = captions(run, {"from": 30, "text": "last"}, {"text": "first"}, {"from": 12, "text": "second"})
    shown(layout, run, ["first", "first", "second", "last", "last"])


def test_captions_have_fields_and_styles(run: Run) -> None:
    layout = captions(
        run, {"text": "step {step}, {metrics.loss:.1f}"}, style="caption", size=15, align="right"
    )
    expected = [f"step {step}, {5 - step / 10:.1f}" for step in STEPS]
    shown(layout, run, expected, style="caption", size=15, align="right")


def test_the_tallest_caption_fits_at_every_step(run: Run) -> None:
    layout = captions(run, {"text": "short", "to": 5}, {"from": 10, "text": LONG})
    height = layout.box("captions").height
    panels = {"words": {"kind": "text", "text": LONG}, "channels": {"labels": False}}
    assert height == lay_out(run, panels, canvas=CANVAS).box("words").height
    assert height > 2 * 16  # three lines of 12 pixels an em at least
    shown(layout, run, ["short", LONG, LONG, LONG, LONG])


def test_a_long_caption_does_not_widen_the_frame(run: Run) -> None:
    panels = {"captions": {"items": [{"text": 20 * LONG[:99]}]}}
    assert lay_out(run, panels).frame(0).shape[1] <= 28 * 12 + 32


def test_captions_are_kept_and_held_at_the_first_recorded_step(run: Run) -> None:
    panel = Captions.model_validate(
        {
            "items": [
                {"text": "a", "hold": 2},
                {"from": 11, "text": "b", "hold": 0.5},
                {"from": 30, "text": "c"},
            ]
        }
    )
    assert panel.pauses(captions(run, {"text": "a"}).scene.context) == [
        Pause(0, 10, 2.0, "items[0]"),
        Pause(20, 20, 0.5, "items[1]"),
        Pause(30, 40, 0.0, "items[2]"),
    ]


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ([{"text": "a"}, {"from": 41, "text": "b"}], r"items\[1\].from: step 41 .* last recorded step, 40"),
        ([{"to": 50, "text": "a"}], r"items\[0\].to: step 50 .* last recorded step, 40"),
        ([{"from": 11, "to": 19, "text": "a"}], r"items\[0\].from: no step from 11 to 19 .* 10 and 20"),
        ([{"text": "a {metrics.nothing}"}], r"items\[0\].text: .*no field 'metrics.nothing'"),
    ],
)
def test_captions_that_do_not_fit_the_run(run: Run, items: list[dict[str, Any]], words: str) -> None:
    with pytest.raises(TemplateError, match=words):
        captions(run, *items)


@pytest.mark.parametrize(
    "items",
    [
        [{"text": "a", "to": 10}, {"from": 10, "text": "b"}],
        [{"from": 5, "text": "a"}, {"from": 5, "text": "b"}],
        [{"from": 20, "to": 25, "text": "a"}, {"from": 0, "to": 90, "text": "b"}],
    ],
)
def test_captions_that_overlap(run: Run, items: list[dict[str, Any]]) -> None:
    with pytest.raises(ValueError, match=r"items\[\d\] and items\[\d\] overlap at step"):
        captions(run, *items)


@pytest.mark.parametrize(
    "items",
    [[], [{"from": 3}], [{"text": ""}], [{"from": 9, "to": 3, "text": "a"}], [{"text": "a", "hold": -1}]],
)
def test_invalid_captions(run: Run, items: list[dict[str, Any]]) -> None:
    with pytest.raises(ValueError, match="items"):
        captions(run, *items)


def share_run(path: Path, steps: list[int]) -> Run:
    return write_run(path, noise(len(steps), 4, 1, 7), steps=steps)


def shown_shares(run: Run, *shares: int) -> dict[int, int | None]:
    """For each recorded step the share whose caption is shown."""
    panel = Captions.model_validate(
        {"items": [{"from": f"{share}%", "text": f"{share}"} for share in shares]}
    )
    ranges = panel.resolve_ranges(captions(run, {"text": "a"}).scene.context)
    return {
        step: next(
            (share for share, at in zip(shares, ranges, strict=True) if at is not None and step in at), None
        )
        for step in run.steps
    }


def test_a_share_counts_training_steps_not_snapshots(tmp_path: Path) -> None:
    run = share_run(tmp_path / "log", [0, 1, 2, 4, 8, 16, 32, 64, 100])
    shown = shown_shares(run, 0, 1, 33, 66, 100)
    assert shown == {0: 0, 1: 1, 2: 1, 4: 1, 8: 1, 16: 1, 32: 1, 64: 33, 100: 100}


@pytest.mark.parametrize(
    "steps",
    [
        [0, 7],
        [0],
        [5],
        [10, 20, 30],
        [0, 299, 300],
        [0, *range(500, 520)],
        [*range(0, 1000, 7)],
        [90, 99, 100],
    ],
    ids=str,
)
def test_no_caption_stands_before_its_share_is_done(tmp_path: Path, steps: list[int]) -> None:
    shares = shown_shares(share_run(tmp_path / "run", steps), 0, 1, 33, 66, 100)
    assert None not in shares.values()
    assert all(100 * step >= share * steps[-1] for step, share in shares.items() if share is not None)
    assert shares[steps[0]] == (0 if len(steps) > 1 else 100)


def test_the_opening_caption_is_not_lost_if_the_recording_begins_late(tmp_path: Path) -> None:
    assert shown_shares(share_run(tmp_path / "run", [50, 60, 100]), 0, 1, 40) == {50: 0, 60: 40, 100: 40}


def test_a_caption_from_step_0_is_an_opening_too(tmp_path: Path) -> None:
    run = share_run(tmp_path / "run", [50, 60, 100])
    layout = captions(run, {"text": "opening"}, {"from": "1%", "text": "later"})
    height = layout.box("captions").height
    for step, words in ((50, "opening"), (60, "later"), (100, "later")):
        assert (layout.panel("captions", step) == text(run, words, step, height)).all()
