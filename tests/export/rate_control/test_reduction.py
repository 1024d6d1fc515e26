"""What is reduced when all of a reel does not fit, and the limits of platforms."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reelnet.errors import CapError
from reelnet.export.platforms.load import find_platform
from reelnet.export.rate_control.constraint_fit import fit_constraints
from reelnet.export.rate_control.quality_ladder import find_smallest_scale
from reelnet.reel import Reel, Run
from tests.make_run import write_run
from tests.rendering import EVERY_STEP

HOLDS = "timeline.holds=[" + ", ".join(f"{{step: {step}, seconds: 0.1}}" for step in range(40)) + "]"


def wandering(path: Path, steps: int) -> Run:
    walk = np.random.default_rng(5).normal(0, 0.06, (steps, 2, 2, 4, 4)).cumsum(axis=0)
    return write_run(
        path, np.tanh(walk).astype(np.float32), metrics={"loss": np.linspace(2, 1, steps).tolist()}
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return wandering(tmp_path_factory.mktemp("run") / "run", 60)


def reduced(reel: Reel) -> Reel:
    """The least that can be shown: two frames, half of the channels, and the smallest scale."""
    rendition = reel.rendition
    scale = find_smallest_scale(rendition.scale, 4)
    return Reel(rendition.with_frames(2).with_channels((rendition.channels + 1) // 2).with_scale(scale))


def seconds(path: Path) -> float:
    """As Pillow reads them."""
    with Image.open(path) as image:
        total = 0
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            total += image.info["duration"]
        return total / 1000


@pytest.mark.slow
@pytest.mark.parametrize("frames", [1, 5])
@pytest.mark.parametrize("suffix", [".gif", ".apng", ".webp"])
def test_what_can_fit_is_found(tmp_path: Path, suffix: str, frames: int) -> None:
    reel = wandering(tmp_path / "run", frames).reel()
    least = reduced(reel).save(tmp_path / f"least{suffix}").bytes
    for part in (1, 1.05, 1.1, 1.2, 1.4):
        cap = int(part * least)
        report = reel.save(tmp_path / f"a{suffix}", max_size=cap)
        assert report.bytes <= cap
        assert report.encodes <= 8


def test_what_cannot_fit_tells_the_least_there_is(tmp_path: Path) -> None:
    reel = wandering(tmp_path / "run", 5).reel()
    least = reduced(reel).save(tmp_path / "least.gif").bytes
    with pytest.raises(CapError, match=rf"the smallest possible is {least / 1000:.2f} kB\. Show fewer"):
        reel.save(tmp_path / "a.gif", max_size=least - 1)
    assert [each.name for each in tmp_path.glob("*a.gif")] == []


def test_held_steps_are_no_matter_of_scale(run: Run, tmp_path: Path) -> None:
    reel = Reel.from_run(run, settings=[*EVERY_STEP, HOLDS], density=1)
    with pytest.raises(CapError, match="the smallest possible with scale kept is"):
        reel.save(tmp_path / "a.gif", max_size=20_000, keep=["scale"])
    report = reel.save(tmp_path / "a.gif", max_size=110_000)
    assert {*range(40)} <= {*report.steps_shown}
    assert report.scale < reel.scene.context.cell.scale


@pytest.mark.parametrize(
    "setting",
    [
        "timeline.fps=40",
        "timeline.boomerang=true",
        "timeline.rewind=1",
        "timeline.duration=1.5",
        "timeline.end_pause=3",
        "timeline.speed=[{from: 0, to: 20, factor: 0.5}]",
        "timeline.speed=[{from: 0, to: 20, factor: 3}]",
    ],
)
def test_the_duration_stays_while_frames_suffice(run: Run, tmp_path: Path, setting: str) -> None:
    """Down to 10 frames per second fewer frames take as long as all of them."""
    rendition = Reel.from_run(run, settings=[*EVERY_STEP, "timeline.fps=40", setting], density=1).rendition
    shorter = rendition.with_frames(len(rendition.timeline) // 3)
    whole = float(rendition.timeline.duration)
    assert len(shorter.timeline) <= len(rendition.timeline) // 3
    assert 10 <= shorter.timeline.fps < 20
    assert float(shorter.timeline.duration) == pytest.approx(whole, rel=0.02)
    report = Reel(shorter).save(tmp_path / "a.gif")
    assert report.duration == pytest.approx(whole, rel=0.02)
    assert seconds(tmp_path / "a.gif") == pytest.approx(whole, rel=0.02)


@pytest.mark.parametrize(("fps", "lowest"), [(20, 10), (10, 10), (4, 4)])
def test_few_frames_shorten_the_animation(run: Run, fps: int, lowest: int) -> None:
    """Below 10 frames per second motion would fall apart, so the animation ends earlier instead."""
    shorter = (
        Reel.from_run(run, settings=[*EVERY_STEP, f"timeline.fps={fps}"], density=1)
        .rendition.with_frames(20)
        .timeline
    )
    assert shorter.fps == lowest
    assert float(shorter.duration) == pytest.approx(20 / lowest)


def test_the_steps_that_change_most_stay(tmp_path: Path) -> None:
    """Of 41 steps of which all but 10 repeat the one before, 12 frames show the 10 and both ends."""
    values, lively = np.zeros((41, 1, 1, 4, 4), np.float32), [4, 5, 6, 7, 8, 20, 21, 22, 23, 24]
    for step in lively:
        values[step:] = np.random.default_rng(step).uniform(-1, 1, values.shape[1:])
    run = write_run(tmp_path / "run", values)
    assert {*lively} <= {*run.reel("plain").rendition.with_frames(14).timeline.steps_shown}
    listed = Reel.from_run(
        run, settings=["timeline.steps={list: [0, 1, 2, 5, 9, 10, 11, 20, 40]}"], density=1
    )
    assert {*listed.rendition.with_frames(5).timeline.steps_shown} <= {0, 1, 2, 5, 9, 10, 11, 20, 40}
    ranged = (
        Reel.from_run(run, settings=["timeline.steps={range: [10, 30]}"], density=1)
        .rendition.with_frames(8)
        .timeline
    )
    assert (ranged.steps_shown[0], ranged.steps_shown[-1]) == (10, 30)
    assert {20, 21, 22, 23} <= {*ranged.steps_shown}


@pytest.mark.parametrize(
    "setting", ["timeline.boomerang=true", "timeline.rewind=2", "timeline.start_pause=1"]
)
@pytest.mark.parametrize("most", [7, 30, 59])
def test_a_platform_counts_the_way_back(run: Run, setting: str, most: int) -> None:
    reel = Reel.from_run(run, settings=[*EVERY_STEP, setting], density=1)
    area = reel.scene.size.width * reel.scene.size.height
    budget = find_platform("x").find_constraints(".gif")
    for limited in (
        replace(budget, max_frames=most, max_total_pixels=None),
        replace(budget, max_frames=None, max_total_pixels=(most + 1) * area - 1),
    ):
        found = fit_constraints(reel.rendition, limited, (), Path("a.gif"))
        shorter, whole = found.scene.timeline, reel.scene.timeline
        assert most // 2 < len(shorter) <= most
        # The animation is as long as before, or as short as 10 frames per second make it.
        assert shorter.fps == 10 or shorter.duration == pytest.approx(whole.duration, rel=0.1)


def test_too_few_frames_for_what_is_held(run: Run) -> None:
    budget = replace(find_platform("x").find_constraints(".gif"), max_frames=30)
    with pytest.raises(CapError, match="41 frames are more than the 30 that x allows"):
        fit_constraints(
            Reel.from_run(run, settings=[*EVERY_STEP, HOLDS], density=1).rendition, budget, (), Path("a.gif")
        )


def test_fewer_pixels_than_two_frames_have(run: Run) -> None:
    reel = run.reel()
    area = reel.scene.size.width * reel.scene.size.height
    budget = replace(find_platform("x").find_constraints(".gif"), max_frames=None, max_total_pixels=area)
    assert (
        len(
            fit_constraints(
                reel.rendition, replace(budget, max_total_pixels=2 * area), (), Path("a.gif")
            ).scene.timeline
        )
        == 2
    )
    with pytest.raises(CapError, match="too large for x"):
        fit_constraints(reel.rendition, replace(budget, max_total_pixels=area // 2), (), Path("a.gif"))


def test_several_threads_may_save_at_once(run: Run, tmp_path: Path) -> None:
    def save(_: int) -> int:
        return run.reel("plain").save(tmp_path / "a.gif", max_size=60_000).bytes

    with ThreadPoolExecutor(4) as pool:
        sizes = set(pool.map(save, range(4)))
    assert sizes == {(tmp_path / "a.gif").stat().st_size}
    assert [each.name for each in tmp_path.iterdir()] == ["a.gif"]
