"""Which types of objects can hold state that a forward pass changes, and which belong to something else."""

from __future__ import annotations

import datetime
import numbers
import operator
import pathlib
import re
import struct
import types
import uuid
import weakref

import numpy as np
import torch

STATELESS_TYPES = (
    numbers.Number,
    str,
    bytes,
    range,
    slice,
    type(None),
    type(NotImplemented),
    type(...),
    types.ModuleType,
    types.WrapperDescriptorType,
    types.MethodDescriptorType,
    types.ClassMethodDescriptorType,
    types.GetSetDescriptorType,
    types.MemberDescriptorType,
    types.GenericAlias,
    types.UnionType,
    types.CodeType,
    property,
    staticmethod,
    classmethod,
    operator.attrgetter,
    operator.itemgetter,
    operator.methodcaller,
    re.Pattern,
    struct.Struct,
    pathlib.PurePath,
    uuid.UUID,
    datetime.date,
    datetime.time,
    datetime.timedelta,
    datetime.tzinfo,
    weakref.ref,
    np.generic,
    np.dtype,
    np.ufunc,
    torch.Size,
)
"""Types whose objects never change, or hold nothing."""

OPAQUE_PACKAGES = (
    "_multiprocessing",
    "_thread",
    "accelerate",
    "asyncio",
    "concurrent",
    "keras.src.callbacks",
    "keras.src.optimizers",
    "keras.src.trainers",
    "lightning",
    "lightning_fabric",
    "logging",
    "multiprocessing.connection",
    "multiprocessing.context",
    "multiprocessing.heap",
    "multiprocessing.managers",
    "multiprocessing.pool",
    "multiprocessing.process",
    "multiprocessing.queues",
    "multiprocessing.synchronize",
    "_queue",
    "pybind11_builtins",
    "pytorch_lightning",
    "queue",
    "reelnet",
    "socket",
    "tensorboard",
    "threading",
    "torch._C",
    "torch._dynamo",
    "torch._inductor",
    "torch.cuda",
    "torch.distributed",
    "torch.fx",
    "torch.jit",
    "torch.multiprocessing",
    "torch.optim",
    "torch.utils.data",
    "torch.utils.tensorboard",
    "wandb",
)
"""Packages whose objects, also those of derived classes, are no part of a model, although it may hold them: trainers,
optimizers, data sets, loggers, threads."""


def is_opaque(kind: type) -> bool:
    """Whether objects of a type are no part of a model, although it may hold them."""
    names = [f"{base.__module__}." for base in kind.__mro__]
    return any(name.startswith(f"{package}.") for name in names for package in OPAQUE_PACKAGES)


PY_CLASS_FLAG = 1 << 9
"""Set in the flags of classes that a `class` statement made, and of some that extensions made."""

_POINTER_BYTES = struct.calcsize("P")


def adds_hidden_fields(kind: type) -> bool:
    """Whether objects of a class have more fields than those of its base, and no attributes to reach them."""
    named = sum(
        isinstance(held, types.MemberDescriptorType) or name in ("__dict__", "__weakref__")
        for name, held in vars(kind).items()
    )
    base = kind.__base__
    return base is not None and kind.__basicsize__ - base.__basicsize__ > _POINTER_BYTES * named
