"""Opens the page of a preview in the user's browser."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress


def open_browser(address: str) -> None:
    """Open a page without waiting for the browser; nothing happens where there is none."""
    if has_display():
        threading.Thread(target=_open, args=(address,), daemon=True).start()


def has_display() -> bool:
    """Whether a browser would have a window. Without one, `webbrowser` would start a browser in the terminal."""
    if sys.platform in ("win32", "darwin"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))


def _open(address: str) -> None:
    import webbrowser

    with suppress(webbrowser.Error, OSError):
        webbrowser.open(address)
