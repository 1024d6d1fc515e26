"""Make the pictures of README.md and docs/*.md, and a figure, by the commands or templates that the pages show.

    PYTHONPATH=.:benchmarks python docs/gallery.py [--only WORD …]

`make gallery` calls it. A picture `images/NAME.png` is made by the command of a page that writes `NAME.png`, or shows
the page's template `templates/NAME.yaml`. Commands run in folders of `renders/gallery` in which `runs/demo` and the
other runs of `make looks` are.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from PIL import Image
from preview_film import find_missing

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
WORKSPACE = ROOT / "renders" / "gallery"

PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
"""All pages with pictures."""

DEFAULT_STEP = 60
"""The step of the demo's run that a template's picture shows, unless `STEPS` has another: most digits are right."""

STEPS = {
    "mind": 43,
    "answers": 43,
    "panel-belief": 43,
    "panel-says": 43,
    "panel-compass": 43,
    "panel-tally": 43,
    "pull": 43,
    "events": 43,
    "one-channel": 290,
}
"""Steps of pictures at which more can be seen; by the name of the template."""

FILM = "python preview_film.py"
"""How the commands of the preview's film and picture begin, which no page shows."""

FAILED = "FAILED"
"""The first word about a picture that was not made."""

DENSITY = ("--density", "1")
"""Pictures are shown at half their size, so that one output pixel per layout pixel is enough."""

OTHER_FILES = ("platforms", "talk")
"""YAML files of the pages that are no templates: platforms, and a film."""


@dataclass(frozen=True)
class Page:
    """A page of the documentation, taken apart.

    Attributes:
        file: Its Markdown file.
    """

    file: Path

    @cached_property
    def text(self) -> str:
        """The Markdown."""
        return self.file.read_text("utf-8")

    @cached_property
    def images(self) -> tuple[str, ...]:
        """Names of the pictures of `docs/images` that it shows, in their order."""
        found = re.findall(r"""(?:\]\(|src=")(?:docs/)?images/([\w.-]+)[)"]""", self.text)
        return tuple(dict.fromkeys(found))

    @cached_property
    def commands(self) -> dict[str, str]:
        """The commands that write a file, by its name."""
        blocks = re.findall(r"^```sh\n(.*?)^```$", self.text, re.MULTILINE | re.DOTALL)
        lines = "".join(blocks).replace("\\\n", " ").splitlines()
        named = ((re.search(r" -o (\S+)", line), line) for line in lines if line.startswith("reelnet "))
        return {Path(found[1]).name: line for found, line in named if found}

    @cached_property
    def files(self) -> dict[str, str]:
        """The files that it spells out, such as templates, by the path in their first line."""
        blocks = re.findall(r"^```\w+\n# ([\w/.-]+)\n(.*?)^```$", self.text, re.MULTILINE | re.DOTALL)
        return dict(blocks)

    @property
    def templates(self) -> tuple[str, ...]:
        """Names of the templates that it spells out."""
        paths = map(Path, self.files)
        return tuple(path.stem for path in paths if path.suffix == ".yaml" and path.stem not in OTHER_FILES)


@dataclass(frozen=True)
class Picture:
    """A picture and what makes it.

    Attributes:
        name: Its file in `docs/images`.
        page: The page with its command or template.
        command: The command.
    """

    name: str
    page: Page
    command: str

    @property
    def is_filmed(self) -> bool:
        """Whether it shows a preview in a browser."""
        return self.command.startswith(FILM)

    def make(self) -> str:
        """Run the command, and copy what it makes to `docs/images`.

        Returns:
            The name, the size of the file, and the seconds that it took; or `FAILED` and why.
        """
        start = time.perf_counter()
        folder = WORKSPACE / self.page.file.stem
        if self.is_filmed:
            words = [sys.executable, str(ROOT / "docs" / "preview_film.py"), "-o", self.name]
        else:
            words = [sys.executable, "-m", "reelnet", *shlex.split(self.command)[1:]]
            words += () if self.name.endswith(".html") else DENSITY
        paths = os.pathsep.join([str(folder / "site"), str(ROOT)])
        done = subprocess.run(
            words,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": paths, "XDG_CONFIG_HOME": str(WORKSPACE / "config")},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            return f"{FAILED} {self.name}: {self.command}\n{done.stderr}"
        found = re.search(r" -o (\S+)", self.command)
        made = folder / (found[1] if found else self.name)
        IMAGES.mkdir(exist_ok=True)
        if made.suffix == ".png":
            with Image.open(made) as image:
                image.save(IMAGES / self.name, optimize=True)
        else:
            shutil.copyfile(made, IMAGES / self.name)
        size = (IMAGES / self.name).stat().st_size
        return f"{self.name}: {size / 1000:.0f} kB, {time.perf_counter() - start:.1f} s"


def find_pictures(pages: tuple[Page, ...]) -> Iterator[Picture]:
    """What makes each picture that the pages show.

    Raises:
        LookupError: Nothing makes a picture.
    """
    for name in dict.fromkeys(name for page in pages for name in page.images):
        stem = Path(name).stem
        if stem == "preview":
            page = next(page for page in pages if page.file.stem == stem)
            yield Picture(name, page, f"{FILM} -o {name}")
            continue
        for page in pages:
            if name in page.commands:
                yield Picture(name, page, page.commands[name])
                break
            if stem in page.templates and name.endswith(".png"):
                step = STEPS.get(stem, DEFAULT_STEP)
                yield Picture(
                    name, page, f"reelnet frame runs/demo --template {stem} --step {step} -o {name}"
                )
                break
        else:
            raise LookupError(f"no command and no template of a page makes {name}")


def prepare_folder(page: Page) -> None:
    """Write a page's templates and packages, and link the runs, where its commands run."""
    from looks.shapes import SHAPES, find_run

    folder = WORKSPACE / page.file.stem
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "runs").mkdir(parents=True)
    for shape in SHAPES:
        name = "demo" if shape == "digits" else shape
        (folder / "runs" / name).symlink_to(find_run(shape))
    for file, text in page.files.items():
        is_template = file.startswith("templates/")
        path = folder / file if is_template else folder / "site" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    project = folder / "site" / "pyproject.toml"
    if project.exists():
        install_package(project)


def install_package(project: Path) -> None:
    """Tell Python that the package beside a `pyproject.toml` is installed."""
    described = tomllib.loads(project.read_text("utf-8"))["project"]
    name = described["name"].replace("-", "_")
    (project.parent / name / "__init__.py").touch()
    info = project.parent / f"{name}-{described['version']}.dist-info"
    info.mkdir()
    metadata = f"Metadata-Version: 2.1\nName: {described['name']}\nVersion: {described['version']}\n"
    (info / "METADATA").write_text(metadata, "utf-8")
    lines = [
        line
        for group, points in described["entry-points"].items()
        for line in (f"[{group}]", *(f"{point} = {value}" for point, value in points.items()))
    ]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n", "utf-8")


def main() -> None:
    """Make all pictures, or those whose name has one of some words in it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", default=[""], metavar="WORD")
    words = parser.parse_args().only
    pages = tuple(map(Page, PAGES))
    pictures = list(find_pictures(pages))
    chosen = [each for each in pictures if any(word in each.name for word in words)]
    missing = find_missing()
    if missing and any(each.is_filmed for each in chosen):
        print(f"preview.gif and preview.png are left as they are: {missing}", flush=True)
        chosen = [each for each in chosen if not each.is_filmed]
    for file in {each.page.file for each in chosen}:
        prepare_folder(next(page for page in pages if page.file == file))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        lines = []
        for line in pool.map(Picture.make, chosen):
            print(line, flush=True)
            lines.append(line)
    if words == [""]:
        for unused in set(IMAGES.iterdir()) - {IMAGES / each.name for each in pictures}:
            unused.unlink()
    total = sum(file.stat().st_size for file in IMAGES.iterdir())
    if any(line.startswith(FAILED) for line in lines):
        sys.exit("some pictures were not made")
    print(f"{len(chosen)} pictures; docs/images has {total / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
