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
from reelnet.record.integrations.loop import LoopRecorder
from reelnet.record.taps.tap import Tap, TapSpec


class ReelCallback(keras.callbacks.Callback):  # type: ignore[misc]
    """Records a training by `model.fit`: a snapshot after each batch, with its logs as metrics.

    Metrics of a validation are stored with the batch before it.

    Example:
        model.fit(…, callbacks=[ReelCallback("runs/mine", samples=images, taps=["conv*"])])

    Args:
        path: The run folder to create.
        samples: What the model is called with, such as (samples, height, width, channels).
        taps: Names of layers, or glob patterns; layers of a nested model are named `model/layer`. By default every
            `Conv2D`.
        options: More keyword arguments for `reelnet.Recorder`: labels, shown, every, …

    Raises:
        UsageError: Keras runs on another backend.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        samples: Any,
        taps: Sequence[TapSpec] | TapSpec | None = None,
        **options: Any,
    ) -> None:
        super().__init__()
        backend = keras.backend.backend()
        if backend != "torch":
            raise UsageError(
                f"Keras runs on {backend}, but reelnet records it on torch only; set KERAS_BACKEND=torch before "
                "importing keras"
            )
        self._taps = [taps] if isinstance(taps, str | Tap) or callable(taps) else taps
        is_normalized = not options.keys().isdisjoint({"mean", "std", "denormalize"})
        shown = None if is_normalized else _make_pictures(samples)
        self._options = {"shown": shown, "samples": samples, **options}
        self._recorder = LoopRecorder(path, self._options)
        self._step = 0
        self._logs: dict[str, Any] = {}

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Record the network before the first batch."""
        module = KerasModule(self.model)
        self._step = 0
        self._options["taps"] = module.make_taps(self._taps)
        self._recorder.open(module)

    def on_train_batch_begin(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Record the previous batch: a validation may have followed it."""
        self._recorder.record_step(self._step, self._logs)

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Keep the logs of the batch."""
        self._step += 1
        self._logs = dict(logs or {})

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Record the last batch with the logs of its epoch, before another callback can change the weights."""
        self._logs |= logs or {}
        self._recorder.record_step(self._step, self._logs)

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """End the recording."""
        self._recorder.close()


class KerasModule(nn.Module):
    """A Keras model as a torch module, whose submodules are the layers under their Keras names."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        # In a tuple, so that torch does not register the model itself: its layers are registered, each once.
        self._model = (model,)
        self._layers = dict(_iter_layers(model))
        for name, layer in self._layers.items():
            self.add_module(name, layer)

    def forward(self, *inputs: Any, **named: Any) -> Any:
        """Call the model in inference mode."""
        return self._model[0](named or (inputs if len(inputs) > 1 else inputs[0]), training=False)

    def make_taps(self, specs: Sequence[TapSpec] | None) -> list[TapSpec]:
        """Replace names of layers by taps that know the order of the layer's dimensions.

        Args:
            specs: The taps of the user; None for every `Conv2D`.
        """
        convolutions = [
            name for name, layer in self._layers.items() if isinstance(layer, keras.layers.Conv2D)
        ]
        taps: list[TapSpec] = []
        for spec in convolutions if specs is None else specs:
            names = [name for name in self._layers if isinstance(spec, str) and fnmatchcase(name, spec)]
            taps += map(self._make_tap, names) if names else [spec]
        return taps

    def _make_tap(self, name: str) -> Tap:
        layer = self._layers[name]
        order = getattr(layer, "data_format", None) or keras.config.image_data_format()
        return Tap(name, dims="NHWC" if order == "channels_last" and _output_ndim(layer) == 4 else None)


def _iter_layers(model: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the layers of a model by name; those of nested models as `model/layer`."""
    for layer in model.layers:
        name = f"{prefix}{layer.name}".replace(".", "_")
        if isinstance(layer, keras.Model):
            yield from _iter_layers(layer, f"{name}/")
        elif not isinstance(layer, keras.layers.InputLayer):
            yield name, layer


def _output_ndim(layer: Any) -> int | None:
    """Return the number of dimensions of a layer's output; None if Keras does not know, as in a subclassed model."""
    try:
        return len(layer.output.shape)
    except AttributeError:
        rank = getattr(layer, "rank", None)
        return rank + 2 if rank is not None else None


def _make_pictures(samples: Any) -> Any:
    """Return samples with channels last as pictures; None for other samples, which the recorder converts."""
    array = samples if hasattr(samples, "shape") else np.asarray(0)
    if keras.config.image_data_format() != "channels_last" or len(array.shape) != 4:
        return None
    return {1: array[..., 0], 3: array}.get(array.shape[-1])
