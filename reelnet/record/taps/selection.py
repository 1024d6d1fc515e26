"""Find the modules and parameters of a model by their paths, and resolve taps to them."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from torch import nn

from reelnet.errors import UsageError, suggest_names
from reelnet.record.probe.distributed import fsdp1_parameters
from reelnet.record.taps.tap import Predicate, Tap, TapSpec
from reelnet.runs.header import TapKind

WRAPPER_NAMES = {"_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"}
"""Attributes in which `torch.compile`, FSDP1 and activation checkpointing keep the module that they wrap."""

PathIndex = Mapping[str, Hashable]
"""All paths of one kind in the model's order, each with a key; paths to the same object have the same key."""


def resolve_taps(model: nn.Module, taps: Sequence[TapSpec] | TapSpec | None) -> list[Tap]:
    """Return the taps of a recorder: the selected ones, or every `Conv2d` if `taps` is None.

    Raises:
        UsageError: A tap matches nothing, or no layer is among the taps.
    """
    module = unwrap_model(model)
    name = type(module).__name__
    if taps is None:
        convolutions = _match_predicate(module, lambda path, layer: isinstance(layer, nn.Conv2d))
        if not convolutions:
            raise UsageError(f"{name}: has no Conv2d to record by default; name layers with taps=[…]")
        return convolutions
    selected = select_taps(module, [taps] if isinstance(taps, str | Tap) or callable(taps) else taps)
    if any(tap.kind is TapKind.ACTIVATION for tap in selected):
        return selected
    paths = [tap.path for tap in selected[:1]]
    layers = [path.rpartition(".")[0] for path in paths if "." in path] or ["conv1"]
    raise UsageError(
        f"{name}: no layer is among the taps, and weights and gradients are only shown beside one; "
        f"add a layer: taps={layers + paths}"
    )


def select_taps(model: nn.Module, specs: Sequence[TapSpec]) -> list[Tap]:
    """Return one tap per matching module or parameter.

    Args:
        model: The network, without wrappers.
        specs: Paths, or glob patterns over whole paths (`*` also matches dots: `layer*.conv?`); taps with such paths;
            or predicates of a path and its module. A string means modules; if it matches none, it means parameters,
            so `*.weight` is every weight.

    Returns:
        Modules, then parameters, then gradients, each in the model's order.

    Raises:
        UsageError: A path, pattern or predicate matches nothing.
    """
    index = index_paths(model)
    matches = [tap for spec in specs for tap in _match_spec(model, spec, index)]
    # A tap given by its path counts, whatever patterns match it besides.
    taps = dict.fromkeys(tap for tap in matches if not tap.from_pattern)
    selected = {_with_first_path(tap, index) for tap in taps}
    for tap in matches:
        if tap.from_pattern and (first := _with_first_path(tap, index)) not in selected:
            selected.add(first)
            taps[tap] = None
    # A single call is redundant beside a tap on every call.
    taps = {tap: None for tap in taps if tap.call is None or replace(tap, path=tap.module) not in taps}
    order = {
        (kind, path): (list(index).index(kind), number)
        for kind, paths in index.items()
        for number, path in enumerate(paths)
    }
    return sorted(taps, key=lambda tap: order[tap.kind, tap.module])


def _match_spec(model: nn.Module, spec: TapSpec, index: Mapping[TapKind, PathIndex]) -> list[Tap]:
    name = type(model).__name__
    if not isinstance(spec, str | Tap):
        matches = _match_predicate(model, spec)
        if not matches:
            kind = getattr(spec, "__name__", "<lambda>")
            what = "matches the predicate" if kind == "<lambda>" else f"is {kind}"
            raise UsageError(f"no layer in {name} {what}; name its layers by their paths")
        return matches
    tap = spec if isinstance(spec, Tap) else Tap(spec)
    kinds = [tap.kind] if isinstance(spec, Tap) else [TapKind.ACTIVATION, TapKind.WEIGHT]
    for kind in kinds:
        matches = _match_paths(replace(tap, kind=kind), index[kind])
        if len(matches) > 1 and tap.name is not None:
            raise UsageError(
                f"{tap.path!r} matches {len(matches)} layers, which cannot all be named {tap.name!r}"
            )
        if matches:
            return matches
    paths = [path for kind in kinds for path in index[kind]]
    noun = "layer" if kinds[0] is TapKind.ACTIVATION else "parameter"
    raise UsageError(f"no {noun} {tap.module!r} in {name}; {suggest_names(tap.module, paths)}")


def _match_predicate(model: nn.Module, predicate: Predicate) -> list[Tap]:
    modules = distinct_modules(model).items()
    return [Tap(path, from_pattern=True) for path, module in modules if predicate(path, module)]


def _match_paths(tap: Tap, paths: PathIndex) -> list[Tap]:
    """Return a tap for each path that matches; of several paths to the same thing, a pattern matches the first."""
    patterns = [tap.module]
    if tap.kind is not TapKind.ACTIVATION:
        # A parameter may be given by its own path, as in Tap.grad("conv1.bias").
        patterns.append(tap.module.removesuffix(".weight"))
    call = tap.path.removeprefix(tap.module)
    for pattern in patterns:
        if pattern in paths:
            return [replace(tap, path=pattern + call)]
        matches = distinct_paths({path: key for path, key in paths.items() if fnmatchcase(path, pattern)})
        if matches:
            return [replace(tap, path=path + call, from_pattern=True) for path in matches]
    return []


def _with_first_path(tap: Tap, index: Mapping[TapKind, PathIndex]) -> Tap:
    """Return the tap with the first of the paths that lead to the same module or parameter."""
    paths = index[tap.kind]
    first = next(path for path, key in paths.items() if key == paths[tap.module])
    return replace(tap, path=first + tap.path.removeprefix(tap.module))


def unwrap_model(model: nn.Module) -> nn.Module:
    """Return the module inside `torch.compile`, `DataParallel` and `DistributedDataParallel`."""
    wrappers = (nn.DataParallel, nn.parallel.DistributedDataParallel)
    while True:
        inner = model.module if isinstance(model, wrappers) else getattr(model, "_orig_mod", None)
        if not isinstance(inner, nn.Module):
            return model
        model = inner


def named_modules(model: nn.Module) -> dict[str, nn.Module]:
    """All modules by all of their paths, without the names that wrappers insert; the model's own path is empty."""
    return {strip_wrappers(path): module for path, module in model.named_modules(remove_duplicate=False)}


class ModuleLookup:
    """Finds the modules of a model by their paths at any time: a training may exchange them.

    Args:
        model: The network.
    """

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._found: dict[str, tuple[list[str], nn.Module]] = {}

    def find(self, path: str) -> nn.Module | None:
        """Return the module that is at a path now; None if there is none."""
        if path in self._found:
            names, module = self._found[path]
            if self._resolve(names) is module:
                return module
            del self._found[path]
        # Of several modules at one path, the innermost: a module may have been wrapped since.
        for full, module in self._model.named_modules(remove_duplicate=False):
            if strip_wrappers(full) == path:
                self._found[path] = full.split(".") if full else [], module
        return self._found[path][1] if path in self._found else None

    def _resolve(self, names: list[str]) -> nn.Module | None:
        module: nn.Module | None = self._model
        for name in names:
            # A scripted module keeps its submodules in another object than a dictionary.
            module = module._modules[name] if module is not None and name in module._modules else None
        return module


def strip_wrappers(path: str) -> str:
    """Remove the names that wrappers insert into a path."""
    return ".".join(part for part in path.split(".") if part not in WRAPPER_NAMES)


def distinct_modules(model: nn.Module) -> dict[str, nn.Module]:
    """All modules below the model, each by the first of its paths."""
    modules = named_modules(model)
    return {path: modules[path] for path in distinct_paths(index_paths(model)[TapKind.ACTIVATION])}


def index_paths(model: nn.Module) -> dict[TapKind, PathIndex]:
    """Index all paths that taps of each kind can name."""
    modules = {
        path: id(module) for path, module in named_modules(model).items() if path and module is not model
    }
    weights = dict(_iter_parameters(model))
    gradients: dict[str, Hashable] = {
        strip_wrappers(path): id(parameter)
        for path, parameter in model.named_parameters(remove_duplicate=False)
    }
    if fsdp1_parameters(model):
        # A parameter that is part of a flat parameter has no name of its own.
        gradients = {path: key for path, key in weights.items() if path not in gradients} | gradients
    return {TapKind.ACTIVATION: modules, TapKind.WEIGHT: weights, TapKind.GRADIENT: gradients}


def _iter_parameters(model: nn.Module) -> Iterator[tuple[str, Hashable]]:
    """Yield all parameters, and the weights that weight normalization or pruning computes from them."""
    lent = fsdp1_parameters(model)
    for path, module in named_modules(model).items():
        prefix = f"{path}." if path else ""
        own = {name: parameter for name, parameter in module._parameters.items() if parameter is not None}
        computed = list(getattr(module, "parametrizations", ()))
        computed += [name for name in vars(module) if {f"{name}_v", f"{name}_orig"} & own.keys()]
        computed += [name for owner, name in lent if owner is module and name not in own]
        yield from ((prefix + name, (id(module), name)) for name in computed)
        yield from ((prefix + name, id(parameter)) for name, parameter in own.items())


def distinct_paths(paths: PathIndex) -> list[str]:
    """Return the first path of everything that the paths lead to."""
    first: dict[Hashable, str] = {}
    for path, key in paths.items():
        first.setdefault(key, path)
    return list(first.values())


def describe_shared(path: str, paths: PathIndex, noun: str) -> str:
    """Note the other paths that lead to the same module or parameter, for people; empty if there are none."""
    others = [other for other, key in paths.items() if other != path and key == paths[path]]
    return f"the same {noun} as {', '.join(others)}" if others else ""
