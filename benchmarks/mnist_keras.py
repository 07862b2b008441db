"""The textbook Keras program that benchmarks/mnist.py is compared with; needs keras and tensorflow.

Conv 32, pool, Conv 64, pool, Conv 64, Dense 64, Dense 10; Adam, batch 32, 10 epochs. Prints one JSON line.
(F. Chollet's and the Keras documentation's introductory convnet, written from its description.)
"""

from __future__ import annotations

import json
import sys
import time

import keras
import numpy as np

train, test = np.load(f"{sys.argv[1]}/train.npz"), np.load(f"{sys.argv[1]}/test.npz")
epochs = int(sys.argv[2]) if len(sys.argv) > 2 else 10
keras.utils.set_random_seed(0)
layers = keras.layers
model = keras.Sequential(
    [
        keras.Input((28, 28, 1)),
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(64, 3, activation="relu"),
        layers.Flatten(),
        layers.Dense(64, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ]
)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
images = [x["x"][..., None].astype("float32") / 255 for x in (train, test)]
began = time.perf_counter()
model.fit(images[0], train["y"], batch_size=32, epochs=epochs, verbose=0)
seconds = time.perf_counter() - began
_, accuracy = model.evaluate(images[1], test["y"], verbose=0)
print(json.dumps({"accuracy": float(accuracy), "seconds": seconds, "epochs": epochs, "keras": keras.__version__}))
