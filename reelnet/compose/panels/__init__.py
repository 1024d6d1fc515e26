"""Every kind of panel, by the name that templates call it."""

from __future__ import annotations

from collections.abc import Mapping

from reelnet.compose.panels.channels import Channels
from reelnet.compose.panels.colorbar import Colorbar
from reelnet.compose.panels.counter import Counter
from reelnet.compose.panels.curve import Curve
from reelnet.compose.panels.inputs import Inputs
from reelnet.compose.panels.spacer import Spacer
from reelnet.compose.panels.text import Text
from reelnet.scene.panel import Panel

PANELS: Mapping[str, type[Panel]] = {
    "channels": Channels,
    "colorbar": Colorbar,
    "counter": Counter,
    "curve": Curve,
    "inputs": Inputs,
    "spacer": Spacer,
    "text": Text,
}
