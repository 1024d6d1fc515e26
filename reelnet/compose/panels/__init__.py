"""Every kind of panel, by the name that templates call it."""

from __future__ import annotations

from collections.abc import Mapping

from reelnet.compose.panels.captions import Captions
from reelnet.compose.panels.channels import Channels
from reelnet.compose.panels.colorbar import Colorbar
from reelnet.compose.panels.counter import Counter
from reelnet.compose.panels.curve import Curve
from reelnet.compose.panels.filmstrip import Filmstrip
from reelnet.compose.panels.histogram import Histogram
from reelnet.compose.panels.image import Image
from reelnet.compose.panels.inputs import Inputs
from reelnet.compose.panels.predictions import Predictions
from reelnet.compose.panels.progress import Progress
from reelnet.compose.panels.spacer import Spacer
from reelnet.compose.panels.text import Text
from reelnet.compose.panels.weights import Weights
from reelnet.scene.panel import Panel

PANELS: Mapping[str, type[Panel]] = {
    "captions": Captions,
    "channels": Channels,
    "colorbar": Colorbar,
    "counter": Counter,
    "curve": Curve,
    "filmstrip": Filmstrip,
    "histogram": Histogram,
    "image": Image,
    "inputs": Inputs,
    "predictions": Predictions,
    "progress": Progress,
    "spacer": Spacer,
    "text": Text,
    "weights": Weights,
}
