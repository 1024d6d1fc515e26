"""Whether the samples are running through a model now, in this thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_IS_PROBING = ContextVar("reelnet.probing", default=False)

_LOCK = threading.RLock()
"""Held by the probe that runs. Random number generators belong to all threads, so two probes exclude each other."""


def probing() -> bool:
    """Whether reelnet is running the recorded samples through a model now, in this thread.

    Ask for it in a `forward` with effects that reelnet cannot undo, such as a line in a file, or a number drawn from
    a generator in a global variable:

        def forward(self, x):
            if not reelnet.probing():
                self.writer.add_histogram("input", x)
            return self.layers(x)
    """
    return _IS_PROBING.get()


@contextmanager
def exclusive_probe() -> Iterator[None]:
    """Wait until no other thread runs a probe; `probing()` is true within."""
    with _LOCK:
        token = _IS_PROBING.set(True)
        try:
            yield
        finally:
            _IS_PROBING.reset(token)
