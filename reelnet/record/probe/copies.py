"""Copies of what a forward pass may change: tensors, parameters, arrays, generators, containers and functions."""

from __future__ import annotations

import array
import ctypes
import functools
import io
import random
import types
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from itertools import count, repeat
from operator import is_
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from reelnet.errors import ReelnetError

Place = tuple[Any, str, int]
"""How an object was reached: the place of what holds it, its name there, and the number of steps from the model."""

Restore = Callable[[Any, Any], object]
"""Gives an object its saved content."""


class StateVisitor(Protocol):
    """Collects what savers save."""

    def add(self, restore: Restore, value: Any, saved: Any, place: Place) -> None:
        """Have `restore(value, saved)` called at the end."""

    def visit(self, values: Iterable[tuple[object, Any]], place: Place) -> None:
        """Save what the given values hold."""

    def visit_all(self, names: Iterable[object], values: Collection[Any], place: Place) -> None:
        """The same for many values; quick if no value is of a type that can hold state."""

    def reserve(self, nbytes: int, place: Place) -> bool:
        """Whether `nbytes` more bytes may be copied; if not, this is noted."""

    def refuse(self, place: Place, reason: str) -> None:
        """Note that something cannot be restored."""

    def save_hidden_module(self, module: nn.Module, place: Place) -> None:
        """Save a module that is no submodule of the model."""


Saver = Callable[[StateVisitor, Any, Place], None]
"""Saves an object of some type, and visits the objects that it holds."""


set_version = getattr(torch._C._autograd, "_unsafe_set_version_counter", None)


class TensorWatch:
    """Notices whether a tensor is written to, or gets other memory; it does not notice a write through `.data`.

    Args:
        tensor: The tensor.
    """

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor
        # Not detach(), with which it would share the counter of writes: autograd takes a write for a mistake.
        self.alias = tensor.data
        self._version = None if tensor.is_inference() else tensor._version
        self._pointer = _get_pointer(tensor)

    def restore_memory(self) -> bool:
        """Give the tensor its own memory back, in which writes remain; return whether `.data` had been set."""
        if _get_pointer(self.tensor) == self._pointer and self.tensor.shape == self.alias.shape:
            return False
        self.tensor.data = self.alias
        return True

    def was_written(self) -> bool:
        """Whether autograd counted a write to the tensor."""
        return self._version is not None and self.tensor._version != self._version

    def restore_version(self) -> None:
        """Forget writes that were undone: autograd would refuse a backward pass that needs the tensor as it was."""
        if self.was_written() and set_version is not None:
            set_version((self.tensor,), (self._version,))


class TensorCopy(TensorWatch):
    """A copy of a tensor's content.

    Args:
        tensor: The tensor. One without content of its own is only watched.
    """

    def __init__(self, tensor: Tensor) -> None:
        super().__init__(tensor)
        self._values = _drop_repeats(self.alias) if _has_content(tensor) else None
        self._content = None if self._values is None else self._values.clone()

    def restore(self, compares: bool = False) -> bool:
        """Give the tensor its content back.

        Args:
            compares: Whether to compare the content on any device. Otherwise only that on the CPU is compared, since
                comparing waits for a device, and copying does not.

        Returns:
            Whether the tensor had changed, as far as that is known.
        """
        changed = self.restore_memory() | self.was_written()
        if self._values is not None and self._content is not None:
            known = compares or self.alias.device.type == "cpu"
            if not (known and _are_equal(self._values, self._content)):
                changed |= known
                with torch.inference_mode(self.alias.is_inference()):
                    if self.alias.layout is torch.strided:
                        self._values.copy_(self._content)
                    else:
                        # A sparse alias has values and indices of its own as soon as their number changes.
                        self.tensor.data = self._content
        self.restore_version()
        return changed


def _get_pointer(tensor: Tensor) -> int | None:
    """The address of a tensor's memory; None for sparse, nested and wrapped tensors."""
    try:
        return tensor.data_ptr()
    except (RuntimeError, NotImplementedError):
        return None


def _has_content(tensor: Tensor) -> bool:
    """Whether a tensor has content that can be written to."""
    if tensor.is_meta:
        return False
    if tensor.layout is not torch.strided or tensor.is_nested:
        return True
    try:
        # Sharding frees the memory of whole tensors and leaves the tensors.
        return tensor.untyped_storage().nbytes() >= _drop_repeats(tensor.data).nbytes
    except (RuntimeError, NotImplementedError):  # a tensor around another one
        return True


def _drop_repeats(tensor: Tensor) -> Tensor:
    """The part of an expanded tensor that has memory of its own."""
    if tensor.layout is torch.strided and not tensor.is_nested:
        for dim, (step, size) in enumerate(zip(tensor.stride(), tensor.shape, strict=True)):
            if step == 0 and size > 1:
                tensor = tensor.narrow(dim, 0, 1)
    return tensor


def _are_equal(one: Tensor, other: Tensor) -> bool:
    try:
        return torch.equal(one, other)
    except (RuntimeError, NotImplementedError):
        # Sparse and nested tensors.
        return False


MAX_FIRST_BYTES = 1 << 30
"""Bytes of parameters up to which the first pass copies all of them, to find those that a forward pass changes."""

MAX_EACH_BYTES = 4 << 20
"""Bytes of parameters up to which every pass copies all of them."""


class ParameterGuard:
    """Restores parameters that a forward pass changes: embeddings with `max_norm`, moving averages of weights.

    Copying all parameters of a large model in each pass would be slow. Its first pass copies them to find those that
    change; later passes copy only these, and watch the others: a write to one of them is reported.
    """

    def __init__(self) -> None:
        self._changing: set[Any] = set()
        self._is_first = True
        self._records: list[_Record] = []

    def save(self, parameters: Iterable[tuple[Tensor, Any]], modules: Iterable[nn.Module]) -> None:
        """Save parameters before a forward pass.

        Args:
            parameters: The parameters, each with its place in the model.
            modules: The modules that hold them.
        """
        own = [(tensor, place) for tensor, place in parameters if not (tensor.is_meta or is_lazy(tensor))]
        copies_all = sum(tensor.nbytes for tensor, _ in own) <= (
            MAX_FIRST_BYTES if self._is_first else MAX_EACH_BYTES
        )
        renormed = set() if copies_all else {id(module.weight) for module in modules if _is_renormed(module)}
        self._records = []
        for tensor, place in own:
            copied = (
                copies_all or id(tensor) in renormed or (bool(self._changing) and place in self._changing)
            )
            watch = TensorCopy(tensor) if copied else TensorWatch(tensor)
            gradient = None if tensor.grad is None else TensorWatch(tensor.grad)
            self._records.append(_Record(place, watch, gradient, tensor.requires_grad))

    def restore(self) -> list[Any]:
        """Restore the parameters after the pass.

        Returns:
            The places of the parameters and gradients that changed and of which there is no copy.
        """
        lost = []
        for place, watch, gradient, requires_grad in self._records:
            tensor = watch.tensor
            if isinstance(watch, TensorCopy):
                changed = watch.restore(compares=self._is_first)
            else:
                changed = watch.was_written()
                lost += [place] * changed
                changed |= watch.restore_memory()
            if changed:
                self._changing.add(place)
            if tensor.requires_grad != requires_grad:
                tensor.requires_grad_(requires_grad)
            before = None if gradient is None else gradient.tensor
            if tensor.grad is not before:
                tensor.grad = before
            if gradient is not None and gradient.was_written():
                lost.append((place, "grad", 0))
        self._records, self._is_first = [], False
        return lost


class _Record(NamedTuple):
    place: Any
    watch: TensorWatch
    gradient: TensorWatch | None
    requires_grad: bool


def _is_renormed(module: nn.Module) -> bool:
    return isinstance(module, nn.Embedding | nn.EmbeddingBag) and module.max_norm is not None


REFERENCE_BYTES = 8
"""Bytes that a container needs for each of its items."""


def _save_dict(state: StateVisitor, value: dict[Any, Any], place: Place) -> None:
    base = _get_base(value)
    saved = dict(base.items(value))
    if state.reserve(REFERENCE_BYTES * 2 * len(saved), place):
        state.add(restore_dict, value, saved, place)
    if isinstance(value, defaultdict):
        state.visit([("default_factory", value.default_factory)], place)
    state.visit_all(repeat("key"), saved, place)
    state.visit_all(saved, saved.values(), place)


def restore_dict(current: dict[Any, Any], saved: dict[Any, Any]) -> None:
    """Give a dictionary its items back, in their order."""
    base = _get_base(current)
    if (
        len(current) == len(saved)
        and all(map(is_, base.keys(current), saved))
        and all(map(is_, base.values(current), saved.values()))
    ):
        return
    base.clear(current)
    base.update(current, saved)


def _get_base(value: dict[Any, Any]) -> Any:
    """The class whose methods reach the items, whatever a derived class does; an OrderedDict has its own order."""
    return OrderedDict if isinstance(value, OrderedDict) else dict


def _save_list(state: StateVisitor, value: list[Any], place: Place) -> None:
    if state.reserve(REFERENCE_BYTES * len(value), place):
        state.add(_restore_list, value, list.copy(value), place)
    visit_items(state, value, place)


def _restore_list(current: list[Any], saved: list[Any]) -> None:
    if not _have_same(current, saved):
        list.__setitem__(current, slice(None), saved)


def _save_deque(state: StateVisitor, value: deque[Any], place: Place) -> None:
    if state.reserve(REFERENCE_BYTES * len(value), place):
        state.add(_restore_deque, value, list(value), place)
    visit_items(state, value, place)


def _restore_deque(current: deque[Any], saved: list[Any]) -> None:
    if not _have_same(current, saved):
        deque.clear(current)
        deque.extend(current, saved)


def _save_set(state: StateVisitor, value: set[Any], place: Place) -> None:
    if state.reserve(REFERENCE_BYTES * len(value), place):
        state.add(_restore_set, value, list(value), place)
    visit_items(state, value, place)


def _restore_set(current: set[Any], saved: list[Any]) -> None:
    if not _have_same(current, saved):
        set.clear(current)
        set.update(current, saved)


def visit_items(state: StateVisitor, value: Any, place: Place) -> None:
    """Visit the items of a sequence or set."""
    state.visit_all(count(), value, place)


def _visit_mapping(state: StateVisitor, value: types.MappingProxyType[Any, Any], place: Place) -> None:
    state.visit_all(value, list(value.values()), place)


def _have_same(current: Any, saved: list[Any]) -> bool:
    # Compare identities: the equality of two tensors is a tensor.
    return len(current) == len(saved) and all(map(is_, current, saved))


def _save_bytes(state: StateVisitor, value: Any, place: Place) -> None:
    if state.reserve(len(value), place):
        state.add(_restore_bytes, value, value[:], place)


def _restore_bytes(current: Any, saved: Any) -> None:
    if current != saved:
        current[:] = saved


def _save_memory_file(state: StateVisitor, value: Any, place: Place) -> None:
    if not value.closed and state.reserve(len(value.getvalue()), place):
        state.add(_restore_memory_file, value, (value.getvalue(), value.tell()), place)


def _restore_memory_file(current: Any, saved: tuple[Any, int]) -> None:
    content, position = saved
    if current.getvalue() != content:
        current.seek(0)
        current.truncate()
        current.write(content)
    current.seek(position)


CONTAINER_SAVERS: tuple[tuple[type, Saver], ...] = (
    (dict, _save_dict),
    (list, _save_list),
    (deque, _save_deque),
    (set, _save_set),
    (tuple, visit_items),
    (frozenset, visit_items),
    (types.MappingProxyType, _visit_mapping),
    (bytearray, _save_bytes),
    (array.array, _save_bytes),
    (io.BytesIO, _save_memory_file),
    (io.StringIO, _save_memory_file),
)
"""The saver of each type."""


def _save_tensor(state: StateVisitor, value: Tensor, place: Place) -> None:
    try:
        nbytes = value.nbytes
    except RuntimeError:  # a sparse tensor
        nbytes = value._nnz() * value.element_size()
    if not value.is_meta and state.reserve(nbytes, place):
        state.add(TensorCopy.restore, TensorCopy(value), False, place)


def _save_array(state: StateVisitor, value: NDArray[Any], place: Place) -> None:
    data = value.view(np.ndarray)  # without what a derived class does on its own
    if data.flags.writeable and state.reserve(data.nbytes, place):
        # Not the view: it would point to freed memory once the array has been resized.
        state.add(_restore_array, value, data.copy(), place)
    if data.dtype.hasobject:
        visit_items(state, data.ravel().tolist(), place)


def _restore_array(current: NDArray[Any], saved: NDArray[Any]) -> None:
    if current.shape != saved.shape:
        np.ndarray.resize(current, saved.shape, refcheck=False)
    data = current.view(np.ndarray)
    if data.dtype.hasobject or not np.array_equal(data, saved):
        np.copyto(data, saved)


def _save_random(state: StateVisitor, value: random.Random, place: Place) -> None:
    if not isinstance(value, random.SystemRandom):
        state.add(_restore_random, value, value.getstate(), place)


def _restore_random(current: random.Random, saved: Any) -> None:
    current.setstate(saved)


def _visit_generator(state: StateVisitor, value: np.random.Generator, place: Place) -> None:
    state.visit([("bit_generator", value.bit_generator)], place)


def _save_bit_generator(state: StateVisitor, value: np.random.BitGenerator, place: Place) -> None:
    spawned = getattr(getattr(value, "seed_seq", None), "n_children_spawned", 0)
    state.add(_restore_bit_generator, value, (value.state, spawned), place)


def _restore_bit_generator(current: Any, saved: tuple[Any, int]) -> None:
    current.state, spawned = saved
    if getattr(getattr(current, "seed_seq", None), "n_children_spawned", 0) != spawned:
        raise ReelnetError("numpy cannot undo spawn()")


def _save_random_state(state: StateVisitor, value: np.random.RandomState, place: Place) -> None:
    state.add(np.random.RandomState.set_state, value, value.get_state(), place)


def _save_torch_generator(state: StateVisitor, value: torch.Generator, place: Place) -> None:
    state.add(torch.Generator.set_state, value, value.get_state(), place)


def _save_c_data(state: StateVisitor, value: Any, place: Place) -> None:
    if state.reserve(ctypes.sizeof(value), place):
        content = ctypes.string_at(ctypes.addressof(value), ctypes.sizeof(value))
        state.add(_restore_c_data, value, content, place)


def _restore_c_data(current: Any, saved: bytes) -> None:
    ctypes.memmove(ctypes.addressof(current), saved, len(saved))


NUMBER_SAVERS: tuple[tuple[type, Saver], ...] = (
    (nn.Parameter, _save_tensor),
    (Tensor, _save_tensor),
    (np.ndarray, _save_array),
    (random.Random, _save_random),
    (np.random.Generator, _visit_generator),
    (np.random.BitGenerator, _save_bit_generator),
    (np.random.RandomState, _save_random_state),
    (torch.Generator, _save_torch_generator),
    (ctypes.c_int.__mro__[-2], _save_c_data),
)
"""The saver of each type, special ones first."""


def iter_function(function: types.FunctionType) -> Iterator[tuple[str, Any]]:
    """Yield what a function holds: variables of its closure, default arguments, attributes."""
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        with suppress(ValueError):  # a variable without a value
            yield name, cell.cell_contents
    yield from ((f"default {index}", value) for index, value in enumerate(function.__defaults__ or ()))
    yield from (function.__kwdefaults__ or {}).items()
    yield from vars(function).items()


def _save_function(state: StateVisitor, value: types.FunctionType, place: Place) -> None:
    for cell in value.__closure__ or ():
        with suppress(ValueError):
            state.add(_restore_cell, cell, cell.cell_contents, place)
    attributes = vars(value)
    state.add(restore_dict, attributes, dict(attributes), place)
    state.visit(iter_function(value), place)


def _restore_cell(cell: types.CellType, saved: Any) -> None:
    cell.cell_contents = saved


def _visit_method(state: StateVisitor, value: types.MethodType, place: Place) -> None:
    state.visit([("__self__", value.__self__), ("__func__", value.__func__)], place)


def _visit_owner(state: StateVisitor, value: types.BuiltinFunctionType, place: Place) -> None:
    state.visit([("__self__", value.__self__)], place)


def _visit_partial(state: StateVisitor, value: functools.partial[Any], place: Place) -> None:
    state.visit([("func", value.func), *enumerate(value.args), *value.keywords.items()], place)


FUNCTION_SAVERS: tuple[tuple[type, Saver], ...] = (
    (types.FunctionType, _save_function),
    (types.MethodType, _visit_method),
    (types.BuiltinFunctionType, _visit_owner),
    (types.MethodWrapperType, _visit_owner),
    (functools.partial, _visit_partial),
)
"""The saver of each type of what can be called."""
