"""Which places of a model some patterns mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from torch import nn

from reelnet.errors import UsageError, suggest_names
from reelnet.record.taps.module_paths import Paths, distinct, distinct_modules, paths_of, unwrap
from reelnet.record.taps.tap import Pattern, Tap
from reelnet.runs.header import TapKind


def chosen(model: nn.Module, taps: Sequence[Pattern] | Pattern | None) -> list[Tap]:
    """The places that a recorder records.

    Raises:
        UsageError: There are none, or no layer among them.
    """
    module = unwrap(model)
    listed = [taps] if isinstance(taps, str | Tap) or callable(taps) else taps
    found = convolutions(module) if listed is None else select(module, listed)
    if any(tap.kind is TapKind.ACTIVATION for tap in found):
        return found
    name = type(module).__name__
    if not found:
        lacks = "no Conv2d to record" if listed is None else "no layer is among the taps"
        raise UsageError(f"{name}: {lacks}; name its layers with taps=[…]")
    path = found[0].path
    raise UsageError(
        f"{name}: no layer is among the taps, and weights and gradients are shown beside one; "
        f"name a layer, too: taps=[{path.rpartition('.')[0] or 'conv1'!r}, {path!r}]"
    )


def select(model: nn.Module, patterns: Sequence[Pattern]) -> list[Tap]:
    """The places of `model` that match: modules, then parameters, then gradients, each in the model's order.

    Args:
        model: The network.
        patterns: Paths, or glob patterns over whole paths (`*` also crosses dots: `layer*.conv?`); taps with such
            paths; or predicates of a path and its module. A text means modules; where it matches none,
            parameters, so that `*.weight` is every weight.

    Raises:
        UsageError: A pattern matches nothing.
    """
    known = paths_of(model)
    found = [tap for each in patterns for tap in _found(model, each, known)]
    # What is named is meant, whatever patterns find it besides.
    taps = dict.fromkeys(tap for tap in found if not tap.sought)
    taken = {_at_first(tap, known) for tap in taps}
    for tap in found:
        if tap.sought and (place := _at_first(tap, known)) not in taken:
            taken.add(place)
            taps[tap] = None
    # A call alone, beside all calls, is the same again.
    taps = {tap: None for tap in taps if tap.call is None or replace(tap, path=tap.module) not in taps}
    places = {kind: {path: number for number, path in enumerate(paths)} for kind, paths in known.items()}
    kinds = list(known)
    return sorted(taps, key=lambda tap: (kinds.index(tap.kind), places[tap.kind][tap.module]))


def _found(model: nn.Module, pattern: Pattern, known: Mapping[TapKind, Paths]) -> list[Tap]:
    if not isinstance(pattern, str | Tap):
        modules = distinct_modules(model).items()
        found = [Tap(path, sought=True) for path, module in modules if pattern(path, module)]
        if not found:
            name = getattr(pattern, "__name__", "<lambda>")
            what = "is what the predicate asks for" if name == "<lambda>" else f"is {name}"
            raise UsageError(f"no layer in {type(model).__name__} {what}; name its layers by their paths")
        return found
    tap = pattern if isinstance(pattern, Tap) else Tap(pattern)
    kinds = [tap.kind] if isinstance(pattern, Tap) else [TapKind.ACTIVATION, TapKind.WEIGHT]
    taps = [replace(tap, kind=kind) for kind in kinds]
    for each in taps:
        found = matching(each, known[each.kind])
        if len(found) > 1 and tap.name is not None:
            raise UsageError(
                f"{tap.path!r} matches {len(found)} layers, which cannot all be named {tap.name!r}"
            )
        if found:
            return found
    paths = [path for kind in kinds for path in known[kind]]
    what = "layer" if kinds[0] is TapKind.ACTIVATION else "parameter"
    raise UsageError(
        f"no {what} {tap.module!r} in {type(model).__name__}; {suggest_names(tap.module, paths)}"
    )


def _at_first(tap: Tap, known: Mapping[TapKind, Paths]) -> Tap:
    """A tap on the first of the paths at which the same stands."""
    paths = known[tap.kind]
    first = next(path for path, key in paths.items() if key == paths[tap.module])
    return replace(tap, path=first + tap.path.removeprefix(tap.module))


def matching(tap: Tap, paths: Paths) -> list[Tap]:
    """The taps on those paths that a tap's path or glob pattern means; what stands at several is one to a pattern."""
    # A parameter may be meant by its own path, as in Tap.grad("conv1.bias").
    wanted = (
        [tap.module] if tap.kind is TapKind.ACTIVATION else [tap.module, tap.module.removesuffix(".weight")]
    )
    end = tap.path.removeprefix(tap.module)
    for pattern in wanted:
        if pattern in paths:
            return [replace(tap, path=pattern + end)]
        matches = distinct({path: key for path, key in paths.items() if fnmatchcase(path, pattern)})
        if matches:
            return [replace(tap, path=path + end, sought=True) for path in matches]
    return []


def convolutions(model: nn.Module) -> list[Tap]:
    """The model's two-dimensional convolutions: what is recorded unless one says otherwise."""
    found = distinct_modules(model).items()
    return [Tap(path, sought=True) for path, module in found if isinstance(module, nn.Conv2d)]
