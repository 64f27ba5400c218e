"""ONNX models, right ones in other forms and others that must be refused; .venv-bench's Python runs it, as it has onnx.

It prints how many of each there were; what goes wrong stops it.
"""
import re
import tempfile
from pathlib import Path

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

import nnlib
from nnlib.onnx_models import from_onnx, to_onnx

K, B, C = np.array([[1.0, -2.0], [0.5, 3.0], [2.0, 1.0]]), np.array([0.5, -1.0]), np.array([[2.0, 1.0], [0.0, -1.0]])
X = np.array([[1.0, -2.0, 0.5], [0.25, 1.0, -1.0]])
node = helper.make_node


def model(*nodes, inputs=("x",), outputs=("y",), **arrays):
    arrays = {"K": K, "b": B, "C": C} | arrays
    arrays = [numpy_helper.from_array(value, name) for name, value in arrays.items()]
    ends = [[helper.make_tensor_value_info(name, TensorProto.DOUBLE, ["N", width]) for name in names]
            for names, width in ((inputs, 3), (outputs, 2))]
    return helper.make_model(helper.make_graph([*nodes], "g", *ends, arrays), opset_imports=[helper.make_opsetid("", 17)],
                             ir_version=8)


def gemm(reads="x", gives="y", more=("K", "b"), **how):
    return node("Gemm", [reads, *more], [gives], **how)


MATMUL = node("MatMul", ["x", "K"], ["z"])
SAME = {
    "Gemm": model(gemm()),
    "Gemm, turned": model(gemm(more=("T", "b"), transB=1), T=K.T.copy()),
    "Gemm without C": model(gemm(more=("K",))),
    "Gemm with factors": model(gemm(alpha=0.5, beta=-2.0)),
    "Gemm with a row for C": model(gemm(more=("K", "row")), row=B[None]),
    "Gemm with one number for C": model(gemm(more=("K", "one")), one=np.array([1.5])),
    "MatMul": model(node("MatMul", ["x", "K"], ["y"])),
    "MatMul and Add": model(MATMUL, node("Add", ["z", "b"], ["y"])),
    "Add the other way round": model(MATMUL, node("Add", ["b", "z"], ["y"])),
    "MatMul and Tanh": model(MATMUL, node("Tanh", ["z"], ["y"])),
    "two layers without an activation": model(gemm(gives="z"), gemm("z", more=("C", "b"))),
    "a square": model(MATMUL, node("Mul", ["z", "z"], ["y"])),
    "a power of 2": model(MATMUL, node("Pow", ["z", "two"], ["y"]), two=np.array(2.0)),
    "two equal arrays": model(node("Identity", ["b"], ["same"]), gemm(gives="z"), gemm("z", more=("C", "same"))),
    "Identity between": model(gemm(gives="z"), node("Identity", ["z"], ["i"]), node("Relu", ["i"], ["y"])),
    "a constant": model(node("Constant", [], ["k"], value=numpy_helper.from_array(K)), gemm(more=("k", "b"))),
}
REFUSED = {
    "Softmax": model(gemm(gives="z"), node("Softmax", ["z"], ["y"])),
    "Conv": model(node("Conv", ["x", "K"], ["y"])),
    "Flatten": model(node("Flatten", ["x"], ["f"]), gemm("f")),
    "Reshape": model(node("Reshape", ["x", "K"], ["f"]), gemm("f")),
    "custom": model(node("Gemm", ["x", "K", "b"], ["y"], domain="com.example")),
    "residual": model(gemm(gives="z"), node("Add", ["z", "x"], ["y"])),
    "its input for a bias": model(gemm(more=("S", "x")), inputs=("x",), S=np.eye(3)),
    "its sum with what it reads": model(gemm(gives="z"), gemm("z", more=("C", "z"))),
    "a power of 3": model(MATMUL, node("Pow", ["z", "three"], ["y"]), three=np.array(3.0)),
    "a power of numbers": model(MATMUL, node("Pow", ["z", "b"], ["y"])),
    "two readers": model(gemm(gives="z"), node("Tanh", ["z"], ["t"]), node("Sigmoid", ["z"], ["y"])),
    "transA": model(gemm(transA=1)),
    "weights first": model(node("Gemm", ["K", "x", "b"], ["y"])),
    "unknown attribute": model(gemm(gamma=2.0)),
    "LeakyRelu, 0.2": model(gemm(gives="z"), node("LeakyRelu", ["z"], ["y"], alpha=0.2)),
    "Add after Tanh": model(MATMUL, node("Tanh", ["z"], ["t"]), node("Add", ["t", "b"], ["y"])),
    "Add twice": model(MATMUL, node("Add", ["z", "b"], ["t"]), node("Add", ["t", "b"], ["y"])),
    "Add of itself": model(MATMUL, node("Add", ["z", "z"], ["y"])),
    "Tanh first": model(node("Tanh", ["x"], ["t"]), gemm("t")),
    "Tanh twice": model(gemm(gives="z"), node("Tanh", ["z"], ["t"]), node("Tanh", ["t"], ["y"])),
    "Mul by numbers": model(MATMUL, node("Mul", ["z", "b"], ["y"])),
    "a bias of another shape": model(MATMUL, node("Add", ["z", "C"], ["y"])),
    "weights of one axis": model(node("MatMul", ["x", "b"], ["y"])),
    "weights with three axes": model(node("MatMul", ["x", "T"], ["y"]), T=K[None]),
    "two inputs": model(gemm(), inputs=("x", "x2")),
    "two outputs": model(gemm(gives="z"), node("Tanh", ["z"], ["y"]), outputs=("y", "z")),
    "an output before the end": model(gemm(), node("Tanh", ["y"], ["t"])),
    "layers that do not chain": model(gemm(gives="z"), gemm("z")),
    "no layer": model(node("Identity", ["x"], ["y"])),
    "nan": model(gemm(more=("N", "b")), N=K * np.nan),
    "no model": 7, "None": None, "bytes": b"abc",
}
NAMED = {"Softmax": "'Softmax'.*loss", "its input for a bias": "chain", "its sum with what it reads": "chain",
         "a power of 3": "'Pow'", "residual": "'Add'", "custom": "'Gemm'", "transA": "'Gemm'.*transA",
         "LeakyRelu, 0.2": "0.2", "unknown attribute": "gamma", "Conv": "'Conv'", "Flatten": "'Flatten'.*flat already",
         "Reshape": "'Reshape'"}


def refused(call, name):
    try:
        call()
    except (ValueError, TypeError) as error:
        assert "must" in str(error) and "\n" not in str(error) and len(str(error)) < 260, error
        assert re.search(NAMED.get(name, ""), str(error)), (name, str(error))
    else:
        raise SystemExit(f"{name} was accepted")


def main():
    for name, one in SAME.items():
        checker.check_model(one)
        (wanted,) = ReferenceEvaluator(one).run(None, {"x": X})
        got = nnlib.predict(from_onnx(one), X)
        if got.shape != wanted.shape or abs(got - wanted).max() > 1e-12:
            raise SystemExit(f"{name} gives {got}, and onnx {wanted}")
    for name, one in REFUSED.items():
        refused(lambda one=one: from_onnx(one), name)
    twin = to_onnx(nnlib.pencil_twin())
    (answer,) = ReferenceEvaluator(twin).run(None, {"x": X[:, :2]})
    assert (answer == nnlib.predict(nnlib.pencil_twin(), X[:, :2])).all()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "noise.onnx")
        path.write_bytes(bytes(range(256)))
        refused(lambda: from_onnx(path), "noise")
        try:
            from_onnx(Path(folder, "missing.onnx"))
        except OSError:
            pass
        else:
            raise SystemExit("a file that is missing was read")
    mine = nnlib.Activation("tanh", lambda z: z, lambda z: np.ones(z.shape), check=False)
    refused(lambda: to_onnx(nnlib.Network([nnlib.Layer(C, B, mine)])), "an activation of a reader's own")
    refused(lambda: to_onnx([C]), "no network")
    print(f"{len(SAME)} models read, {len(REFUSED) + 3} refused")


if __name__ == "__main__":
    main()
