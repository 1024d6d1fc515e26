"""Recording from a real, tiny training by Keras on torch, in a process of its own."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import reelnet

pytestmark = pytest.mark.skipif(find_spec("keras") is None, reason="keras is not installed")

TRAINING = """
import os, sys
os.environ["KERAS_BACKEND"] = "torch"
import keras, numpy as np

class Keep(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.outputs = []
    def on_train_begin(self, logs=None):
        self.on_train_batch_end(0)
    def on_train_batch_end(self, batch, logs=None):
        conv = self.model.get_layer("conv")
        self.outputs.append(keras.ops.convert_to_numpy(conv(images[:4])))

keras.utils.set_random_seed(0)
images = np.random.default_rng(0).random((24, 6, 6, 1), "float32")
classes = np.arange(24) % 3
model = keras.Sequential([
    keras.layers.Input((6, 6, 1)),
    keras.layers.Conv2D(3, 3, padding="same", activation="tanh", name="conv"),
    keras.layers.BatchNormalization(name="norm"),
    keras.layers.Dropout(0.5),
    keras.layers.GlobalAveragePooling2D(),
    keras.layers.Dense(3, name="out"),
])
model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
callbacks = [Keep()]
if sys.argv[2] == "recorded":
    from reelnet.keras import ReelCallback
    callbacks.append(ReelCallback(sys.argv[1] + "/run", samples=images[:4], taps=["conv", "norm", "out"]))
model.fit(images, classes, batch_size=8, epochs=2, validation_data=(images, classes), callbacks=callbacks, verbose=0)
np.savez(sys.argv[1] + f"/{sys.argv[2]}.npz", *model.get_weights(), outputs=np.stack(callbacks[0].outputs))
"""


def train(folder: Path, name: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", TRAINING, str(folder), name]
    return subprocess.run(command, capture_output=True, text=True, timeout=200)


# Most of the time of a training is spent on imports.
@pytest.fixture(scope="module")
def recorded_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keras")
    done = train(folder, "recorded")
    assert done.returncode == 0, done.stderr
    return folder


def test_every_batch_is_what_the_layers_give_then(recorded_folder: Path) -> None:
    run, kept = reelnet.open(recorded_folder / "run"), np.load(recorded_folder / "recorded.npz")
    assert run.steps == list(range(7))
    assert run.taps["norm"].shape == (4, 3, 6, 6)
    np.testing.assert_allclose(
        run.read("conv").astype(float), kept["outputs"].transpose(0, 1, 4, 2, 3), atol=1e-6
    )
    assert np.isfinite(run.metrics["accuracy"][1:]).all()
    # A validation follows each epoch of three batches.
    assert np.flatnonzero(np.isfinite(run.metrics["val_loss"])).tolist() == [3, 6]


def test_training_goes_as_it_would_without(recorded_folder: Path, tmp_path: Path) -> None:
    assert train(tmp_path, "plain").returncode == 0
    one, other = np.load(recorded_folder / "recorded.npz"), np.load(tmp_path / "plain.npz")
    for name in one.files:
        np.testing.assert_array_equal(one[name], other[name])


@pytest.mark.slow
def test_another_backend_is_refused(tmp_path: Path) -> None:
    other = "import keras; keras.backend.backend = lambda: 'jax'"
    asked = "from reelnet.keras import ReelCallback; ReelCallback('run', samples=[0])"
    done = subprocess.run(
        [sys.executable, "-c", f"{other}; {asked}"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "KERAS_BACKEND": "torch"},
    )
    assert done.stderr.splitlines()[-1].startswith("reelnet.errors.UsageError: Keras runs on jax")
    assert not (tmp_path / "run").exists()
