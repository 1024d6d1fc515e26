"""The modules and parameters of a model by their paths."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping

from torch import nn

from reelnet.record.probe.distributed import managed_parameters
from reelnet.runs.header import TapKind

WRAPPERS = {"_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"}
"""Names under which `torch.compile`, FSDP and checkpointed activations keep the module that they wrap."""

Paths = Mapping[str, Hashable]
"""All paths of one kind in the model's order, each with a key; what stands at two paths has one key."""


def unwrap(model: nn.Module) -> nn.Module:
    """The module inside `torch.compile`, `DataParallel` and `DistributedDataParallel`."""
    wrappers = (nn.DataParallel, nn.parallel.DistributedDataParallel)
    while True:
        inner = model.module if isinstance(model, wrappers) else getattr(model, "_orig_mod", None)
        if not isinstance(inner, nn.Module):
            return model
        model = inner


def named_modules(model: nn.Module) -> dict[str, nn.Module]:
    """The modules by all paths at which they stand, as they are without their wrappers; the model's own is empty."""
    return {plain(path): module for path, module in model.named_modules(remove_duplicate=False)}


def plain(path: str) -> str:
    """A path without what wrappers put in between."""
    return ".".join(part for part in path.split(".") if part not in WRAPPERS)


def distinct_modules(model: nn.Module) -> dict[str, nn.Module]:
    """The modules by the first of their paths."""
    modules = named_modules(model)
    return {path: modules[path] for path in distinct(paths_of(model)[TapKind.ACTIVATION])}


def paths_of(model: nn.Module) -> dict[TapKind, Paths]:
    """All that taps of each kind can name."""
    gradients = {plain(path): id(held) for path, held in model.named_parameters(remove_duplicate=False)}
    modules = {
        path: id(module) for path, module in named_modules(model).items() if path and module is not model
    }
    weights = dict(_parameters(model))
    return {
        TapKind.ACTIVATION: modules,
        TapKind.WEIGHT: weights,
        # In one piece with others a parameter has no name of its own.
        TapKind.GRADIENT: {path: key for path, key in weights.items() if path not in gradients} | gradients
        if managed_parameters(model)
        else gradients,
    }


def _parameters(model: nn.Module) -> Iterator[tuple[str, Hashable]]:
    """All parameters, and what weight normalisation or pruning makes of them."""
    lent = managed_parameters(model)
    for path, module in named_modules(model).items():
        before = f"{path}." if path else ""
        own = {name: held for name, held in module._parameters.items() if held is not None}
        made = list(getattr(module, "parametrizations", ()))
        made += [name for name in vars(module) if {f"{name}_v", f"{name}_orig"} & own.keys()]
        made += [name for owner, name in lent if owner is module and name not in own]
        yield from ((before + name, (id(module), name)) for name in made)
        yield from ((before + name, id(held)) for name, held in own.items())


def distinct(paths: Paths) -> list[str]:
    """Of what stands at several paths the first."""
    found: dict[Hashable, str] = {}
    for path, key in paths.items():
        found.setdefault(key, path)
    return list(found.values())


def others(path: str, paths: Paths) -> list[str]:
    """The other paths at which the same stands."""
    return [each for each, key in paths.items() if each != path and key == paths[path]]


def also(path: str, paths: Paths, what: str) -> str:
    """A note on the other paths of what is recorded at one, for people; empty where there are none."""
    found: Iterable[str] = others(path, paths)
    return f"the same {what} as {', '.join(found)}" if found else ""
