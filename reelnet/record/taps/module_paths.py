"""Index the modules and parameters of a model by their paths."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping

from torch import nn

from reelnet.record.probe.distributed import fsdp1_parameters
from reelnet.runs.header import TapKind

WRAPPER_NAMES = {"_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"}
"""Attributes in which `torch.compile`, FSDP1 and activation checkpointing keep the module that they wrap."""

PathIndex = Mapping[str, Hashable]
"""All paths of one kind in the model's order, each with a key; paths to the same object have the same key."""


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
