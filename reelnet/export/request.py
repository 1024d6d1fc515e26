"""What an author asks of a file."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reelnet.errors import UsageError, suggest_names
from reelnet.export.encoders.base import format_of
from reelnet.export.encoders.formats import is_sequence
from reelnet.export.encoders.settings import EncoderOptions, codec_of
from reelnet.export.platforms.model import Budget
from reelnet.export.rate_control.codec_rules import taken
from reelnet.export.rate_control.trials import Wish

USUAL_ERROR = 4.0

KEEPABLE = frozenset({"frames", "levels", "scale"})
"""What an author may forbid to give up."""


@dataclass(frozen=True)
class Asked:
    """Wishes for one file, as they were written.

    Attributes:
        lossless: Insist on every pixel's exact colour.
        codec: What compresses the pictures; the format's usual one by default.
        max_size: The cap, such as `3 MB` or a number of bytes.
        platform: Where the file will be published.
        max_error: Under a cap, most by which a value may be off, in 240ths of the colormap; 4 by default.
        keep: Under a cap, what must not be given up: `frames`, `levels`, `scale`.
    """

    lossless: bool = False
    codec: str | None = None
    max_size: str | int | None = None
    platform: str | None = None
    max_error: float | None = None
    keep: tuple[str, ...] = ()

    @classmethod
    def of(cls, *, keep: Collection[str] = (), **others: Any) -> Asked:
        """Wishes with what is kept in any collection, or as one word."""
        return cls(keep=(keep,) if isinstance(keep, str) else tuple(keep), **others)

    @property
    def capped(self) -> bool:
        """Whether there is a cap or a platform."""
        return self.max_size is not None or self.platform is not None

    @property
    def for_caps(self) -> bool:
        """Whether there is something that has a meaning under a cap only."""
        return self.max_error is not None or bool(self.keep)

    def over(self, other: Asked) -> Asked:
        """These wishes, and another's where these say nothing."""
        return Asked(
            lossless=self.lossless or other.lossless,
            codec=other.codec if self.codec is None else self.codec,
            max_size=other.max_size if self.max_size is None else self.max_size,
            platform=other.platform if self.platform is None else self.platform,
            max_error=other.max_error if self.max_error is None else self.max_error,
            keep=self.keep or other.keep,
        )

    def options(self, path: Path) -> EncoderOptions:
        """What to ask the encoder for.

        Raises:
            UsageError: The format has no such codec, or cannot be lossless; or the suffix is unknown.
        """
        asked = EncoderOptions(lossless=self.lossless, codec=self.codec)
        codec_of(format_of(path), asked)
        return asked

    def wish(self, path: Path) -> Wish | None:
        """What to search for; None without a cap.

        Raises:
            UsageError: The format, the platform, its codec, the size or a word of `keep` cannot be.
        """
        asked = self.options(path)
        if not self.capped:
            return None
        unknown = [word for word in self.keep if word not in KEEPABLE]
        if unknown:
            raise UsageError(f"keep {unknown[0]!r}; {suggest_names(unknown[0], KEEPABLE)}")
        if is_sequence(path):
            raise UsageError(f"{path}: a cap is for one file; name a single one, such as {path.stem}.apng")
        budget = Budget.of(max_size=self.max_size, platform=self.platform, suffix=format_of(path).suffix)
        asked = taken(path, format_of(path), asked, budget)
        error = USUAL_ERROR if self.max_error is None else self.max_error
        return Wish(budget, asked, error, frozenset(self.keep))
