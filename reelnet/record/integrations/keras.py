"""Recording from Keras 3 on the torch backend."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import keras
import numpy as np
from torch import nn

from reelnet.errors import UsageError
from reelnet.record.integrations.loop import Loop
from reelnet.record.taps.tap import Pattern, Tap


class ReelCallback(keras.callbacks.Callback):  # type: ignore[misc]
    """Records `model.fit(…, callbacks=[ReelCallback("runs/mine", samples=images)])`.

    A snapshot follows each batch, with its logs as metrics, and those of a validation with the batch before it.

    Args:
        path: The run folder to make.
        samples: What the model is called with, (samples, height, width, channels), say.
        taps: Names of layers, or glob patterns; those of a model within the model go by `model/layer`. Every
            `Conv2D` by default.
        options: To `reelnet.Recorder`: labels, shown, every, …

    Raises:
        UsageError: Keras runs on another backend.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        samples: Any,
        taps: Sequence[Pattern] | Pattern | None = None,
        **options: Any,
    ) -> None:
        super().__init__()
        if keras.backend.backend() != "torch":
            raise UsageError(
                f"Keras runs on {keras.backend.backend()}, but is recorded on torch only: "
                "set KERAS_BACKEND=torch before keras is imported"
            )
        self._taps = [taps] if isinstance(taps, str | Tap) or callable(taps) else taps
        self._options = {"shown": shown(samples), "samples": samples, **options}
        self._loop = Loop(path, self._options)
        self._taken = 0
        self._logs: dict[str, Any] = {}

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Record the network before the first batch."""
        layers = Layers(self.model)
        self._taken = 0
        self._options["taps"] = layers.taps(self._taps)
        self._loop.open(layers)

    def on_train_batch_begin(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Record the batch before: a validation may have come after it."""
        self._record()

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Keep the logs of the batch."""
        self._taken += 1
        self._logs = dict(logs or {})

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Record the last batch with the logs of its epoch; another callback may then change the weights."""
        self._logs |= logs or {}
        self._record()

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """End the recording."""
        self._loop.close()

    def _record(self) -> None:
        self._loop.step(self._taken, self._logs)


class Layers(nn.Module):
    """A Keras model as torch knows models: its layers are modules under their names."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        # In a tuple, so that it is no module itself: its layers are, once each.
        self._model = (model,)
        self._layers = dict(layers_of(model))
        for name, layer in self._layers.items():
            self.add_module(name, layer)

    def forward(self, *inputs: Any, **named: Any) -> Any:
        """What the model gives, as in prediction."""
        return self._model[0](named or (inputs if len(inputs) > 1 else inputs[0]), training=False)

    def taps(self, patterns: Sequence[Pattern] | None) -> list[Pattern]:
        """The wanted layers, each with what is known of the order of its dimensions."""
        if patterns is None:
            found = [name for name, layer in self._layers.items() if isinstance(layer, keras.layers.Conv2D)]
            return [self._tap(name) for name in found]
        listed: list[Pattern] = []
        for pattern in patterns:
            names = [name for name in self._layers if isinstance(pattern, str) and fnmatchcase(name, pattern)]
            listed += map(self._tap, names) if names else [pattern]
        return listed

    def _tap(self, name: str) -> Tap:
        layer = self._layers[name]
        order = getattr(layer, "data_format", None) or keras.config.image_data_format()
        return Tap(name, dims="NHWC" if order == "channels_last" and dimensions(layer) == 4 else None)


def layers_of(model: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """The layers of a model by name, and those of models within it by `model/layer`."""
    for layer in model.layers:
        name = f"{before}{layer.name}".replace(".", "_")
        if isinstance(layer, keras.Model):
            yield from layers_of(layer, f"{name}/")
        elif not isinstance(layer, keras.layers.InputLayer):
            yield name, layer


def dimensions(layer: Any) -> int | None:
    """Of a layer's output; None where Keras does not know, as in a model written as a class."""
    try:
        return len(layer.output.shape)
    except AttributeError:
        rank = getattr(layer, "rank", None)
        return rank + 2 if rank is not None else None


def shown(samples: Any) -> Any:
    """Pictures whose channels come last, as a person sees them; None for what is none."""
    array = samples if hasattr(samples, "shape") else np.asarray(0)
    if keras.config.image_data_format() != "channels_last" or len(array.shape) != 4:
        return None
    return {1: array[..., 0], 3: array}.get(array.shape[-1])
