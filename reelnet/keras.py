"""Recording from Keras 3 on the torch backend; needs the `keras` extra."""

from reelnet.record.integrations.keras import ReelCallback as ReelCallback

__all__ = ["ReelCallback"]
