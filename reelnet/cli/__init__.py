"""The command line. Each command imports what it needs when it runs, so that `--help` is quick."""

from reelnet.cli.app import App
from reelnet.cli.export import export, platforms
from reelnet.cli.film import film
from reelnet.cli.inspect import inspect, repair, verify
from reelnet.cli.interop import export_arrays, import_, metrics
from reelnet.cli.preview import preview
from reelnet.cli.render import again, frame, render
from reelnet.cli.templates import templates
from reelnet.cli.train import demo, layers, train

RECORDING = (demo, train, layers, import_, export_arrays, metrics)
RENDERING = (inspect, preview, render, export, film, frame, again)
MAINTENANCE = (templates, platforms, verify, repair)

main = App(
    "reelnet",
    commands=[*RECORDING, *RENDERING, *MAINTENANCE],
    help="Record a neural network while it learns and turn the recording into an annotated animation.",
)

__all__ = ["main"]
