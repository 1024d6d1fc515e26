"""Forecasts of the size of files, compared with the files."""

from __future__ import annotations

import io
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from reelnet.errors import UsageError
from reelnet.export.rate_control import forecast as forecasts
from reelnet.export.rate_control.forecast import Estimate, forecast
from reelnet.export.request import ExportOptions, ExportRequest
from reelnet.preview.preview import Preview
from reelnet.reel import Reel, open_run
from tests.make_run import write_run
from tests.preview.conftest import view


def ask(preview: Preview, serial: int = 1, **target: Any) -> Any:
    return preview.call("forecast", {"view": view(), "client": "page", "serial": serial, **target})


@pytest.mark.parametrize("suffix", [".gif", ".mp4", ".html"])
def test_a_short_file_is_known_exactly(preview: Preview, run_path: Path, tmp_path: Path, suffix: str) -> None:
    answer = ask(preview, suffix=suffix)
    saved = open_run(run_path).reel("mine").save(tmp_path / f"a{suffix}")
    assert answer.json == {
        "serial": 1,
        "suffix": suffix,
        "bytes": saved.bytes,
        "is_exact": True,
        "cap": None,
        "fits": True,
        "words": (),
    }
    assert Image.open(io.BytesIO(answer.buffers[0])).size == (saved.width, saved.height)


def test_the_limits_of_a_platform_are_told(preview: Preview) -> None:
    answer = ask(preview, platform="github-readme").json
    assert (answer["suffix"], answer["cap"], answer["fits"]) == (".gif", 5_000_000, True)


def test_a_forecast_needs_a_target(preview: Preview) -> None:
    with pytest.raises(UsageError, match="give a platform or a suffix"):
        ask(preview, outputs=True)


@pytest.fixture(scope="module")
def reel(tmp_path_factory: pytest.TempPathFactory) -> Reel:
    """A reel whose values change less and less."""
    random = np.random.default_rng(0)
    drift = np.cumsum(
        random.normal(size=(60, 4, 4, 6, 6)) / (1 + np.arange(60))[:, None, None, None, None], axis=0
    )
    run = write_run(tmp_path_factory.mktemp("forecast") / "run", np.tanh(drift).astype(np.float32))
    return run.reel("plain", density=1)


@pytest.mark.parametrize("suffix", [".gif", ".apng", ".mp4"])
def test_windows_stand_for_the_whole(
    reel: Reel, tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SECONDS", "WINDOW_SECONDS"):
        monkeypatch.setattr(forecasts, name, 0.0)
    found = forecast(ExportRequest(reel.rendition, tmp_path / f"a{suffix}"), lambda: None, {})
    assert not found.is_exact
    assert found.words == (
        f"estimated from 17 of 60 frames, usually within {20 if suffix == '.mp4' else 5} %",
    )
    assert found.bytes == pytest.approx(reel.save(tmp_path / f"a{suffix}").bytes, rel=0.2)


@pytest.mark.parametrize(("seconds", "frames"), [(1e6, 17), (0, None)])
def test_slow_codecs_have_as_many_frames_as_they_may_take(
    reel: Reel, tmp_path: Path, seconds: float, frames: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forecasts, "PROCESSOR_SECONDS", seconds)
    monkeypatch.setattr(forecasts, "WINDOW_SECONDS", 0.0)
    encoded = [0]

    def on_frame() -> None:
        encoded[0] += 1

    known: dict[Hashable, Estimate | None] = {}
    request = ExportRequest(reel.rendition, tmp_path / "a.webp")
    found = forecast(request, on_frame, known)
    if frames is None:
        assert found.bytes is None
        assert found.words == ("WebP takes too long to encode for an estimate",)
        assert found.rendition is not None
        encoded[0] = 0
        assert forecast(request, on_frame, known).bytes is None
        assert encoded[0] == 0
    else:
        assert found.words[0].startswith(f"estimated from {frames} of 60 frames")


def test_what_a_cap_takes(reel: Reel, tmp_path: Path) -> None:
    whole = reel.save(tmp_path / "whole.gif").bytes
    options = ExportOptions(max_size=whole // 2)
    request = ExportRequest(reel.rendition, tmp_path / "half.gif", options=options)
    found = forecast(request, lambda: None, {})
    assert found.fits
    assert found.bytes is not None
    assert found.bytes <= whole // 2
    assert "without the limit" in found.words[0]
    saved = reel.save(request.path, max_size=whole // 2)
    assert found.bytes == pytest.approx(saved.bytes, rel=0.05)
    assert any("frames" in each for each in found.words[1:]) == any(
        "steps shown" in each for each in saved.traded
    )


def test_a_cap_that_is_too_small(reel: Reel, tmp_path: Path) -> None:
    options = ExportOptions(max_size=500, keep=("frames", "scale"))
    request = ExportRequest(reel.rendition, tmp_path / "a.gif", options=options)
    assert not forecast(request, lambda: None, {}).fits


def test_a_forecast_is_made_once_for_all_platforms(reel: Reel, tmp_path: Path) -> None:
    frames, known = [0], {}  # type: ignore[var-annotated]

    def on_frame() -> None:
        frames[0] += 1

    for size in ("3 MB", "4 MB"):
        options = ExportOptions(max_size=size)
        forecast(ExportRequest(reel.rendition, tmp_path / "a.gif", options=options), on_frame, known)
    assert len(known) == 1
    assert frames[0] == 60
