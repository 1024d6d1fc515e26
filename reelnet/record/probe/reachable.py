"""Save and restore all state that is reachable from the modules of a model, whatever it is made of."""

from __future__ import annotations

import functools
import io
import sys
import threading
import types
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from torch import Tensor, nn

from reelnet.errors import ReelnetError, describe_error
from reelnet.record.probe.copies import (
    CONTAINER_SAVERS,
    FUNCTION_SAVERS,
    NUMBER_SAVERS,
    Place,
    Restore,
    Saver,
    StateVisitor,
    TensorCopy,
    iter_function,
    restore_dict,
)
from reelnet.record.probe.distributed import fsdp1_parameters, fsdp1_wrappers, is_sharded
from reelnet.record.probe.state_types import PY_CLASS_FLAG, STATELESS_TYPES, adds_hidden_fields, is_opaque

ABSENT = object()
"""Stands for an attribute that does not exist."""

CONSTANT_CLASS_PACKAGES = ("keras", "numpy", "timm", "torch", "torchvision", "transformers")
"""Packages whose classes hold no state, apart from the standard library; their objects may."""


def can_change(value: object) -> bool:
    """Whether an object can hold state."""
    if isinstance(value, types.BuiltinFunctionType | types.MethodWrapperType):
        return can_change(value.__self__)
    if isinstance(value, type):
        return bool(_get_user_classes(value))
    return SAVERS[type(value)] is not None


class _SaverTable(dict[type, Saver | None]):
    """The saver of each type, which is found once; None for types whose objects hold no state."""

    def __missing__(self, kind: type) -> Saver | None:
        self[kind] = saver = _find_saver(kind)
        return saver


def _find_saver(kind: type) -> Saver | None:
    if issubclass(kind, nn.Module):
        return _save_module
    for base, saver in (*NUMBER_SAVERS, *FUNCTION_SAVERS, (_ClassState, _save_class_state)):
        if issubclass(kind, base):
            return saver if kind is base else _save_both(saver)
    if issubclass(kind, type):
        return _visit_class
    if issubclass(kind, threading.local):
        return _save_object
    is_python_class = bool(kind.__flags__ & PY_CLASS_FLAG)
    is_descriptor = hasattr(kind, "__get__") and not is_python_class
    if issubclass(kind, STATELESS_TYPES) or is_descriptor or is_opaque(kind):
        return None
    for base, saver in CONTAINER_SAVERS:
        if issubclass(kind, base):
            return saver if kind is base else _save_both(saver)
    if issubclass(kind, io.IOBase) or not (is_python_class or kind.__dictoffset__):
        return _refuse
    has_hidden_fields = any(map(adds_hidden_fields, kind.__mro__))
    # Those of exceptions and functions do not change in a forward pass.
    is_lost = has_hidden_fields and not (issubclass(kind, BaseException) or hasattr(kind, "__get__"))
    return _save_both(_refuse) if is_lost else _save_object


def _refuse(state: StateVisitor, value: Any, place: Place) -> None:
    kind = type(value)
    package = kind.__module__.partition(".")[0]
    if package != "torch":
        name = kind.__qualname__ if package == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
        state.refuse(place, f"its type, {name}, cannot be copied")


def _save_both(saver: Saver) -> Saver:
    """The saver of a class derived from a container: its content and its attributes."""

    def save(state: StateVisitor, value: Any, place: Place) -> None:
        saver(state, value, place)
        _save_object(state, value, place)

    return save


# Objects and classes


def _save_object(state: StateVisitor, value: Any, place: Place) -> None:
    attributes = getattr(value, "__dict__", None)
    if isinstance(attributes, dict):
        state.add(restore_dict, attributes, dict(attributes), place)
        state.visit(attributes.items(), place)
    kind: type = type(value)
    if slots := _get_slots(kind):
        saved = {}
        for slot in slots:
            saved[slot] = ABSENT
            with suppress(AttributeError):
                saved[slot] = slot.__get__(value)
        state.add(_restore_slots, value, saved, place)
        state.visit(((slot.__name__, held) for slot, held in saved.items()), place)
    save_class(state, kind, place)


@functools.lru_cache(maxsize=4096)
def _get_slots(kind: type) -> tuple[types.MemberDescriptorType, ...]:
    slots = (
        held
        for base in kind.__mro__
        if base.__flags__ & PY_CLASS_FLAG and not adds_hidden_fields(base)
        for held in vars(base).values()
    )
    return tuple(slot for slot in slots if isinstance(slot, types.MemberDescriptorType))


def _restore_slots(value: Any, saved: dict[types.MemberDescriptorType, Any]) -> None:
    for slot, held in saved.items():
        current = ABSENT
        with suppress(AttributeError):
            current = slot.__get__(value)
        if current is not held:
            if held is ABSENT:
                slot.__delete__(value)
            else:
                slot.__set__(value, held)


class _ClassState:
    """What a class holds for all its objects.

    Attributes:
        kind: The class.
        names: All names in the class.
        changing: Those of attributes that may change: neither methods nor descriptors, unless they hold something.
    """

    def __init__(self, kind: type) -> None:
        self.kind = kind
        self.names = frozenset(vars(kind))
        self.changing = tuple(
            name
            for name, value in vars(kind).items()
            if not (name.startswith(("__", "_abc_")) and name != "__call__") and _is_class_state(value)
        )


def _is_class_state(value: Any) -> bool:
    functions = _unwrap_descriptor(value)
    if all(isinstance(each, types.FunctionType) for each in functions):
        return any(can_change(held) for each in functions for _, held in iter_function(each))
    descriptors = (
        property,
        types.MemberDescriptorType,
        types.GetSetDescriptorType,
        staticmethod,
        classmethod,
    )
    return not isinstance(value, descriptors)


def _unwrap_descriptor(value: Any) -> list[Any]:
    """The functions of a method or property; anything else is returned alone."""
    if isinstance(value, staticmethod | classmethod):
        return [value.__func__]
    if isinstance(value, property):
        return [each for each in (value.fget, value.fset, value.fdel) if each is not None]
    return [value]


@functools.lru_cache(maxsize=4096)
def _get_class_state(kind: type, length: int) -> _ClassState:
    # A class that got more attributes since is looked at again.
    return _ClassState(kind)


@functools.lru_cache(maxsize=4096)
def _get_user_classes(kind: type) -> tuple[type, ...]:
    return tuple(
        base
        for base in kind.__mro__
        if (root := base.__module__.partition(".")[0]) not in sys.stdlib_module_names
        and root not in CONSTANT_CLASS_PACKAGES
    )


def save_class(state: StateVisitor, kind: type, place: Place) -> None:
    """Save what a class and its bases hold in common for all their objects, such as a counter."""
    for base in _get_user_classes(kind):
        state.visit([("__class__", _get_class_state(base, len(vars(base))))], place)


def _visit_class(state: StateVisitor, value: type, place: Place) -> None:
    save_class(state, value, place)


def _save_class_state(state: StateVisitor, value: _ClassState, place: Place) -> None:
    attributes = vars(value.kind)
    saved = {name: attributes[name] for name in value.changing if name in attributes}
    state.add(_restore_class, value, saved, place)
    state.visit(((name, each) for name, held in saved.items() for each in _unwrap_descriptor(held)), place)


def _restore_class(value: _ClassState, saved: dict[str, Any]) -> None:
    attributes = vars(value.kind)
    for name, held in saved.items():
        if attributes.get(name, ABSENT) is not held:
            setattr(value.kind, name, held)
    if len(attributes) != len(value.names):
        for name in attributes.keys() - value.names:
            delattr(value.kind, name)


def _save_module(state: StateVisitor, value: nn.Module, place: Place) -> None:
    state.save_hidden_module(value, place)


SAVERS: Mapping[type, Saver | None] = _SaverTable()
"""The saver of each type; None if its objects hold no state."""


MAX_BYTES = 256 << 20
"""Bytes of tensors, arrays and containers that are copied. Buffers of modules are copied in any case."""

MAX_OBJECTS = 20_000
"""Number of objects that are visited; each costs about a microsecond per probe."""

MAX_DEPTH = 32
"""Number of steps from the model to an object."""

TORCH_ATTRIBUTES = frozenset(vars(nn.Module()))
"""Attributes that every module has for torch's own use."""

HOOK_ATTRIBUTES = tuple(
    name
    for name in sorted(TORCH_ATTRIBUTES)
    if name.startswith(("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks"))
)
"""Where modules keep their hooks. A model may set its own in its first pass, and note in an attribute that it did."""

REGISTRIES = (*HOOK_ATTRIBUTES, "_buffers", "_modules", "_parameters")
"""All dictionaries of a module in which a forward pass may add or replace something."""


class ReachableState:
    """The content of every object that can be reached from the modules of a model, for `restore`.

    Modules that the model holds outside of its submodules (in a list, for example) are part of it. Not part of it is
    what cannot hold state (numbers, strings), what `is_opaque` names (trainers, optimizers, data sets), and
    parameters, which `ParameterGuard` keeps.

    Args:
        model: The network.

    Attributes:
        modules: All modules that were reached, those of the model first.
        parameters: Their parameters, and where they are.
        unrestorable: The reason why something cannot be restored, by its name.
    """

    def __init__(self, model: nn.Module) -> None:
        self.modules: list[nn.Module] = []
        self.parameters: list[tuple[Tensor, Place]] = []
        self.unrestorable: dict[str, str] = {}
        # The objects, not only their numbers: the number of one that is gone may be given to another.
        self._seen: dict[int, Any] = {}
        self._entries: list[tuple[Restore, Any, Any, Place]] = []
        self._pending: list[tuple[Any, Place]] = []
        self._bytes = 0
        # The attributes of FSDP1's wrappers, and the parameters that it lends to modules, are its own business.
        self._fsdp1_ids = set(map(id, fsdp1_wrappers(model)))
        self._lent_names = frozenset(name for _, name in fsdp1_parameters(model))
        # Sharded parameters come and go in a forward pass. A scripted module has another object as its `_buffers`.
        self._registries = (*HOOK_ATTRIBUTES, "_buffers") if is_sharded(model) else REGISTRIES
        # First, so that a list of parameters, for example, is no reason to copy them.
        own = list(self._iter_submodules(model))
        for module, place in own:
            self._mark_tensors(module, place)
        for module, place in own:
            self.save_module(module, place)
        self._save_pending()

    def _save_pending(self) -> None:
        while self._pending:
            value, place = self._pending.pop()
            saver = SAVERS[type(value)]
            if saver is None:
                continue
            try:
                saver(self, value, place)
            except Exception as error:
                self.refuse(place, f"copying it failed ({describe_error(error)})")

    def include(self, values: Collection[Any], name: str) -> None:
        """Save what the given values hold, too.

        Args:
            values: What is not part of the model.
            name: What holds them, for messages.
        """
        self.visit_all(range(len(values)), values, (None, name, 0))
        self._save_pending()

    def __contains__(self, value: object) -> bool:
        return id(value) in self._seen

    def restore(self) -> None:
        """Give all objects their contents back."""
        for restore, value, saved, place in self._entries:
            try:
                restore(value, saved)
            except Exception as error:
                reason = describe_error(error)
                self.refuse(
                    place, str(error) if isinstance(error, ReelnetError) else f"restoring failed: {reason}"
                )

    def add(self, restore: Restore, value: Any, saved: Any, place: Place) -> None:
        """Have `restore(value, saved)` called at the end."""
        self._entries.append((restore, value, saved, place))

    def reserve(self, nbytes: int, place: Place) -> bool:
        """Whether `nbytes` more bytes may be copied; if not, this is noted."""
        if self._bytes + nbytes > MAX_BYTES:
            self.refuse(place, f"it has {nbytes:,} bytes, and at most {MAX_BYTES:,} are copied in all")
            return False
        self._bytes += nbytes
        return True

    def refuse(self, place: Place, reason: str) -> None:
        """Note that something cannot be restored."""
        self.unrestorable.setdefault(format_place(place), reason)

    def visit(self, values: Iterable[tuple[object, Any]], place: Place) -> None:
        """Save what the given values hold, by their names in the object at `place`; each object once."""
        seen = self._seen
        for name, value in values:
            if SAVERS[type(value)] is None or id(value) in seen:
                continue
            if len(seen) >= MAX_OBJECTS or place[2] >= MAX_DEPTH:
                most = (
                    f"{MAX_OBJECTS:,} objects" if len(seen) >= MAX_OBJECTS else f"{MAX_DEPTH} in each other"
                )
                self.refuse(place, f"the model holds too many objects, more than {most}")
                return
            seen[id(value)] = value
            self._pending.append((value, (place, str(name), place[2] + 1)))

    def visit_all(self, names: Iterable[object], values: Collection[Any], place: Place) -> None:
        """The same for many values; quick if no value is of a type that can hold state."""
        if any(SAVERS[kind] is not None for kind in set(map(type, values))):
            self.visit(zip(names, list(values), strict=False), place)

    def save_hidden_module(self, module: nn.Module, place: Place) -> None:
        """Save a module that is no submodule of the model."""
        self._mark_tensors(module, place)
        self.save_module(module, place)
        self.visit(module._modules.items(), place)

    def save_module(self, module: nn.Module, place: Place) -> None:
        """Save a module: its attributes, hooks, buffers, and the names of its parameters and submodules."""
        self.modules.append(module)
        attributes = vars(module)
        if id(module) not in self._fsdp1_ids:
            self.add(self._restore_attributes, attributes, dict(attributes), place)
            ignored = TORCH_ATTRIBUTES | self._lent_names if self._lent_names else TORCH_ATTRIBUTES
            self.visit([item for item in attributes.items() if item[0] not in ignored], place)
            names = "_non_persistent_buffers_set"
            self.visit([(names, attributes.get(names))], place)
            save_class(self, type(module), place)
        # A scripted module has other objects there.
        for registry in map(attributes.get, self._registries):
            if isinstance(registry, dict):
                self.add(restore_dict, registry, dict(registry), place)

    def _iter_submodules(self, model: nn.Module) -> Iterator[tuple[nn.Module, Place]]:
        """Yield the model and all modules below it, each once."""
        self._seen[id(model)] = model
        pending: list[tuple[nn.Module, Place]] = [(model, (None, type(model).__name__, 0))]
        while pending:
            module, place = pending.pop()
            yield module, place
            for name, child in reversed(list(module._modules.items())):
                if child is not None and id(child) not in self._seen:
                    self._seen[id(child)] = child
                    pending.append((child, (place, name, 0)))

    def _mark_tensors(self, module: nn.Module, place: Place) -> None:
        """Save the buffers of a module, and note its parameters."""
        for name, parameter in module._parameters.items():
            if parameter is not None and id(parameter) not in self._seen:
                self._seen[id(parameter)] = parameter
                self.parameters.append((parameter, (place, name, 0)))
        for name, buffer in module._buffers.items():
            if buffer is not None and id(buffer) not in self._seen:
                self._seen[id(buffer)] = buffer
                self.add(TensorCopy.restore, TensorCopy(buffer), False, (place, name, 0))

    def _restore_attributes(self, attributes: dict[str, Any], saved: dict[str, Any]) -> None:
        if self._lent_names:
            lent = {name: attributes[name] for name in self._lent_names if name in attributes}
            saved = {name: value for name, value in saved.items() if name not in self._lent_names} | lent
        restore_dict(attributes, saved)


def format_place(place: Place) -> str:
    """Name an object by the way to it, such as `Net.memory[0].rng`."""
    names = []
    holder: Any = place
    while holder is not None:
        holder, name, _ = holder
        names.append(name)
    return ".".join(reversed(names))
