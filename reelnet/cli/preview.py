"""`reelnet preview`: a reel in the browser that follows its template. Nothing here imports torch."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reelnet._support.text import make_printable
from reelnet.cli import options
from reelnet.errors import ReelnetError

if TYPE_CHECKING:
    from reelnet.preview.preview import Preview


@click.command(short_help="Show a run in the browser while its template is edited.")
@options.run
@click.option(
    "--template",
    default="article",
    show_default=True,
    metavar="NAME",
    help="The look to begin with: a template's name (see 'reelnet templates list') or file.",
)
@click.option("--layer", metavar="NAME", help="The layer to begin with; by default the template's.")
@click.option(
    "--step",
    type=options.Step(),
    default="last",
    show_default=True,
    metavar="N",
    help="The step to begin with: its number, 'first' or 'last'.",
)
@click.option(
    "--port",
    type=options.WholeNumber(1, 65535),
    metavar="N",
    help="The port of the address; by default the first free one from 8321.",
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="NAME",
    help="The name or address at which other machines reach the preview, or 0.0.0.0 for all addresses.",
)
@click.option("--no-browser", is_flag=True, help="Only print the address.")
def preview(
    run: str,
    template: str,
    layer: str | None,
    step: int | str,
    port: int | None,
    host: str,
    no_browser: bool,
) -> None:
    """Show the run folder RUN in the browser, and update the picture whenever its template is saved.

    The page can edit and save the template, and render files into the folder 'renders'. A run that is still being
    recorded grows in it. Ctrl-C ends the preview.

    Only this machine reaches the preview, unless --host is given. Whoever knows its address, which has a random
    token in it, can do all that the page can.
    """
    from reelnet.preview.browser import open_browser
    from reelnet.preview.preview import Preview
    from reelnet.preview.web.server import PreviewServer

    # The nearest recorded step counts, and the last one without a step.
    wanted = {"first": 0, "last": None}[step] if isinstance(step, str) else step
    with (
        Preview(run, template, layer=layer, step=wanted) as answering,
        PreviewServer(answering, Path(run).name, host, port) as server,
    ):
        click.echo(make_printable(f"{run}: preview at {server.address} (Ctrl-C ends it)"))
        if server.is_exposed:
            click.echo(
                "reelnet: note: other machines reach the preview, too, with the name of this one in the address; "
                "whoever knows the address can see the run, edit templates and render files",
                err=True,
            )
        if not no_browser:
            open_browser(server.address)
        threading.Thread(target=warm_up, args=(answering,), daemon=True).start()
        server.serve_forever()


def warm_up(preview: Preview) -> None:
    """Draw what the page shows first, while the browser starts."""
    with suppress(ReelnetError):
        start = preview.call("open", {}).json["start"]
        view = {"template": start["template"], "text": None, "layer": start["layer"]}
        if start["step"] is not None:
            shown = {"view": view, "step": start["step"], "pixel_ratio": 1}
            preview.call("layout", {**shown, "client": "command line", "serial": 0})
