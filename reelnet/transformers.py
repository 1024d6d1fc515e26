"""Recording from a `transformers.Trainer`; needs the `transformers` extra."""

from reelnet.record.callbacks.transformers import ReelCallback as ReelCallback

__all__ = ["ReelCallback"]
