"""The channels of a layer that a panel shows, in their order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from reelnet.scene.statistics import RunStatistics
from reelnet.template.selector import Selector, select_indices

ChannelOrder = Literal["recorded", "similar", "change"]
"""The order in which channels are shown."""
MAX_RANKED = 2 / 3
"""Part of a layer's channels up to which those that are shown are a choice; of more, only a few are left out."""


@dataclass(frozen=True)
class ChannelChoice:
    """The channels of a layer that are shown.

    Attributes:
        channels: Their numbers, in the order in which they are shown.
        order: What this order is.
        are_different: Whether they are those that differ most from each other.
        dead: Those of them that are the same for every input; with `similar`, they are the last ones.
        most: How many the author asks for at most, so that fewer may be shown; None for exactly these.
    """

    channels: tuple[int, ...]
    order: ChannelOrder = "recorded"
    are_different: bool = False
    dead: tuple[int, ...] = ()
    most: int | None = None

    @classmethod
    def choose(
        cls,
        show: Selector,
        order: ChannelOrder,
        tap: str,
        count: int,
        statistics: RunStatistics,
        most: int | None = None,
    ) -> ChannelChoice:
        """Choose the channels that an author asks for.

        Args:
            show: Which ones.
            order: In which order.
            tap: Name of the layer.
            count: How many maps it has; 1 if all channels are cells of one map.
            statistics: What the channels do over the run.
            most: At most this many, unless the author names them one by one; None for no limit.

        Raises:
            ValueError: The layer has no such channel.
        """
        asked = None if show.top is None else min(show.top, count)
        if most is not None and show.positions is None:
            wanted = min(show.top or show.first or count, most)
            if wanted < (show.top or show.first or count):
                show = replace(show, top=None, first=wanted) if show.first else Selector(top=wanted)
        channels = select_indices(
            show, count, "channel", tap, lambda top: statistics.select_different(tap, top)
        )
        # All channels of a vector are in one map.
        flags = statistics.find_dead(tap)
        dead = tuple(each for each in channels if flags[each]) if len(flags) == count else ()
        if count == 1:
            return cls(channels, dead=dead)
        are_different = show.top is not None and len(channels) <= MAX_RANKED * count
        choice = cls(channels, order, are_different, dead, asked)
        match order:
            case "change":
                change = statistics.changes(tap).by_channel
                return replace(choice, channels=tuple(sorted(channels, key=lambda each: -change[each])))
            case "similar":
                return replace(choice, channels=tuple(statistics.order_by_similarity(tap, channels)))
        return choice

    @property
    def are_dead_last(self) -> bool:
        """Whether the dead channels follow all others."""
        return self.order == "similar"

    def describe_order(self) -> str:
        """Say in which order the channels are: `Similar channels together`; empty for one, or if all are dead."""
        if len(self.channels) - len(self.dead) < 2 or self.order == "recorded":
            return ""
        return "Channels that change most first" if self.order == "change" else "Similar channels together"
