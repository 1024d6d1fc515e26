"""Memory that was freed, returned to the system."""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import Any


def return_freed_memory() -> None:
    """Return the memory that the C library keeps after it was freed. Does nothing without glibc.

    Video codecs start new threads for each file. glibc keeps what threads freed in an area for each of them, and a
    process would grow with every file.
    """
    trim = _find_trim()
    if trim is not None:
        trim(0)


@cache
def _find_trim() -> Any:
    return getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
