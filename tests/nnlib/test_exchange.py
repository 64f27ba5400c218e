"""Networks as the arrays of other libraries and back: here with NumPy alone, and against the libraries themselves where
.venv-bench holds them."""
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import nnlib
from benchmarks import bench
from nnlib import Layer, Network, digits_network, onnx_models, pencil_network, pencil_twin, predict, random_network

ROOT = Path(__file__).resolve().parents[2]
BENCH = ROOT / ".venv-bench" / bench.install.BIN.name / "python"
TWIN, X = pencil_twin(), np.array([[2.0, 3.0], [1.0, -1.0]])
ANSWER = predict(TWIN, X)
WAYS = {"torch": (nnlib.to_torch, nnlib.from_torch), "keras": (nnlib.to_keras, nnlib.from_keras),
        "jax": (nnlib.to_jax, nnlib.from_jax),
        "sklearn": (nnlib.to_sklearn, lambda both, *rest: nnlib.from_sklearn(*both, *rest))}


def same(one, other):
    return len(one) == len(other) and all(
        np.array_equal(a.W, b.W) and np.array_equal(a.b, b.b) and a.W.dtype == b.W.dtype and a.phi is b.phi
        for a, b in zip(one, other))


def in_single(net):
    return Network([Layer(layer.W.astype("f4"), layer.b.astype("f4"), layer.phi) for layer in net])


def by_hand(pairs, phis, A, turned):
    """What a library with these arrays computes."""
    for (W, b), phi in zip(pairs, phis):
        A = phi.f(np.array([[sum(w * a for w, a in zip(row, one)) + bias for row, bias in zip(W.T if turned else W, b)]
                            for one in A]))
    return A


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("net", [pencil_network(), TWIN, digits_network(), in_single(TWIN), in_single(digits_network()),
                                 random_network((1, 1), "sin", np.random.default_rng(0))], ids=repr)
def test_there_and_back(way, net):
    there, back = WAYS[way]
    arrays = there(net)
    assert same(back(arrays, [layer.phi for layer in net]), net)
    flat = arrays.values() if way == "torch" else [one for part in arrays for one in part] if way == "sklearn" else (
        arrays if way == "keras" else [one for pair in arrays for one in pair])
    for one in flat:
        assert type(one) is np.ndarray and one.flags.c_contiguous and one.flags.writeable and one.dtype == net.dtype
        one += 1                                                                        # and it is nobody else's
    assert same(back(there(net), [layer.phi for layer in net]), net)


def test_the_layouts_are_those_of_the_libraries():
    phis = [layer.phi for layer in TWIN]
    state, weights, (coefs, intercepts) = nnlib.to_torch(TWIN), nnlib.to_keras(TWIN), nnlib.to_sklearn(TWIN)
    assert [*state] == [f"{2 * m}.{part}" for m in range(4) for part in ("weight", "bias")]
    assert [one.shape for one in state.values()] == [(3, 2), (3,), (2, 3), (2,), (3, 2), (3,), (3, 3), (3,)]
    assert [one.shape for one in weights] == [(2, 3), (3,), (3, 2), (2,), (2, 3), (3,), (3, 3), (3,)]
    arrays = [*state.values()]
    for pairs, turned in ((zip(arrays[::2], arrays[1::2]), False), (zip(weights[::2], weights[1::2]), True),
                          (zip(coefs, intercepts), True), (nnlib.to_jax(TWIN), True)):
        assert (by_hand([*pairs], phis, X, turned) == ANSWER).all()


@pytest.mark.parametrize("names", [["fc1", "fc2", "out", "last"], ["layers.0", "layers.1", "layers.2", "layers.10"],
                                   ["module.b", "module.a", "module.d", "module.c"]])
def test_a_state_dict_keeps_its_names_and_its_order(names):
    state = nnlib.to_torch(TWIN, names)
    assert [*state] == [f"{name}.{part}" for name in names for part in ("weight", "bias")]
    assert same(nnlib.from_torch(state, "square"), TWIN)
    biases_first = dict(sorted(state.items(), key=lambda item: (names.index(item[0].rpartition(".")[0]), item[0])))
    assert [*biases_first][0].endswith("bias") and same(nnlib.from_torch(biases_first, "square"), TWIN)


def test_one_linear_layer_has_names_without_a_dot():
    net = Network([TWIN[0]])
    assert same(nnlib.from_torch({"weight": TWIN[0].W, "bias": TWIN[0].b}, "square"), net)


def test_a_file_of_savez_is_a_state_dict():
    file = io.BytesIO()
    np.savez(file, **nnlib.to_torch(in_single(TWIN)))
    file.seek(0)
    with np.load(file) as state:
        assert same(nnlib.from_torch(state, "square", (X, ANSWER)), in_single(TWIN))


def test_between_the_pairs_of_stax_stand_empty_tuples():
    W, b = zip(*nnlib.to_jax(TWIN))
    params = [part for pair in zip(W, b) for part in (pair, ())]
    assert same(nnlib.from_jax(params, "square", (X, ANSWER)), TWIN)


# A probe ------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("way", WAYS)
def test_a_probe_catches_every_square_matrix_that_is_turned(way):
    there, back = WAYS[way]
    rng = np.random.default_rng(5)
    net = random_network((3, 3, 3, 2, 2), "tanh", rng)
    x = rng.normal(size=3)
    answer = predict(net, x[None])[0]
    assert same(back(there(net), "tanh", (x, answer)), net)
    for turned in ([0], [1], [3], [0, 1], [1, 3], [0, 1, 3]):
        wrong = net
        for m in turned:
            wrong = wrong.replace(m, W=wrong[m].W.T)
        with pytest.raises(ValueError, match="transposed"):
            back(there(wrong), "tanh", (x, answer))
        assert not same(back(there(wrong), "tanh"), net)            # without a probe nothing is noticed


def test_a_probe_names_softmax_and_no_cause_where_there_is_none():
    weights = nnlib.to_keras(TWIN)
    tanh = nnlib.from_keras(weights, "tanh")
    with pytest.raises(ValueError, match="softmax"):
        nnlib.from_keras(weights, "tanh", (X, nnlib.softmax(predict(tanh, X))))
    for wrong in ("relu", ["square", "square", "square", "identity"]):
        with pytest.raises(ValueError, match="gives another$"):
            nnlib.from_keras(weights, wrong, (X, ANSWER))


def test_a_probe_that_cannot_tell_is_refused():
    net = Network([Layer([[1, 2], [3, 4]], [1, 1], "tanh")])
    with pytest.raises(ValueError, match="take another x"):
        nnlib.from_keras(nnlib.to_keras(net), "tanh", ([0, 0], predict(net, [[0, 0]])[0]))
    even = Network([Layer([[1, 2], [2, 4]], [1, 1], "tanh")])           # its own transpose
    assert same(nnlib.from_keras(nnlib.to_keras(even), "tanh", ([0, 0], predict(even, [[0, 0]])[0])), even)


def test_a_probe_of_single_precision_is_near_enough_and_four_digits_are_not():
    net = digits_network()
    x = nnlib.digits()[0][:3]
    phis, answer = [layer.phi for layer in net], predict(net, x)
    assert same(nnlib.from_torch(nnlib.to_torch(net), phis, (x, answer.astype("f4"))), net)
    with pytest.raises(ValueError, match="gives another$"):
        nnlib.from_torch(nnlib.to_torch(net), phis, (x, answer + 1e-3 * abs(answer).max()))


def test_a_probe_sees_a_wrong_sign_in_an_output_that_is_small_beside_another():
    net = Network([Layer([[1e4, 2e4], [0.3, -0.2], [5.0, 5.0]], [0, 0.5, 0], "identity")])
    x, wrong = [1.0, 2.0], net.replace(0, W=net[0].W * [[1], [1], [-1]])
    weights = nnlib.to_keras(net)
    assert same(nnlib.from_keras(weights, "identity", (x, predict(net, [x])[0])), net)
    with pytest.raises(ValueError, match="gives another$"):
        nnlib.from_keras(weights, "identity", ([x, [0.1, 0.3]], predict(wrong, [x, [0.1, 0.3]])))


def test_a_probe_of_one_output_may_be_a_list_of_numbers():
    net = Network([Layer([[1.0, -2.0]], [0.5], "tanh")])
    X = np.array([[0.1, 0.2], [0.3, -1.0], [2.0, 0.5]])
    assert same(nnlib.from_keras(nnlib.to_keras(net), "tanh", (X, predict(net, X)[:, 0])), net)


# What is refused ----------------------------------------------------------------------------------------------------

def changed(**more):
    return {**nnlib.to_torch(TWIN), **more}


def without(name):
    return {key: one for key, one in nnlib.to_torch(TWIN).items() if key != name}


REFUSED = {
    "a buffer": (lambda: nnlib.from_torch(changed(**{"1.running_mean": np.ones(3)}), "square"), "'1.running_mean'"),
    "a counter": (lambda: nnlib.from_torch(changed(**{"1.num_batches_tracked": 3}), "square"), "'1.num_batches_tracked'"),
    "weight_ih": (lambda: nnlib.from_torch({"weight_ih_l0": np.eye(2)}, "tanh"), "'weight_ih_l0'"),
    "no bias": (lambda: nnlib.from_torch(without("2.bias"), "square"), "'2.bias', zeros where"),
    "no weight": (lambda: nnlib.from_torch(without("4.weight"), "square"), "'4.weight'"),
    "a batch norm": (lambda: nnlib.from_torch(changed(**{"8.weight": np.ones(3), "8.bias": np.ones(3)}), "square"),
                     r"state\['8.weight'\] must have shape \(d_out, d_in\).* 1 axis, as in a normalisation"),
    "a convolution": (lambda: nnlib.from_torch(changed(**{"0.weight": np.ones((3, 2, 1, 1))}), "square"),
                      "'0.weight'.* 4 axes, as in a convolution"),
    "a checkpoint": (lambda: nnlib.from_torch({"model_state_dict": nnlib.to_torch(TWIN), "epoch": 3}, "square"),
                     "'model_state_dict', which is a dictionary itself: give the one in it that holds arrays"),
    "parameters of flax": (lambda: nnlib.from_jax({"Dense_0": {"kernel": np.eye(2), "bias": np.ones(2)}}, "tanh"),
                           "got a dict: give what it holds, in order"),
    "layers of names": (lambda: nnlib.from_jax([{"w": np.eye(2), "b": np.ones(2)}], "tanh"),
                        r"params\[0\] must be a list of W and b; got a dict: give"),
    "Keras's arrays as PyTorch's": (lambda: nnlib.from_torch(changed(**{"0.weight": nnlib.to_keras(TWIN)[0]}), "square"),
                                    r"state\['0.weight'\].*transposed"),
    "PyTorch's arrays as Keras's": (lambda: nnlib.from_keras([*nnlib.to_torch(TWIN).values()], "square"),
                                    r"weights\[0\].*transposed"),
    "a later one": (lambda: nnlib.from_jax([*nnlib.to_jax(TWIN)[:2], (TWIN[2].W, TWIN[2].b)], "square"),
                    r"params\[2\]\[0\] must have shape \(2, 3\).*layer before it gives 2.*transposed"),
    "layers that do not chain": (lambda: nnlib.from_jax(nnlib.to_jax(TWIN)[::2], "square"), "the layer before it gives 3"),
    "an odd list": (lambda: nnlib.from_keras(nnlib.to_keras(TWIN)[:3], "square"), "got 3 arrays"),
    "lists of two lengths": (lambda: nnlib.from_sklearn(nnlib.to_sklearn(TWIN)[0], [], "square"), "got 4 and 0"),
    "too few activations": (lambda: nnlib.from_keras(nnlib.to_keras(TWIN), ["square"] * 3), "list of 4"),
    "softmax": (lambda: nnlib.from_keras(nnlib.to_keras(TWIN), ["square"] * 3 + ["softmax"]), "softmax"),
    "nan": (lambda: nnlib.from_keras([np.full((1, 1), np.nan), [1.0]], "tanh"), r"weights\[0\] must be finite"),
    "a name twice": (lambda: nnlib.to_torch(TWIN, ["a", "b", "a", "c"]), "'a' twice"),
    "too few names": (lambda: nnlib.to_torch(TWIN, ["a"]), "must be 4"),
    "a probe of three": (lambda: nnlib.from_keras(nnlib.to_keras(TWIN), "square", (X, ANSWER, X)), "probe must be a pair"),
    "a probe with another width": (lambda: nnlib.from_keras(nnlib.to_keras(TWIN), "square", (X, ANSWER[:, :2])), "probe"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_refused_by_its_name_in_one_sentence(what):
    call, says = REFUSED[what]
    with pytest.raises((ValueError, TypeError), match=says) as refusal:
        call()
    assert "must" in str(refusal.value) and "\n" not in str(refusal.value)


# Against the libraries ----------------------------------------------------------------------------------------------

def in_bench(*command):
    if not (ROOT / ".venv-bench" / "ready").exists():
        pytest.skip("`make bench` has not yet made .venv-bench")
    return subprocess.run([BENCH, "-W", "ignore", *command], cwd=ROOT, capture_output=True, text=True, check=False,
                          env=os.environ | bench.ONE_THREAD | {"PYTHONPATH": str(ROOT)})


@pytest.mark.long
@pytest.mark.not_for_mutants
def test_the_libraries_compute_the_same_numbers():
    done = in_bench("-m", "benchmarks.exchanged")
    assert done.returncode == 0, done.stderr
    counts = {who: int(count.split()[0]) for who, _, count in (line.partition(": ") for line in done.stdout.splitlines())}
    assert {*counts} == {"PyTorch", "JAX", "Keras", "scikit-learn", "ONNX Runtime"} and min(counts.values()) > 100


@pytest.mark.long
@pytest.mark.not_for_mutants
def test_onnx_models_in_other_forms_are_read_and_all_others_refused():
    done = in_bench(Path("tests", "nnlib", "onnx_models.py"))
    assert done.returncode == 0, done.stderr
    read, refused = (int(part.split()[0]) for part in done.stdout.split(", "))
    assert read > 10 and refused > 20


@pytest.mark.parametrize("call", [lambda: onnx_models.to_onnx(TWIN), lambda: onnx_models.from_onnx("network.onnx")])
def test_without_the_package_onnx_a_sentence_says_what_is_missing(call, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match="pip install onnx"):
        call()


def test_nnlib_imports_none_of_the_libraries():
    asked = ("import sys, nnlib, nnlib.onnx_models;"
             "print({'torch', 'keras', 'jax', 'sklearn', 'onnx'} & {one.split('.')[0] for one in sys.modules})")
    done = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


# The loops of chapter 14 --------------------------------------------------------------------------------------------

STORED = json.loads((ROOT / "benchmarks" / "loops.json").read_text(encoding="utf-8"))
LINES = [line.strip() for line in (ROOT / "benchmarks" / "loops.py").read_text(encoding="utf-8").splitlines()]


def lines_of_the_table(text):
    """The code of each framework in the table that sets it beside the mathematics."""
    rows = [line for line in text.split("(write-it)=")[1].split("(what-autograd-does)=")[0].splitlines() if line[:2] == "| "]
    return [code for row in rows[1:] for code in re.findall(r"`([^`]*)`", row.split("|", 2)[2])]


def test_every_line_beside_the_mathematics_is_one_that_ran():
    text = (ROOT / "book" / "14_frameworks.md").read_text(encoding="utf-8")
    shown = lines_of_the_table(text)
    assert len(shown) == 9 and {*shown} <= {*LINES}
    assert not {*lines_of_the_table(text.replace("optimizer.step()", "optimizer.stop()"))} <= {*LINES}


def test_what_the_frameworks_found_is_what_nnlib_computes():
    X, labels = nnlib.digits()
    net = random_network((64, 32, 10), ["tanh", "identity"], np.random.default_rng(14))
    after, history = nnlib.train(net, X, nnlib.one_hot(labels, 10), nnlib.cross_entropy, nnlib.SGD(0.5), 20)
    assert {*STORED["versions"]} == {*STORED["conventions"]}
    assert {*STORED["losses"]} == {*STORED["last bias"]} == {"PyTorch", "JAX"}
    for who in STORED["losses"]:
        np.testing.assert_allclose(STORED["losses"][who], history.loss, rtol=1e-9)
        np.testing.assert_allclose(STORED["last bias"][who], after[1].b, rtol=1e-9, atol=1e-12)


@pytest.mark.long
@pytest.mark.not_for_mutants
def test_the_loops_say_what_is_stored():
    done = in_bench("-m", "benchmarks.loops", "compare")
    assert done.returncode == 0, done.stderr
