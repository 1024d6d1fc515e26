"""A run that is still being recorded, and a preview that ends or is out of reach."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser

from reelnet.preview.preview import Preview
from reelnet.preview.web.server import PreviewServer
from reelnet.runs.header import TapInfo
from reelnet.runs.snapshot import Snapshot
from reelnet.runs.writer import RunWriter
from tests.figure.browser import open_page, wait_until
from tests.preview.page.opened import OpenPreview, open_preview, serve, serve_forever

Record = Callable[[int], None]

WATCH_SIGN = """() => {
  window.signs = 0;
  const stage = document.querySelector(".stage");
  const count = () => { if (stage.getAttribute("aria-busy") === "true") window.signs += 1; };
  new MutationObserver(count).observe(stage, { attributes: true, attributeFilter: ["aria-busy"] });
}"""
"""Counts how often the stage shows that it waits."""


@contextmanager
def record(path: Path) -> Iterator[Record]:
    """A recording that goes on until the end of the block; what it gives commits a step."""
    random = np.random.default_rng(0)
    pictures = random.integers(0, 255, (3, 6, 6), np.uint8)
    with RunWriter(
        path,
        taps={"conv1": TapInfo((3, 2, 4, 4), "float32", (-1.0, 1.0))},
        inputs=pictures[:, None].astype(np.float32) / 255,
        pictures=pictures,
    ) as writer:

        def commit(step: int) -> None:
            maps = random.uniform(-1, 1, (3, 2, 4, 4)).astype(np.float32)
            writer.commit(Snapshot(step, {"conv1": maps}, {"loss": 1 / (1 + step)}))

        yield commit


def test_page_follows_a_run_until_the_reader_looks_back(
    browser: Browser, folder: Path, tmp_path: Path
) -> None:
    with record(tmp_path / "run") as commit:
        for step in range(3):
            commit(step)
        with serve(tmp_path / "run", "plain") as address, open_preview(browser, address) as preview:
            assert preview.page.get_by_text("Live", exact=True).is_visible()
            assert preview.step == "step 2 of 2"
            preview.page.evaluate(WATCH_SIGN)
            commit(3)
            commit(4)
            wait_until(lambda: preview.step == "step 4 of 4")
            preview.opened.seek(1)
            commit(5)
            wait_until(lambda: preview.step == "step 1 of 5")
            preview.page.keyboard.press("End")
            commit(6)
            wait_until(lambda: preview.step == "step 6 of 6")
            assert preview.stage.get_attribute("data-shows") == "image"
            # The sign of waiting moves, for which the browser would take time from the training.
            assert preview.page.evaluate("window.signs") == 0


def test_all_steps_are_loaded_once_a_run_has_ended(browser: Browser, folder: Path, tmp_path: Path) -> None:
    with record(tmp_path / "run") as commit:
        commit(0)
        commit(1)
        server = serve(tmp_path / "run", "plain")
        address = server.__enter__()
        preview_of = open_preview(browser, address)
        preview = preview_of.__enter__()
        assert preview.page.get_by_text("Live", exact=True).is_visible()
    try:
        preview.wait_for_figure()
        assert preview.page.get_by_text("Live", exact=True).is_hidden()
    finally:
        preview_of.__exit__(None, None, None)
        server.__exit__(None, None, None)


def test_page_waits_for_the_first_step(browser: Browser, folder: Path, tmp_path: Path) -> None:
    with (
        record(tmp_path / "run") as commit,
        serve(tmp_path / "run", "plain") as address,
        open_page(browser, address) as opened,
    ):
        wait_until(lambda: "Waiting for the first step" in opened.page.locator(".empty").inner_text())
        commit(0)
        opened.page.wait_for_selector(".stage[data-shows]")
        preview = OpenPreview(opened)
        wait_until(lambda: preview.step == "step 0 of 0")
        assert opened.page.locator(".empty").inner_text() == ""
        commit(1)
        wait_until(lambda: preview.step == "step 1 of 1")
        assert opened.errors == []


def test_page_goes_on_when_its_preview_is_back(
    browser: Browser, figure_run_path: Path, mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Two previews have two tokens; here the second one stands for the same one after a pause of the connection.
    monkeypatch.setattr(secrets, "token_urlsafe", lambda size: "same")
    with Preview(figure_run_path, "mine") as first, PreviewServer(first, "run") as server:
        port, address = server.server_port, server.address
        with serve_forever(server):
            opening = open_preview(browser, address)
            preview = opening.__enter__()
        server.server_close()
        banner = preview.page.locator(".banner")
        # A page that the last event did not reach in time says that the connection was lost.
        wait_until(lambda: re.search("has ended|was lost", banner.inner_text()) is not None)
        assert preview.sheet.is_visible()
    mine.write_text(mine.read_text().replace("First", "Second"))
    with (
        Preview(figure_run_path, "mine") as second,
        PreviewServer(second, "run", port=port) as server,
        serve_forever(server),
    ):
        wait_until(lambda: banner.inner_text() == "")
        preview.wait_for_figure()
        wait_until(lambda: "Second title" in str(preview.page.locator(".picture").text_content()))
        opening.__exit__(None, None, None)
