"""Golden vectors: networks, inputs and right answers, for programs in any language.

They have three forms: JSON, lines that scanf reads, and a C header. tools/make_vectors.py computes them, and shares no
formula with nnlib.
"""
import json
from dataclasses import dataclass

import numpy as np

from . import data, losses
from .losses import Loss
from .network import Layer, Network

# In the order in which a program computes them.
QUANTITIES = ("z", "y_hat", "p", "dy_db", "dy_dW", "loss", "grad_b", "grad_W", "b_after", "W_after")


@dataclass(frozen=True, eq=False)
class Vector:
    """A golden vector: a network, a batch, a loss, a learning rate, and what is right for them.

    X (N, d_in), Y (N, d_y), both read-only. expected: by the name of a
    quantity a number, or nested lists: z [point][layer][unit], y_hat and p
    [point][k], dy_db [m][r][k], dy_dW [m][r][c][k], loss, grad_b and b_after
    [m][r], grad_W and W_after [m][r][c]. p is there for cross_entropy alone,
    dy_db and dy_dW for one point alone. …_after: after one step of size rate.
    decides: whether its numbers may lead to the name of a bug.
    """
    name: str
    about: str
    decides: bool
    net: Network
    loss: Loss
    X: np.ndarray
    Y: np.ndarray
    rate: float
    expected: dict


def vectors():
    """All golden vectors, as a tuple of Vector. Raises OSError if nnlib's own file is damaged."""
    return tuple(_vector(**stored) for stored in _document()["vectors"])


def _vector(layers, loss, X, Y, **others):
    X, Y = np.array(X), np.array(Y)
    X.flags.writeable = Y.flags.writeable = False
    return Vector(net=Network([Layer(**layer) for layer in layers]), loss=getattr(losses, loss), X=X, Y=Y, **others)


def as_json():
    """The golden vectors as JSON, which nnlib/vectors.schema.json describes. Errors as `vectors`."""
    return data.content("vectors.json").decode("ascii")


def _document():
    return json.loads(as_json(), parse_int=float)       # whole numbers too are doubles


# As lines -------------------------------------------------------------------------------------------------------------

HEAD = """\
# nnlib vectors {version:.0f}
# A line has: vector, word, indices that count from 0, value. One sscanf reads them all:
#   n = sscanf(line, "%31s %31s %lf %lf %lf %lf %lf", name, word, v, v+1, v+2, v+3, v+4) - 2;
# n numbers have come, and the last of them is the value. Behind loss_name and phi it is
#   a word: "%*s %*s %31s" and "%*s %*s %d %31s".
#   layers count | width m count | points count | loss_name word | rate | phi m word | W m r c | b m r | X p c | Y p k
# Layer m has width m+1 units, and reads width m numbers. r is a unit, c what it reads, p a point, k an answer. What follows
# is right, with the words of a file of results; b_after and W_after are after one step of size rate.
#   z p m r | y_hat p k | p p k | dy_db m r k | dy_dW m r c k
#   loss | grad_b m r | grad_W m r c | b_after m r | W_after m r c
"""


def as_lines():
    """The golden vectors as lines `vector word indices value`, for programs without a reader of JSON.

    One sscanf reads every line; the comment that the text begins with says
    how, and what the words are. The words of the right answers and their
    indices are those of a file of results.
    """
    document = _document()
    return HEAD.format(**document) + "".join(
        f"\n# {one['about']}\n" + "".join(f"{one['name']} {line}\n" for line in _lines(one)) for one in document["vectors"])


def _lines(stored):
    layers = stored["layers"]
    yield f"layers {len(layers)}"
    yield from (f"width {m} {width}" for m, width in enumerate(_widths(stored)))
    yield f"points {len(stored['X'])}"
    yield f"loss_name {stored['loss']}"
    yield f"rate {_short(stored['rate'])}"
    yield from (f"phi {m} {layer['phi']}" for m, layer in enumerate(layers))
    inputs = {letter: [layer[letter] for layer in layers] for letter in "Wb"} | {letter: stored[letter] for letter in "XY"}
    for word, numbers in (inputs | stored["expected"]).items():
        yield from (" ".join([word, *map(str, indices), _short(number)]) for indices, number in _entries(numbers))


def _entries(numbers, indices=()):
    """(indices, number) of nested lists, row by row."""
    if isinstance(numbers, float):
        yield indices, numbers
    else:
        for i, part in enumerate(numbers):
            yield from _entries(part, (*indices, i))


def _widths(stored):
    return [len(stored["X"][0]), *(len(layer["b"]) for layer in stored["layers"])]


def _short(number):
    """The shortest decimals that stand for this double and no other."""
    return repr(number).removesuffix(".0")


# As a C header --------------------------------------------------------------------------------------------------------

STRUCT = """\
/* nnlib vectors {version:.0f}: golden vectors for neural networks, in C89.

   nnlib_vectors[0] to nnlib_vectors[NNLIB_VECTORS - 1] are networks with inputs and right answers. Layers and all indices
   count from 0. Layer m reads widths[m] numbers and has widths[m + 1] units, so that widths[layers] numbers leave.

   Each field holds its numbers one after another, the last index fastest. What has no layer m among its indices is found
   with these alone: number c of point p is X[p * widths[0] + c], answer k of point p is y_hat[p * widths[layers] + k].

   Weights, their gradients and W_after have layer 0 first, then layer 1. So the numbers of layer m begin behind
       start = widths[0] * widths[1] + ... + widths[m - 1] * widths[m]
   and the weight of unit r for its input c is W[start + r * widths[m] + c]. Biases, their gradients and b_after begin
   behind start = widths[1] + ... + widths[m], and so do the units of one point in z; the next point comes after all layers.
   dy_db and dy_dW hold widths[layers] numbers, the derivatives of all answers, for each bias and each weight.

   loss_name is "squared_error", half of the squared distance, or "cross_entropy", with softmax of y_hat, which is p.
   Loss and gradients are means over the points; W_after and b_after come after one step of size rate.
   A field that a vector does not have is 0: p for squared_error, dy_db and dy_dW for more than one point. */

#ifndef NNLIB_VECTORS
#define NNLIB_VECTORS {count}
#define NNLIB_VECTORS_VERSION {version:.0f}

struct nnlib_vector {{
    const char *name;
    int layers, points;
    const int *widths;                  /* layers + 1 */
    const char *const *phi;             /* one for each layer */
    const char *loss_name;
    double rate;
    const double *W, *b, *X, *Y;        /* [m][r][c]  [m][r]  [p][c]  [p][k] */
    const double *z, *y_hat, *p;        /* [p][m][r]  [p][k]  [p][k] */
    const double *dy_db, *dy_dW;        /* [m][r][k]  [m][r][c][k] */
    double loss;
    const double *grad_b, *grad_W;      /* [m][r]  [m][r][c] */
    const double *b_after, *W_after;    /* [m][r]  [m][r][c] */
}};
"""


def as_c():
    """The golden vectors as a C89 header without a need: one array of structs, explained in its first comment."""
    document = _document()
    several = document["vectors"]
    return "\n".join([STRUCT.format(count=len(several), **document), *map(_arrays, several),
                      "static const struct nnlib_vector nnlib_vectors[NNLIB_VECTORS] = {",
                      ",\n".join(map(_struct, several)), "};\n", "#endif\n"])


def _numbers(stored):
    """What is an array in C, in the order of the struct: {field: nested lists}; the loss, a number, not."""
    layers, expected = stored["layers"], stored["expected"]
    fields = {letter: [layer[letter] for layer in layers] for letter in "Wb"} | {letter: stored[letter] for letter in "XY"}
    return fields | {name: expected.get(name) for name in QUANTITIES}


def _arrays(stored):
    name, phis = stored["name"], ", ".join(f'"{layer["phi"]}"' for layer in stored["layers"])
    parts = [f"/* {name}: {stored['about']} */\n",
             f"static const int nnlib_{name}_widths[] = {{{', '.join(map(str, _widths(stored)))}}};\n",
             f"static const char *const nnlib_{name}_phi[] = {{{phis}}};\n"]
    for field, numbers in _numbers(stored).items():
        if isinstance(numbers, list):
            parts.append(f"static const double nnlib_{name}_{field}[] = {{\n    {_rows(numbers)}}};\n")
    return "".join(parts)


def _rows(numbers):
    """Nested lists in one run, a line for each innermost list."""
    if isinstance(numbers[0], float):
        return ", ".join(map(repr, numbers))
    return ",\n    ".join(map(_rows, numbers))


def _struct(stored):
    name = stored["name"]
    values = [f'"{name}"', len(stored["layers"]), len(stored["X"]), f"nnlib_{name}_widths", f"nnlib_{name}_phi",
              f'"{stored["loss"]}"', stored["rate"]]
    for field, numbers in _numbers(stored).items():
        values.append(f"nnlib_{name}_{field}" if isinstance(numbers, list) else numbers or 0)
    return f"    {{{', '.join(map(str, values))}}}"
