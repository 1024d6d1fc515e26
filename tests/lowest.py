"""The lowest versions that pyproject.toml allows: list them, and render every format with what is installed.

    python tests/lowest.py list
    python -P tests/lowest.py render

`make lowest` does both in an environment of its own, without torch, which no rendering needs.
"""

from __future__ import annotations

import re
import sys
import tempfile
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[1] / "pyproject.toml"

WITHOUT = ("torch", "torchvision")
"""Dependencies that only the recording needs."""


def list_lowest_versions() -> list[str]:
    """The lowest version of each dependency, as `name==version`."""
    dependencies = tomllib.loads(PROJECT.read_text("utf-8"))["project"]["dependencies"]
    pairs = [re.fullmatch(r"([\w-]+)>=([\d.]+)", each) for each in dependencies]
    assert all(pairs), f"each dependency of {PROJECT.name} is written as name>=version"
    return [f"{pair[1]}=={pair[2]}" for pair in pairs if pair and pair[1] not in WITHOUT]


def render_every_format(folder: Path) -> int:
    """Render a run in every format and with every codec, and make the files again; return their number."""
    import numpy as np

    import reelnet
    from reelnet.export.encoders.formats import FORMATS
    from reelnet.export.provenance import Provenance, write_provenance
    from reelnet.export.request import ExportOptions, ExportRequest
    from reelnet.export.save import save
    from reelnet.export.still import STILL_SUFFIXES

    random = np.random.default_rng(0)
    run = reelnet.write_run(
        folder / "run",
        steps=range(6),
        samples=random.integers(0, 256, (3, 12, 12), np.uint8),
        taps={"conv": np.tanh(random.normal(size=(6, 3, 4, 6, 6))).astype(np.float32)},
        metrics={"loss": np.linspace(3, 1, 6)},
    )
    rendition = run.reel("article", scale=2, settings=["theme.sequential=viridis"]).rendition
    requests = [
        ExportRequest(
            rendition, folder / f"{codec.name}{fmt.suffix}", options=ExportOptions(codec=codec.name)
        )
        for fmt in FORMATS.values()
        for codec in fmt.codecs
    ]
    requests += [ExportRequest(rendition, folder / f"still{suffix}", step=3) for suffix in STILL_SUFFIXES]
    requests += [
        ExportRequest(rendition, folder / f"capped{suffix}", options=ExportOptions(max_size=size))
        for suffix, size in ((".gif", 20_000), (".webp", 20_000), (".mp4", 20_000))
    ]
    requests += [ExportRequest(rendition, folder / name) for name in ("frame-%d.png", "figure.html")]
    write_provenance(folder / "report.json", [(request, save(request)) for request in requests])
    for file in Provenance.read(folder / "report.json").resolve_files(run, folder / "again"):
        save(file.request)
        assert file.is_unchanged, f"{file.request.path.name} is not the same again"
    return len(requests)


def main() -> None:
    if sys.argv[1:] == ["list"]:
        sys.stdout.write("\n".join(list_lowest_versions()) + "\n")
    else:
        with tempfile.TemporaryDirectory() as folder:
            count = render_every_format(Path(folder))
        sys.stdout.write(f"{count} files rendered, and the same again\n")


if __name__ == "__main__":
    main()
