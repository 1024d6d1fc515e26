"""Fixtures for all tests: a recorded run, runs written without a network, a platform file, and a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, sync_playwright

from tests.figure.browser import ARGUMENTS, CHROMIUM
from tests.make_run import MakeRun, write_run

# How long an example takes says more about what else the machine does.
settings.register_profile("any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any-machine")


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """`write_run` with a new folder for each call."""
    made = iter(range(1000))
    return lambda **form: write_run(tmp_path / f"run{next(made)}", **form)


@pytest.fixture
def install_fonts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """A function that makes fonts, files by family, the only ones of the system."""
    from reelnet._support.font_file import FontFile
    from reelnet.render import font_notes, system_fonts, text_runs, typography

    caches = (
        system_fonts.find_family,
        system_fonts.find_character,
        system_fonts._sort_installed,
        text_runs.list_fonts,
        typography._lay_out,
        typography.rasterize_text,
    )

    def install(fonts: dict[str, Path]) -> None:
        installed = tuple(
            system_fonts.InstalledFont(family, FontFile(str(file)), 400, upright=True, bundled=False)
            for family, file in fonts.items()
        )
        for module in (system_fonts, font_notes):
            monkeypatch.setattr(module, "list_installed", lambda: installed)
        for cache in caches:
            cache.cache_clear()

    yield install
    monkeypatch.undo()
    for cache in caches:
        cache.cache_clear()


@pytest.fixture
def no_system_fonts(install_fonts: Callable[..., None]) -> None:
    """A system without fonts."""
    install_fonts({})


@pytest.fixture(scope="session")
def recorded_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of a small training with a Recorder: 4 samples, taps conv1 and conv2, steps 0 to 6."""
    import torch
    from torch import nn

    from reelnet.record.recorder import Recorder

    path = tmp_path_factory.mktemp("recorded") / "run"
    torch.manual_seed(0)
    model = nn.Sequential()
    model.add_module("conv1", nn.Conv2d(1, 3, 3, padding=1))
    model.add_module("act", nn.Tanh())
    model.add_module("conv2", nn.Conv2d(3, 5, 3))
    model.add_module("flat", nn.Flatten())
    model.add_module("out", nn.Linear(5 * 6 * 6, 4))
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    pictures, classes = torch.rand(16, 1, 8, 8), torch.arange(16) % 4
    with Recorder(
        path,
        model,
        samples=pictures[:4],
        taps=["conv1", "conv2"],
        labels="abcd",
        metrics={"test_loss": 1.5, "test_accuracy": 0.25},
    ) as recorder:
        for step in range(1, 7):
            scores = model(pictures)
            loss = nn.functional.cross_entropy(scores, classes)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            tested = {"test_loss": loss.item() + 0.1, "test_accuracy": step / 6} if step % 2 == 0 else {}
            accuracy = (scores.argmax(1) == classes).float().mean()
            recorder.step(train_loss=loss, train_accuracy=accuracy, **tested)
    return path


@pytest.fixture
def user_platform_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The path of the user's platform file, which does not exist yet."""
    from reelnet.export.platforms.load import user_file

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    if not user_file().is_relative_to(tmp_path):
        pytest.skip("this system has no environment variable for the folder of settings")
    user_file().parent.mkdir(parents=True)
    return user_file()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests."""
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed: apt install chromium")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS])
        yield launched
        launched.close()
