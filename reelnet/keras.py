"""Recording from Keras 3 on the torch backend; needs the `keras` extra."""

from reelnet.record.callbacks.keras import ReelCallback as ReelCallback

__all__ = ["ReelCallback"]
