"""Makes nnlib/digits.npz and nnlib/digits_network.npz.

It needs scikit-learn, which carries the images: pip install scikit-learn && python tools/make_digits.py. The classifier
learns from the first 1,437 images and never sees the last 360. Its weights are rounded to three decimals, so that they can
be printed and copied without loss, and are the same on every processor.
"""

from hashlib import sha256
from pathlib import Path

import numpy as np

PACKAGE = Path(__file__).resolve().parent.parent / "nnlib"
WIDTHS, TRAINING, EPOCHS, BATCH, STEP, DECAY = (64, 32, 16, 10), 1437, 60, 32, 4e-3, 0.1


def layers_of(parameters, X):
    """What each layer reads, and the answer: tanh, tanh, identity."""
    activations = [X]
    for W, b in parameters:
        z = activations[-1] @ W.T + b
        activations.append(np.tanh(z) if len(activations) < len(parameters) else z)
    return activations


def gradients(parameters, X, Y):
    """The gradient of softmax cross-entropy."""
    *activations, z = layers_of(parameters, X)
    exponentials = np.exp(z - z.max(axis=1, keepdims=True))
    delta = (exponentials / exponentials.sum(axis=1, keepdims=True) - Y) / len(X)
    result = []
    for m in reversed(range(len(parameters))):
        result.append((delta.T @ activations[m], delta.sum(axis=0)))
        delta = delta @ parameters[m][0] * (1 - activations[m] ** 2)
    return result[::-1]


def train(X, Y, rng):
    """Adam with decayed weights; the step shrinks to zero over the epochs."""
    parameters = [[rng.normal(size=(d_out, d_in)) / np.sqrt(d_in), np.zeros(d_out)]
                  for d_in, d_out in zip(WIDTHS, WIDTHS[1:])]
    mean = [[np.zeros_like(p) for p in layer] for layer in parameters]
    square = [[np.zeros_like(p) for p in layer] for layer in parameters]
    t, total = 0, EPOCHS * -(-len(X) // BATCH)
    for _ in range(EPOCHS):
        order = rng.permutation(len(X))
        for start in range(0, len(X), BATCH):
            rows, t = order[start:start + BATCH], t + 1
            for m, layer in enumerate(gradients(parameters, X[rows], Y[rows])):
                for k, g in enumerate(layer):
                    mean[m][k] += 0.1 * (g - mean[m][k])
                    square[m][k] += 0.001 * (g * g - square[m][k])
                    move = mean[m][k] / (1 - 0.9 ** t)
                    move /= np.sqrt(square[m][k] / (1 - 0.999 ** t)) + 1e-8
                    step = STEP * (1 - t / total)
                    parameters[m][k] -= step * (move + DECAY * parameters[m][k] * (k == 0))
    return parameters


def classifier(images, labels):
    """W and b of each layer, to three decimals and without negative zeros; how much it knows is printed."""
    X, Y = images / 16, np.eye(10)[labels]
    parameters = train(X[:TRAINING], Y[:TRAINING], np.random.default_rng(1))
    parameters = [[p.round(3) + 0.0 for p in layer] for layer in parameters]
    for name, rows in (("seen", slice(TRAINING)), ("unseen", slice(TRAINING, None))):
        right = layers_of(parameters, X[rows])[-1].argmax(axis=1) == labels[rows]
        print(f"{name}: {right.mean():.1%}")
    return parameters


def main():
    from sklearn.datasets import load_digits
    images, labels = load_digits(return_X_y=True)
    parameters = classifier(images, labels)
    arrays = {f"{letter}{m}": p for m, layer in enumerate(parameters) for letter, p in zip("Wb", layer)}
    np.savez_compressed(PACKAGE / "digits.npz", images=images.astype(np.uint8), labels=labels.astype(np.uint8))
    np.savez_compressed(PACKAGE / "digits_network.npz", **arrays)
    print("SHA256 of nnlib/data.py must now hold:")
    for name in ("digits.npz", "digits_network.npz"):
        print(f'    "{name}": "{sha256((PACKAGE / name).read_bytes()).hexdigest()}"')


if __name__ == "__main__":
    main()
