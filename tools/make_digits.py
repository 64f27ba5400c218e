"""Trains the classifier that nnlib ships anew, from the images that nnlib ships: `make digits`.

It learns from the first 1,437 images and never sees the last 360. Processors add in different orders, so in the end their
weights differ by about 1e-15. Each weight is rounded to three decimals, and none may lie near the middle between two of
them: so the rounded ones are the same on every processor. nnlib/digits_network.npz is written only if they are new.

With --images the tool first compares the images, nnlib/digits.npz, with those of scikit-learn:
.venv/bin/python -m pip install scikit-learn && .venv/bin/python tools/make_digits.py --images
"""

import argparse
import sys
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np

from nnlib import Adam, Layer, Network, cross_entropy, data, digits, one_hot, predict, train
from nnlib.training import Optimizer, flat

NNLIB = Path(__file__).resolve().parent.parent / "nnlib"
LAYERS = (64, 32, "tanh"), (32, 16, "tanh"), (16, 10, "identity")
TRAINING, EPOCHS, BATCH, STEP, DECAY = 1437, 60, 32, 4e-3, 0.1
MARGIN = 1e-9                   # a million times what processors differ by


@dataclass(frozen=True, eq=False)
class FadingAdam(Optimizer):
    """Adam with weights that decay, and biases that do not; the last of `steps` steps has shrunk to zero."""
    is_weight: np.ndarray
    steps: int

    def first_state(self, theta):
        return Adam().first_state(theta)

    def rule(self, theta, g, state):
        step, state = Adam(STEP).rule(0, g, state)
        decay = STEP * DECAY * self.is_weight * theta
        return theta + (1 - state[0] / self.steps) * (step - decay), state


def network(weights):
    """A network with biases 0, and the weights that the function gives for each shape."""
    return Network([Layer(weights((d_out, d_in)), np.zeros(d_out), phi) for d_in, d_out, phi in LAYERS])


def learned(X, labels):
    """The network after training, not yet rounded."""
    rng = np.random.default_rng(1)
    start = network(lambda shape: rng.normal(size=shape) / np.sqrt(shape[1]))
    optimizer = FadingAdam(flat(network(np.ones)), EPOCHS * -(-len(X) // BATCH))
    return train(start, X, one_hot(labels, 10), cross_entropy, optimizer, EPOCHS, BATCH, rng=rng)[0]


def distance(net):
    """How near the nearest of its numbers lies to the middle between two numbers of three decimals."""
    return np.abs(np.abs(flat(net)) * 1000 % 1 - 0.5).min() / 1000


def rounded(net):
    """The network to three decimals, without negative zeros; the program ends if another processor may round otherwise."""
    if distance(net) < MARGIN:
        sys.exit(f"A weight lies within {MARGIN:g} of the middle between two decimals: another processor may round it "
                 "otherwise. Nothing is written.")
    return Network([Layer(layer.W.round(3) + 0.0, layer.b.round(3) + 0.0, layer.phi) for layer in net])


def keep(name, arrays):
    """Write arrays that differ from those of nnlib, and the SHA-256 of their file; say what was done."""
    try:
        stored = data._stored(name)
        same = all(np.array_equal(stored[key], array) for key, array in arrays.items())
    except OSError:             # nnlib refuses a file that is damaged
        same = False
    if same:
        print(f"nnlib/{name} holds the same numbers: nothing is written.")
        return
    np.savez_compressed(NNLIB / name, **arrays)
    source, digest = NNLIB / "data.py", sha256((NNLIB / name).read_bytes()).hexdigest()
    source.write_text(source.read_text(encoding="utf-8").replace(data.SHA256[name], digest), encoding="utf-8")
    data.SHA256[name] = digest
    print(f"nnlib/{name} held other numbers: it is written, and its SHA-256 in nnlib/data.py. Now `make notebooks` runs the "
          "chapters again.")


def compare_images():
    from sklearn.datasets import load_digits
    images, labels = load_digits(return_X_y=True)
    keep("digits.npz", {"images": images.astype(np.uint8), "labels": labels.astype(np.uint8)})


def main(arguments=None):
    options = argparse.ArgumentParser(description="Train the classifier that nnlib ships; write it if it is new.")
    options.add_argument("--images", action="store_true", help="first compare the images with those of scikit-learn")
    if options.parse_args(arguments).images:
        compare_images()
    X, labels = digits()
    net = rounded(learned(X[:TRAINING], labels[:TRAINING]))
    right = predict(net, X).argmax(axis=1) == labels
    seen, unseen = right[:TRAINING].mean(), right[TRAINING:].mean()
    print(f"Right: {seen:.1%} of the images that it learned from, {unseen:.1%} of the others.")
    keep("digits_network.npz", {f"{letter}{m}": getattr(layer, letter) for m, layer in enumerate(net) for letter in "Wb"})


if __name__ == "__main__":
    main()
