"""Every kind of panel, by its name in templates."""

from __future__ import annotations

from collections.abc import Mapping

from reelnet.render.panels.annotations.captions import Captions
from reelnet.render.panels.basic.image import Image
from reelnet.render.panels.basic.progress import Counter, Progress
from reelnet.render.panels.basic.spacer import Spacer
from reelnet.render.panels.basic.text import Text
from reelnet.render.panels.charts.curve import Curve
from reelnet.render.panels.charts.histogram import Histogram
from reelnet.render.panels.maps.channels import Channels
from reelnet.render.panels.maps.colorbar import Colorbar
from reelnet.render.panels.maps.filmstrip import Filmstrip
from reelnet.render.panels.maps.inputs import Inputs
from reelnet.render.panels.maps.weights import Weights
from reelnet.render.panels.predictions.predictions import Predictions
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
