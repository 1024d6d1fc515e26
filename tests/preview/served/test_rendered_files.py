"""Rendered files in the browser: those that a job has written, as they were, and with no rights."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.figure.browser import open_page
from tests.preview.conftest import view
from tests.preview.served.serving import Response, Served, serve


@pytest.fixture(scope="module")
def rendering(preview_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A preview that writes its files into a folder of its own."""
    before = Path.cwd()
    os.chdir(tmp_path_factory.mktemp("rendered"))
    try:
        with serve(preview_run) as running:
            yield running
    finally:
        os.chdir(before)


Render = Callable[[str], str]


@pytest.fixture
def render(rendering: Served) -> Render:
    """Writes a file of a format; returns its path in the address."""

    def write(suffix: str) -> str:
        asked = {"view": {**view(), "template": "article"}, "suffix": suffix}
        path = f"renders/{rendering.call('render', asked)[0]['job']}/0"
        deadline = time.monotonic() + 60
        while rendering.request(path).status != 200:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return path

    return write


def find_file(suffix: str) -> Path:
    """The only file of a format."""
    (file,) = Path("renders").glob(f"*{suffix}")
    return file


def assert_not_there(response: Response, status: int = 404) -> None:
    assert response.status == status
    assert response.headers["content-type"] == "text/plain; charset=utf-8"


def test_a_picture(rendering: Served, render: Render) -> None:
    response = rendering.request(render(".gif"))
    file = find_file(".gif")
    assert response.body == file.read_bytes()
    assert response.headers["content-type"] == "image/gif"
    assert response.headers["content-disposition"] == f"inline; filename*=UTF-8''{file.name}"
    assert "script-src" not in response.headers["content-security-policy"]
    assert "default-src 'none'" in response.headers["content-security-policy"]


def test_a_figure_runs_in_an_origin_of_its_own(rendering: Served, render: Render, browser: Browser) -> None:
    address = f"{rendering.server.address}{render('.html')}"
    with open_page(browser, address) as opened:
        opened.page.locator("canvas").first.wait_for(state="attached")
        assert opened.page.evaluate("self.origin") == "null"
        assert opened.errors == []
        call = "fetch(location.href.replace(/renders.*/, 'call/open'), {method: 'POST', body: '{}'})"
        assert opened.page.evaluate(f"() => {call}.then(() => 'answered', () => 'refused')") == "refused"
        opened.errors.clear()


@pytest.mark.parametrize("origin", ["Origin", "Sec-Fetch-Site"])
def test_other_pages_get_nothing(rendering: Served, render: Render, origin: str) -> None:
    assert_not_there(rendering.request(render(".gif"), "GET", b"", **{origin: "null"}), 403)


@pytest.mark.parametrize(
    "path",
    ["renders/1/1", "renders/99/0", "renders/0/0", "renders/1/0/", "renders/1/../1/0", "renders/01/0"],
)
def test_files_that_no_job_has_written(rendering: Served, render: Render, path: str) -> None:
    render(".gif")
    Path("renders", "other.gif").write_bytes(b"GIF89a")
    assert_not_there(rendering.request(path))
    Path("renders", "other.gif").unlink()


def test_what_has_taken_the_place_of_a_file(rendering: Served, render: Render, tmp_path: Path) -> None:
    path = render(".webp")
    file = find_file(".webp")
    secret = tmp_path / "secret"
    secret.write_bytes(file.read_bytes())
    file.unlink()
    assert_not_there(rendering.request(path), 410)
    file.symlink_to(secret)
    assert_not_there(rendering.request(path), 410)
    file.unlink()
    os.mkfifo(file)
    assert_not_there(rendering.request(path), 410)
    file.unlink()
