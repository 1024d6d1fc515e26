"""Other processes of this machine."""

from __future__ import annotations

import os


def is_dead(process: int) -> bool:
    """Whether a process is no more, as far as one can tell; on Windows to ask is to end it, so nobody does."""
    if os.name == "nt":
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        # It is another user's.
        return False
    return False
