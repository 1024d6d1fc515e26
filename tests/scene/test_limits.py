"""The limits of colormaps: percentiles by default, one scale per head of attention, and one for several layers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from reelnet.errors import TemplateError
from reelnet.reel import Run
from reelnet.runs.header import TapKind
from reelnet.scene import statistics
from reelnet.scene.limits import Limits
from reelnet.scene.statistics import RunStatistics, round_up
from tests.make_run import Floats, write_run
from tests.template.text import reel_of


def limits_of(run: Run, tap: str = "conv1", limits: str = "auto") -> Limits:
    """Those of a tap in a template."""
    text = f"theme: {{limits: {limits}}}\npanels: {{channels: {{taps: all}}}}\nlayout: {{column: [channels]}}"
    reel = reel_of(run, text, "conv1")
    return reel.scene.context.view(tap).limits


def write_values(path: Path, values: Floats, bounds: tuple[float, float] | None = None) -> Run:
    """A run with these values (steps, samples, channels, height, width)."""
    return write_run(path / "run", values.astype(np.float32), bounds=bounds)


def heavy_tailed(steps: int = 20) -> Floats:
    """Values above 0, of which few are very large."""
    return np.abs(np.random.default_rng(4).standard_cauchy((steps, 2, 3, 8, 8)))


def test_without_bounds_one_value_in_200_is_beyond(tmp_path: Path) -> None:
    values = heavy_tailed()
    limits = limits_of(write_values(tmp_path, values))
    ordered = np.sort(values.astype(np.float32), axis=None)
    exact = float(ordered[int(np.ceil(0.995 * ordered.size)) - 1])
    assert exact <= limits.high <= 1.1 * exact
    assert limits.low == 0
    assert limits.high == float(f"{limits.high:.2g}")
    assert limits.clipped == np.count_nonzero(values.astype(np.float32) > limits.high) / values.size
    assert 0 < limits.clipped <= 0.005
    assert limits.labels[0] == "0"
    assert limits.labels[1].startswith(f"≥ {limits.high:g}")


def test_signed_values_are_clipped_on_both_sides_alike(tmp_path: Path) -> None:
    values = heavy_tailed()
    values[..., ::2] *= -1
    limits = limits_of(write_values(tmp_path, values))
    assert limits.low == -limits.high
    low, high = limits.labels
    assert low.startswith("≤ −")
    assert high.startswith("≥ ")


def test_natural_bounds_are_kept(tmp_path: Path) -> None:
    limits = limits_of(write_values(tmp_path, heavy_tailed() / 1e6, bounds=(-1.0, 1.0)))
    assert (limits.low, limits.high, limits.labels) == (-1, 1, ("−1", "+1"))


def test_few_values_are_not_clipped(tmp_path: Path) -> None:
    values = np.zeros((1, 1, 1, 2, 2))
    values[0, 0, 0] = np.array([[1.0, 2.0], [3.0, 47.11]])
    limits = limits_of(write_values(tmp_path, values))
    assert limits.high == pytest.approx(47.11)
    assert limits.clipped == 0


@pytest.mark.parametrize("kind", [TapKind.WEIGHT, TapKind.GRADIENT])
def test_weights_and_gradients_are_symmetric(tmp_path: Path, kind: TapKind) -> None:
    values = heavy_tailed()
    run = write_run(
        tmp_path / "run",
        {"conv1": (2, 1, 4, 4), "w": (2, 3, 8, 8)},
        values={"w": lambda step: values[step]},
        kinds={"w": kind},
        steps=range(20),
    )
    limits = run.reel(layer="conv1").scene.context.view("w").limits
    assert limits.low == -limits.high
    assert limits.high < values.max() / 10
    assert limits.quantity == kind.value


@pytest.mark.parametrize("explicit", ["[-1, 2]", "{percentile: 90}", "symmetric"])
def test_explicit_limits_keep_their_meaning(tmp_path: Path, explicit: str) -> None:
    values = heavy_tailed()
    limits = limits_of(write_values(tmp_path, values), limits=explicit)
    top, some = values.astype(np.float32).max(), np.percentile(values, 90)
    wanted = {"[-1, 2]": (-1, 2), "{percentile: 90}": (0, some), "symmetric": (-top, top)}[explicit]
    assert (limits.low, limits.high) == pytest.approx(wanted, rel=0.01)


def test_each_head_of_attention_has_its_own_scale(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    scores = random.normal(size=(4, 2, 2, 9, 9)) * np.array([0.5, 5.0])[:, None, None]
    weights = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
    run = write_values(tmp_path, weights)
    limits = limits_of(run)
    flat, sharp = limits.by_channel
    assert flat < 0.5 < sharp <= 1
    assert (limits.quantity, limits.high) == ("attention", sharp)
    assert "by head" in limits.labels[1]
    # In both heads the strongest weights have the last color.
    shown = np.asarray(run.reel("plain").frame(0))[56:]
    for row, end in enumerate(limits.by_channel):
        cells = shown[56 * row : 56 * (row + 1)]
        has_last = (cells == (17, 77, 140)).all(axis=2).any()
        assert has_last == (weights[0, :, row] >= end * 0.998).any()


def test_rows_that_do_not_sum_to_1_are_no_attention(tmp_path: Path) -> None:
    values = np.abs(np.random.default_rng(0).normal(size=(4, 2, 2, 9, 9)))
    assert not limits_of(write_values(tmp_path, values / values.max())).by_channel


def test_layers_may_share_their_limits(tmp_path: Path) -> None:
    run = write_run(
        tmp_path / "run",
        {"conv1": (2, 1, 4, 4), "conv2": (2, 1, 4, 4)},
        values={
            "conv1": lambda step: np.full((2, 1, 4, 4), -0.5),
            "conv2": lambda step: np.full((2, 1, 4, 4), 3.0),
        },
    )
    for tap in ("conv1", "conv2"):
        limits = limits_of(run, tap, "shared")
        assert (limits.low, limits.high, limits.one_sided) == (-3, 3, False)
    assert limits_of(run, "conv1").low == -0.5
    beside = "theme: {limits: %s}\npanels: {channels: {taps: all}}\nlayout: {column: [channels, colorbar]}"
    reel_of(run, beside % "shared", "conv1").frame(0)
    with pytest.raises(TemplateError, match=r"explains conv1 from −0.5 to 0, .* set theme.limits to shared"):
        reel_of(run, beside % "auto", "conv1")


def test_long_runs_are_sampled_and_every_time_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(1).normal(size=(200, 2, 3, 8, 8)).astype(np.float32)
    values *= np.linspace(0.2, 2, 200, dtype=np.float32)[:, None, None, None, None]
    run = write_run(tmp_path / "run", values)
    exact = RunStatistics(run).percentile("conv1", 99.5)
    monkeypatch.setattr(statistics, "MAX_EXACT_VALUES", 20_000)
    read = 0
    snapshot = type(run).snapshot

    def count_reads(*arguments: object) -> object:
        nonlocal read
        read += 1
        return snapshot(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(type(run), "snapshot", count_reads)
    sampled = [RunStatistics(run).percentile("conv1", 99.5) for _ in range(2)]
    assert sampled[0] == sampled[1]
    assert read <= 2 * statistics.SAMPLED_STEPS
    assert np.mean(np.abs(values) > sampled[0]) == pytest.approx(0.005, abs=0.001)
    assert sampled[0] == pytest.approx(exact, rel=0.05)


@pytest.mark.parametrize(
    ("value", "rounded"),
    [(6.81, 6.9), (6.8, 6.8), (0.0123, 0.013), (147.0, 150.0), (99.5, 100.0), (0.0, 0.0)],
)
def test_limits_are_rounded_up_to_two_digits(value: float, rounded: float) -> None:
    assert round_up(value) == rounded
