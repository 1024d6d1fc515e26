"""Recording from a Lightning `Trainer`; needs the `lightning` extra."""

from reelnet.record.integrations.lightning import ReelCallback as ReelCallback

__all__ = ["ReelCallback"]
