"""Recording from a `transformers.Trainer`; needs the `transformers` extra."""

from reelnet.record.integrations.transformers import ReelCallback as ReelCallback

__all__ = ["ReelCallback"]
