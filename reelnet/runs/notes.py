"""What a person should know about a run before its pictures are believed."""

from __future__ import annotations

from collections.abc import Collection

from reelnet.runs.run import RunReader


def notes_of(run: RunReader, taps: Collection[str] | None = None) -> tuple[str, ...]:
    """One sentence each: on values that are not finite, and on steps that could not be recorded.

    Args:
        run: The run.
        taps: Those that count; all by default.
    """
    said = []
    for name, (count, first) in run.nonfinite.items():
        if taps is None or name in taps:
            values = "1 value is" if count == 1 else f"{count:,} values are"
            said.append(
                f"{name}: {values} NaN or infinite, from step {first} on; they are drawn in a colour of their own"
            )
    if run.missing:
        first, reason = next(iter(run.missing.items()))
        steps = "1 step is" if len(run.missing) == 1 else f"{len(run.missing)} steps are"
        said.append(f"{steps} missing, the first is {first}: {reason}")
    return tuple(said)
