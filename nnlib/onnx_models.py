"""Networks as ONNX models, and back; the package onnx is imported when one of the two functions is called.

A layer is the node Gemm, which computes alpha A B + beta C with A and B turned where transA and transB say so, or the nodes
MatMul and Add; the node after it is the activation.
"""
import os

import numpy as np

from . import _validate
from .activations import identity, leaky_relu, relu, sigmoid, sin, softplus, square, tanh
from .network import Layer, Network

NODES = {"Identity": identity, "Sigmoid": sigmoid, "Tanh": tanh, "Relu": relu, "LeakyRelu": leaky_relu, "Softplus": softplus,
         "Sin": sin, "Mul": square}
NAMES = {phi.name: node for node, phi in NODES.items()}
DEFAULTS = {"Gemm": {"alpha": 1.0, "beta": 1.0, "transA": 0, "transB": 0}, "LeakyRelu": {"alpha": 0.01}}
IN_THE_LOSS = ": leave it out, and let the loss do it"
HINTS = {"Softmax": IN_THE_LOSS, "LogSoftmax": IN_THE_LOSS, "Flatten": ": give the network vectors that are flat already"}
OPSET, IR = 17, 8           # of 2022: older programs read the file too


def to_onnx(net):
    """The ONNX model of a network: input x (N, d_in), output y_hat (N, d_y), in the network's floats.

    Raises ValueError for an activation that is not of the book, TypeError for something that is no Network, and ImportError
    where onnx is not installed.
    """
    onnx = _package()
    nodes, arrays, reads = [], [], "x"
    for m, layer in enumerate(_validate.instance("net", net, Network)):
        if NAMES.get(layer.phi.name) is None or NODES[NAMES[layer.phi.name]] is not layer.phi:
            raise ValueError(f"phi of layer {m} must be one of {', '.join(NAMES)}, for which ONNX has a node; "
                             f"got {_validate.shown(layer.phi.name)}")
        gives = f"a{m + 1}" if m + 1 < len(net) else "y_hat"
        arrays += [onnx.numpy_helper.from_array(layer.W, f"W{m}"), onnx.numpy_helper.from_array(layer.b, f"b{m}")]
        nodes.append(onnx.helper.make_node("Gemm", [reads, f"W{m}", f"b{m}"], [f"z{m}"], transB=1))
        node = NAMES[layer.phi.name]
        nodes.append(onnx.helper.make_node(node, [f"z{m}"] * (1 + (node == "Mul")), [gives], **DEFAULTS.get(node, {})))
        reads = gives
    floats = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(net.dtype))
    ends = [[onnx.helper.make_tensor_value_info(name, floats, ["N", width])]
            for name, width in (("x", net.widths[0]), ("y_hat", net.widths[-1]))]
    graph = onnx.helper.make_graph(nodes, "network", *ends, arrays)
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", OPSET)], ir_version=IR,
                                  producer_name="nnlib")


def from_onnx(model):
    """The network of an ONNX model or of the file at that path: float32 stays float32.

    The nodes must form a chain of Gemm, MatMul, Add and the activations of the book. Raises ValueError for any other node,
    attribute or connection, by its name, and for a file that is no model; OSError where the file cannot be read; TypeError
    for something else; ImportError where onnx is not installed.
    """
    onnx = _package()
    graph = _model(onnx, model).graph
    arrays = {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer}
    inputs = [one.name for one in graph.input if one.name not in arrays]
    if len(inputs) != 1 or len(graph.output) != 1:
        raise ValueError(f"model must have one input and one output; got {len(inputs)} and {len(graph.output)}")
    value, layers = inputs[0], []
    for k, node in enumerate(graph.node):
        if node.op_type == "Constant" and len(node.attribute) == 1 and node.attribute[0].name == "value":
            arrays[node.output[0]] = onnx.numpy_helper.to_array(node.attribute[0].t)
            continue
        if node.op_type == "Identity" and [*node.input] and node.input[0] in arrays:    # equal arrays are stored once
            arrays[node.output[0]] = arrays[node.input[0]]
            continue
        layers = _with_node(layers, f"node {k}, {_validate.shown(node.op_type)},", node, value, arrays,
                            {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute})
        value = node.output[0]
    if value != graph.output[0].name or not layers:
        raise ValueError("model must give what its last node gives, and have one layer at least; "
                         f"got {_validate.shown(graph.output[0].name)}")
    return Network([Layer(W, np.zeros(len(W), W.dtype) if b is None else b, phi or identity) for W, b, phi in layers])


def _package():
    try:
        import onnx
        import onnx.helper
        import onnx.numpy_helper
    except ImportError:
        raise ImportError("ONNX models need the package onnx: pip install onnx") from None
    return onnx


def _model(onnx, model):
    if isinstance(model, onnx.ModelProto):
        return model
    if not isinstance(model, (str, os.PathLike)):
        raise TypeError(f"model must be an onnx.ModelProto, or the path of a file; got {_validate.kind(model)}")
    try:
        return onnx.load(model)
    except OSError:
        raise
    except Exception:
        raise ValueError(f"model must be the path of an ONNX file; {_validate.shown(str(model))} is none") from None


def _with_node(layers, name, node, value, arrays, attributes):
    """The layers [W, b, phi] with one more node: a new layer, the bias of the last, or its activation."""
    kind = "Mul" if _squares(node, arrays) else node.op_type
    if node.domain not in ("", "ai.onnx") or kind not in ("Gemm", "MatMul", "Add", *NODES):
        hint = HINTS.get(kind, "")
        raise ValueError(f"{name} must be Gemm, MatMul, Add or an activation of the book{hint}")
    known = DEFAULTS.get(kind, {})
    if unknown := sorted(set(attributes) - set(known)):
        raise ValueError(f"{name} must have no attribute that changes it; got {_validate.shown(unknown[0])}")
    attributes = known | attributes
    others = [one for one in node.input if one not in (value, "")] if node.op_type != "Pow" else []
    times = [*node.input].count(value)
    if times != 1 + (node.op_type == "Mul") or len(node.output) != 1 or any(one not in arrays for one in others):
        raise ValueError(f"{name} must read what the node before it gives, and arrays that the model holds, "
                         "because a network of the book is a chain")
    others = [arrays[one] for one in others]
    if kind in ("Gemm", "MatMul"):
        return [*layers, _weights(name, node, value, others, attributes)]
    W, b, phi = layers[-1] if layers else (None, None, None)
    if kind == "Identity":
        return layers
    if W is None or phi is not None or kind == "Add" and (b is not None or len(others) != 1):
        after = "add one bias right after MatMul" if kind == "Add" else "come right after Gemm, MatMul or Add"
        raise ValueError(f"{name} must {after}, because a layer of the book is φ(W a + b)")
    if kind == "Add":
        return [*layers[:-1], (W, _bias(name, others[0], len(W)), None)]
    if others:
        raise ValueError(f"{name} must be the square of what it reads, or an activation of it alone")
    if kind == "LeakyRelu" and not np.isclose(attributes["alpha"], 0.01, rtol=1e-6):
        raise ValueError(f"alpha of {name} must be 0.01, as in leaky_relu; got {attributes['alpha']:g}")
    return [*layers[:-1], (W, b, NODES[kind])]


def _squares(node, arrays):
    """Whether a node is Pow with the exponent 2."""
    exponent = arrays.get(node.input[1]) if node.op_type == "Pow" and len(node.input) == 2 else None
    return exponent is not None and exponent.size == 1 and float(exponent.reshape(())) == 2


def _weights(name, node, value, others, attributes):
    """A new layer (W, b or None, no activation yet) of Gemm or MatMul."""
    if node.input[0] != value or not others or attributes.get("transA"):
        raise ValueError(f"{name} must read its data first and with transA = 0, because a batch has a row for each "
                         "data point")
    turned = others[0].T if others[0].ndim == 2 and not attributes.get("transB") else others[0]
    W = _validate.array(f"the weights of {name}", turned, ("d_out", "d_in"))
    if node.op_type == "MatMul":
        return W, None, None
    b = _bias(name, others[1], len(W)) if len(others) == 2 else np.zeros(len(W), W.dtype)
    return _scaled(attributes["alpha"], W), _scaled(attributes["beta"], b), None


def _bias(name, b, rows):
    """A bias as numbers for each row: ONNX lets it be one number, or have an axis in front."""
    b = _validate.array(f"the bias of {name}", b, ...)
    if b.shape not in ((rows,), (1, rows), (1,), (1, 1), ()):
        raise ValueError(f"the bias of {name} must have shape ({rows},), because its weights have {rows} rows; "
                         f"got {b.shape}")
    return np.broadcast_to(b.reshape(-1), (rows,))


def _scaled(factor, array):
    return array if factor == 1 else array.dtype.type(factor) * array
