"""One call of every figure of nnlib.plotting: what its arguments mean, good values of them, and the numbers that it shows.

A new figure gets one row here. From it come the tests of what the figure shows, of its SVG and of its settings
(test_plotting.py), its first place on the sheet (drawings.py), and every kind of bad input (tests/nnlib/test_bad_input.py,
where ROLES lists the roles; the kinds of bad input stand in kinds.py beside it).
"""
import numpy as np

from nnlib import Layer, Network, check_gradient, pencil_network, plotting
from nnlib.autodiff import variable

PENCIL, X = pencil_network(), np.array([2.0, 3.0])
THIN = Network([Layer([[2]], [-1], "square"), Layer([[-2]], [11], "square"), Layer([[3]], [140], "square")])
IMAGE = np.linspace(0, 1, 64)
ANSWERS = np.linspace(0.1, 1, 10)

TURNED = check_gradient(lambda parts: parts["W"].sum() + parts["b"] @ [1.0, 2], {"W": np.ones((2, 2)), "b": np.zeros(2)},
                        {"W": np.array([[1, 1], [-3, 1]]), "b": np.array([1, 2.0])})

A, B = variable(2), variable(3)
PRODUCT = {"$a$": A, "$b$": B, "$c$": (C := A * B), "$d$": C + A}

# What an array means that is no number of steps above 0, or is longer than another.
ABOVE_ZERO = dict.fromkeys(("booleans", "minus zero", "int8", "uint64", "one number, repeated without memory"), "refused")
LONGER = {"one element too many": "as floats"}
ALT = ("text", "A figure", {})

# What differs from a role's rule: {kind of bad input: "refused", "as floats", …, or None for an answer of its own}.
# name: (function, {argument: (role, good value, what differs from the role's rule)}, the numbers that it shows, in the order
# in which they are drawn; what stands in mathematics is not counted)
FIGURES = {
    "matrices": (lambda part, alt: plotting.matrices(part, alt=alt),
                 {"part": ("part", plotting.M([1, 2]), {}), "alt": ALT},
                 [1, 2, 2, 1]),
    "selector": (plotting.selector,
                 {"v": ("array", np.array([0.5, -0.75]), LONGER), "i": ("index", 1, {}), "alt": ALT},
                 [0, 1, 1, 2, 0.5, -0.75, 2, 1, -0.75, 0, 0, 0, 1, 2, 2, 0.5, -0.75, 2, 1, 0, -0.75, 2, 1]),
    "network": (plotting.network,
                {"net": ("net", PENCIL, {}), "x": ("array", X, {"None": None}), "alt": ALT,
                 "lit": ("lit", ("W", 0, 1, 1), {"None": None}), "weights": ("flag", True, {}),
                 "values": ("choice", "z", {}), "names": ("flag", True, {})},
                [2, 3, 16, -4, 9, 18, 3, 4, -2, 9, -216, 3, 4, -72, -2, 9, -864, 3, 25, 720, 5, 16, 576, -4, 0, 1, 2,
                 *PENCIL[0].W.T.flat, *PENCIL[1].W.T.flat, *PENCIL[2].W.T.flat]),
    "network, pulled": (lambda net, x, pulled, alt: plotting.network(net, x, pulled=pulled, alt=alt),
                        {"net": ("net", PENCIL, {}), "x": ("array", X, {}),
                         "pulled": ("array", np.array([0.0, 0, 1]), {"None": None}), "alt": ALT},
                        [2, 3, 16, 256, -8, 9, 192, 6, 4, 320, -4, 9, -48, 6, 4, -64, -4, 9, 0, 6, 25, 0, 10, 16, -8, -8,
                         0, 1, 2, *PENCIL[0].W.T.flat, *PENCIL[1].W.T.flat, *PENCIL[2].W.T.flat]),
    "chain": (plotting.chain,
              {"net": ("net", THIN, {}), "x": ("array", X[:1], {}), "alt": ALT,
               "lit": ("lit", ("W", 0, 0, 0), {"None": None})},
              [2, 9, 12, 3, 6, 49, 336, -7, -14, 82369, 578592, 287, 574,
               0, 1, 2, 2, -2, 3, 2, 6, 12, -2, -14, 336, 3, 574]),
    "tangent": (plotting.tangent,
                {"f": ("function", np.square, {}), "x0": ("number", 3.0, {}), "slope": ("number", 6.0, {}), "alt": ALT,
                 "span": ("positive", 2.0, {}), "name": ("words", "t", {}), "value_name": ("words", "y", {}),
                 "h": ("positive", 1.0, {"None": None})},
                [3, 2, 4, 9, 0, 6, 6]),
    "error_curves": (plotting.error_curves,
                     {"steps": ("array", np.array([1e-1, 1e-3, 1e-5]), ABOVE_ZERO),
                      "errors": ("errors", {"one": [1e-2, 1e-4, 1e-6]}, {}), "alt": ALT},
                     []),
    "cost_curves": (plotting.cost_curves,
                    {"sizes": ("array", np.array([2.0, 4, 8]), {**ABOVE_ZERO, "subnormal number": "refused"}),
                     "costs": ("errors", {"one": [10.0, 100, 1000]}, {}),
                     "measured": ("errors", {"one": [20.0, 90, 1000]}, {"None": None}),
                     "size_name": ("words", "width", {}), "cost_name": ("words", "seconds", {}), "alt": ALT},
                    [2, 4, 8]),
    "activation_curves": (plotting.activation_curves, {"names": ("names", ["tanh", "sin"], {}), "alt": ALT},
                          [1, -3, 3, 1, -3, 3]),
    "digit": (plotting.digit,
              {"image": ("array", IMAGE, {}), "y_hat": ("array", ANSWERS, {"None": None}), "alt": ALT,
               "label": ("label", 3, {})},
              [3, *np.ravel([*enumerate(ANSWERS)])]),
    "derivative_image": (plotting.derivative_image,
                         {"image": ("array", IMAGE, {}),
                          "derivatives": ("array", IMAGE - 0.5, {"one axis more in front": "the same result"}),
                          "titles": ("words", "T", {}), "alt": ALT},
                         [-0.5, 0.5]),
    "progress_curves": (plotting.progress_curves,
                        {"curves": ("errors", {"one": [10.0, 1, 0.1]}, {}), "alt": ALT,
                         "step_name": ("words", "epoch", {}), "value_name": ("words", "loss", {}),
                         "first": ("index", 0, {"one past the end": None}), "logarithmic": ("flag", True, {})},
                        [0, 1, 2]),
    "run_rows": (plotting.run_rows,
                 {"runs": ("errors", {"one": [0.5, 0.75, 1.0]}, {}), "alt": ALT, "value_name": ("words", "right", {})},
                 [0, 50, 100]),
    "picture_rows": (plotting.picture_rows,
                     {"pictures": ("array", np.stack([IMAGE, IMAGE - 0.5]), {}),
                      "titles": ("names", ["1", "2"], {"list of numeric text": None, "array of numeric text": None}),
                      "alt": ALT, "columns": ("count", 8, {"integer beyond floats": "the same result",
                                                           "integer of 5,000 digits": "the same result"})},
                     [1, 2]),
    "graph": (plotting.graph,
              {"nodes": ("nodes", PRODUCT, {}), "alt": ALT, "derivatives": ("flag", True, {})},
              [2, 4, 3, 2, 6, 1, 8, 1, 3, 2, 1, 1]),
    "gradient_check": (lambda report, part, alt: plotting.gradient_check(report, part, alt=alt),
                       {"report": ("report", TURNED, {}), "part": ("choice", "W", {"None": None}), "alt": ALT},
                       [1, 1, -3, 1, 1, 1, 1, 1, 3, 1]),
}


def drawn(name, **more):
    """The figure of that name, with some arguments in place of the good ones."""
    function, arguments = FIGURES[name][:2]
    return function(**{argument: good for argument, (_, good, _) in arguments.items()} | more)
