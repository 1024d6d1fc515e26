"""Render every built-in template on runs of every shape, measure the pictures, and show them on one page.

    python -m looks [--template NAME …] [--shape NAME …] [--runs DIR] [--out DIR]

`make looks` calls it. Pictures of the first, the middle and the last step go to `renders/looks/`, with
`index.html`, and one overview `TEMPLATE.png` per template. What has not changed since the last call is kept.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from looks.page import write_overview, write_page
from looks.render import Look, render_look
from looks.shapes import ROOT, RUNS, SHAPES, find_run
from reelnet.template.search_path import find_builtin_folder


def main() -> None:
    templates = sorted(file.stem for file in find_builtin_folder().glob("*.yaml"))
    parser = argparse.ArgumentParser(prog="looks", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--template", nargs="+", choices=templates, default=templates, metavar="NAME")
    parser.add_argument("--shape", nargs="+", choices=list(SHAPES), default=list(SHAPES), metavar="NAME")
    parser.add_argument("--runs", type=Path, default=RUNS, help="where the runs are kept")
    parser.add_argument("--out", type=Path, default=ROOT / "renders" / "looks", help="where the pictures go")
    given = parser.parse_args()
    runs = {shape: find_run(shape, given.runs) for shape in given.shape}
    asked = [(template, shape) for template in given.template for shape in given.shape]
    # Not forked: recording may have started threads of torch.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(len(asked), os.cpu_count() or 1), context) as pool:
        tasks = [
            pool.submit(render_look, template, shape, runs[shape], given.out) for template, shape in asked
        ]
        for task in tasks:
            print(task.result().summary, flush=True)
    for template in given.template:
        write_overview(template, given.out)
    print(write_page(Look.load_all(given.out, templates, list(SHAPES)), given.out))


if __name__ == "__main__":
    main()
