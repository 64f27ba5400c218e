"""The golden vectors: right on a second route, rounded once, the same in all three forms, and none that hides a mistake."""
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import FrozenInstanceError
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from zipfile import ZipFile

import make_vectors
import numpy as np
import pytest
import runtime
from mpmath import mp, mpf, workdps

from ledger.arithmetics import HIGH
from nnlib import backprop, data, forward_batch, jacobian_b, jacobian_W, softmax
from nnlib import vectors as module
from nnlib.__main__ import WRITERS, main
from nnlib.activations import ACTIVATIONS
from nnlib.vectors import QUANTITIES, as_c, as_json, as_lines, vectors

ROOT = Path(__file__).resolve().parents[2]
STORED = json.loads(as_json())["vectors"]
VECTORS = vectors()
each = pytest.mark.parametrize("vector", VECTORS, ids=[vector.name for vector in VECTORS])
DECIDING = [vector for vector in VECTORS if vector.decides]


def entries(numbers, indices=()):
    if isinstance(numbers, list):
        return [pair for i, part in enumerate(numbers) for pair in entries(part, (*indices, i))]
    return [(indices, float(numbers))]


def all_numbers(vector):
    """{(word, indices): number} of a stored vector: its parameters, inputs and right answers."""
    words = {letter: [layer[letter] for layer in vector["layers"]] for letter in "Wb"} | {key: vector[key] for key in "XY"}
    return {(word, *indices): number for word, numbers in (words | vector["expected"]).items()
            for indices, number in entries(numbers)}


# Right ----------------------------------------------------------------------------------------------------------------

@each
def test_nnlib_agrees_to_the_last_digits(vector):
    """Saturated numbers too, down to 1e-156: each by itself, and not beside the largest."""
    net, X, expected = vector.net, vector.X, vector.expected
    trace, (loss, gradients) = forward_batch(net, X), backprop(net, X, vector.Y, vector.loss)
    ours = {"z": [[z[p] for z in trace.z] for p in range(len(X))], "y_hat": trace.y_hat, "loss": loss,
            "grad_b": [g.b for g in gradients], "grad_W": [g.W for g in gradients],
            "b_after": [layer.b - vector.rate * g.b for layer, g in zip(net, gradients)],
            "W_after": [layer.W - vector.rate * g.W for layer, g in zip(net, gradients)]}
    if vector.loss.name == "cross_entropy":
        ours["p"] = softmax(trace.y_hat)
    if len(X) == 1:
        ours["dy_db"] = [jacobian_b(net, X[0], m).T for m in range(len(net))]
        ours["dy_dW"] = [np.moveaxis(jacobian_W(net, X[0], m), 0, -1) for m in range(len(net))]
    assert [*expected] == [name for name in QUANTITIES if name in ours]
    for name in expected:
        plain = json.loads(json.dumps(ours[name], default=lambda array: array.tolist()))
        assert [key for key, _ in entries(plain)] == [key for key, _ in entries(expected[name])], name
        for (key, got), (_, right) in zip(entries(plain), entries(expected[name])):
            rounding = 0 if name.startswith("grad") else 1e-15          # of numbers that are differences
            assert abs(got - right) <= 1e-12 * abs(right) + rounding, (name, key, got, right)


def nudged(stored):
    """What can be had by forward passes alone: (parameters → ŷ of all points and the loss), in mpmath."""
    def both(parameters):
        z, answers = [], []
        for x in stored["X"]:
            a = [mpf(float(one)) for one in x]
            z.append([])
            for (W, b), layer in zip(parameters, stored["layers"]):
                z[-1].append([mp.fdot(row, a) + b[r] for r, row in enumerate(W)])
                a = [HIGH[layer["phi"]][0](one) for one in z[-1][-1]]
            answers.append(a)
        if stored["loss"] == "squared_error":
            losses = [mp.fsum((a - y) ** 2 for a, y in zip(*pair)) / 2 for pair in zip(answers, stored["Y"])]
        else:
            losses = [mp.fsum(y * (mp.log(mp.fsum(map(mp.exp, a))) - one) for one, y in zip(a, right))
                      for a, right in zip(answers, stored["Y"])]
        return z, answers, mp.fsum(losses) / len(losses)
    return both


@pytest.mark.soak
@pytest.mark.parametrize("stored", STORED, ids=[stored["name"] for stored in STORED])
def test_nudges_give_every_number_to_the_last_bit(stored):
    """Two forward passes for each parameter, with so many digits that the nudge's own error lies below the smallest double
    and far below half of the last bit: after rounding, all 64 bits are equal."""
    def bits(value):
        return (float(value) + 0.0).hex()

    digits, h = (1300, mpf(10) ** -420) if not stored["decides"] else (200, mpf(10) ** -60)
    expected = stored["expected"]
    with workdps(digits):
        parameters = [([[mpf(float(w)) for w in row] for row in layer["W"]], [mpf(float(b)) for b in layer["b"]])
                      for layer in stored["layers"]]
        run = nudged(stored)
        z, answers, loss = run(parameters)
        ours = {("loss",): loss} | {("z", p, m, r): one for p, of in enumerate(z) for m, layer in enumerate(of)
                                    for r, one in enumerate(layer)}
        for p, a in enumerate(answers):
            ours |= {("y_hat", p, k): one for k, one in enumerate(a)}
            if "p" in expected:
                ours |= {("p", p, k): 1 / mp.fsum(mp.exp(other - one) for other in a) for k, one in enumerate(a)}
        for m, (W, b) in enumerate(parameters):
            for letter, row, at in [("b", b, (m, r)) for r in range(len(b))] + [
                    ("W", W[r], (m, r, c)) for r in range(len(W)) for c in range(len(W[0]))]:
                before, sides = row[at[-1]], []
                for sign in (1, -1):
                    row[at[-1]] = before + sign * h
                    sides.append(run(parameters))
                row[at[-1]] = before
                gradient = (sides[0][2] - sides[1][2]) / (2 * h)
                ours |= {(f"grad_{letter}", *at): gradient,
                         (f"{letter}_after", *at): before - mpf(float(stored["rate"])) * gradient}
                if "dy_dW" in expected:
                    ours |= {(f"dy_d{letter}", *at, k): (up - down) / (2 * h)
                             for k, (up, down) in enumerate(zip(sides[0][1][0], sides[1][1][0]))}
        ours = {key: bits(value) for key, value in ours.items()}
    theirs = {key: number.hex() for key, number in all_numbers(stored).items() if key[0] in expected}
    assert ours == theirs


def test_the_pencil_network_is_the_books():
    for vector, net in zip(VECTORS, (data.pencil_network(), data.pencil_twin())):
        assert all((a.W == b.W).all() and (a.b == b.b).all() and a.phi is b.phi for a, b in zip(vector.net, net))
        assert len(vector.net) == len(net) and vector.X.tolist() == [[2, 3]] and not vector.decides
        assert all(number == int(number) for name in vector.expected for _, number in entries(vector.expected[name]))
    assert VECTORS[0].expected["y_hat"] == [[9, 25, 16]] and VECTORS[1].expected["y_hat"] == [[9, 16, 4]]


# None hides a mistake -------------------------------------------------------------------------------------------------

def test_every_kind_is_there():
    nets = [vector.net for vector in DECIDING]
    kinds = [{layer.phi.name for layer in net} for net in nets]
    assert {*ACTIVATIONS} == set().union(*kinds)
    assert all({name} in kinds for name in ("sigmoid", "tanh", "relu", "identity"))
    assert {1, 2, 3, 4} <= {len(net) for net in nets} and {1, 2, 3, 4, 5} <= {len(vector.X) for vector in DECIDING}
    assert any(len(net) > 3 and len({*net.widths}) == len(net.widths) for net in nets), "deep, all widths different"
    assert any(len(net) > 3 and len({*net.widths}) == 1 for net in nets), "a misread dot shows with four layers"
    assert {vector.loss.name for vector in VECTORS if len(vector.X) == 1} == {"squared_error", "cross_entropy"}
    assert {vector.loss.name for vector in VECTORS if len(vector.X) == 5} == {"squared_error", "cross_entropy"}
    assert any(((vector.Y > 0) & (vector.Y < 1)).all() for vector in DECIDING if vector.loss.name == "cross_entropy")
    assert len({vector.name for vector in VECTORS}) == len({vector.about for vector in VECTORS}) == len(VECTORS)


def test_saturated_vectors_are_far_out_and_lose_no_layer():
    """A layer's largest gradient stays within the range of single precision: smaller ones may be 0 there."""
    saturated, scores = VECTORS[-2:]
    for m, layer in enumerate(saturated.net):
        z = sorted(abs(row[m][r]) for row in saturated.expected["z"] for r in range(len(layer.b)))
        assert z[0] >= 8 and any(30 < one < 50 for one in z) and any(300 < one < 500 for one in z)
        assert np.abs(saturated.expected["grad_W"][m]).max() > 1e-25
    assert np.abs(scores.expected["y_hat"]).max() > 1000 and scores.expected["loss"] > 1000
    assert not saturated.decides and not scores.decides
    for vector in VECTORS:
        for name in vector.expected:
            assert all(number == 0 or abs(number) > sys.float_info.min for _, number in entries(vector.expected[name]))


@pytest.mark.parametrize("vector", DECIDING, ids=[vector.name for vector in DECIDING])
def test_nothing_hides_a_mistake(vector):
    net, X, Y = vector.net, vector.X, vector.Y
    given = [*(array for layer in net for array in (layer.W, layer.b)), X] + [Y] * (vector.loss.name == "squared_error")
    given = np.abs(np.concatenate([array.ravel() for array in given]))
    assert len({*given}) == len(given) and given.min() > 0.1, "two equal numbers may change places"
    trace = forward_batch(net, X)
    for layer, z, inputs, slopes in zip(net, trace.z, trace.inputs, trace.slopes):
        assert all((abs(z - special) > 0.019).all() and (abs(inputs.sum(axis=1) - special) > 0.019).all()
                   for special in (0, 1)) and (abs(z - 2) > 0.019).all()
        assert (abs(slopes) > 0.019).all() or "relu" in layer.phi.name and (slopes > 0).sum(axis=1).min() >= 2
        assert len({*z.ravel()}) == z.size
    answers = softmax(trace.y_hat) if vector.loss.name == "cross_entropy" else trace.y_hat
    assert (abs(answers - Y) > 0.019).all(), "a miss of 0 is silent"
    assert all(len({*row[row != 0]}) == (row != 0).sum() and (row != 0).sum() >= min(2, row.size) for row in answers)
    assert all(np.abs(g.W).max() > 1e-3 for g in backprop(net, X, Y, vector.loss)[1])


def test_factors_are_told_apart():
    """N, its inverse, 2, ½, the number of answers and its inverse, the rate: all different, as far as N = 2 allows."""
    for vector in DECIDING:
        N, d_y, rate = len(vector.X), vector.net.widths[-1], vector.rate
        sizes = [*({1, N, 2} if N > 1 else {1, 2}), *([d_y] if d_y not in (1, N) else [])]
        factors = [factor for size in sizes for factor in ({size, 1 / size})] + [rate, 1 / rate]
        assert len({*factors}) == len(factors), vector.name
        if N > 1 and "equal" not in vector.name and vector.name != "square_batch":
            assert N not in vector.net.widths and d_y > 2, vector.name
    square = next(vector for vector in DECIDING if vector.name == "square_batch")
    assert {len(square.X), *square.net.widths} == {3} and (square.Y != square.Y.T).any()


# The file -------------------------------------------------------------------------------------------------------------

@pytest.mark.long
def test_the_tool_writes_what_is_shipped(tmp_path, capsys):
    """From a package without vectors, and with another hash, it makes this one, byte by byte."""
    shipped = (ROOT / "nnlib" / "data.py").read_bytes()
    (tmp_path / "data.py").write_bytes(shipped.replace(data.SHA256["vectors.json"].encode(), b"0"))
    assert (tmp_path / "data.py").read_bytes() != shipped
    make_vectors.main(tmp_path)
    assert "it is written" in capsys.readouterr().out
    assert (tmp_path / "vectors.json").read_text(encoding="ascii") == as_json()
    assert (tmp_path / "data.py").read_bytes() == shipped
    make_vectors.main(tmp_path)
    assert "nothing is written" in capsys.readouterr().out


def test_the_tool_shares_nothing_with_nnlib():
    source = Path(make_vectors.__file__).read_text(encoding="utf-8")
    imported = {*re.findall(r"^ *(?:from|import) ([a-z_]+)", source, re.M)}
    assert imported == {"hashlib", "itertools", "json", "mpmath", "pathlib", "random", "re"}


def test_a_person_can_read_the_file():
    text = as_json()
    assert len(text) <= 80 * 1024 and text.endswith("}\n") and "\r" not in text
    assert max(map(len, text.splitlines())) <= 120
    tokens = re.findall(r"-?\d[-+.\de]*", re.sub(r'"[^"]*"', "", text))
    assert len(tokens) > 3000 and all(repr(float(token)).removesuffix(".0") == token and token != "-0" for token in tokens)


def test_a_vector_cannot_be_changed():
    vector = VECTORS[0]
    with pytest.raises(FrozenInstanceError):
        vector.rate = 1
    for array in (vector.X, vector.Y, vector.net[0].W):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    assert vectors()[0].expected is not vector.expected
    assert all(isinstance(number, float) for name in vector.expected for _, number in entries(vector.expected[name]))
    assert vector.X.dtype == vector.Y.dtype == float and isinstance(vector.rate, float)


def test_what_is_no_code_is_shipped_too():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = settings["tool"]["setuptools"]["package-data"]["nnlib"]
    files = {path.name for path in (ROOT / "nnlib").iterdir() if path.is_file() and path.suffix != ".py"}
    assert "vectors.json" in files and files == {path.name for one in patterns for path in (ROOT / "nnlib").glob(one)}
    with ZipFile(BytesIO(runtime.wheel(ROOT)[1])) as wheel:
        assert {f"nnlib/{name}" for name in files} <= {*wheel.namelist()}


# Schemas --------------------------------------------------------------------------------------------------------------

def validator(name):
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((ROOT / "nnlib" / f"{name}.schema.json").read_text(encoding="ascii"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def of(document, name):
    return next(one for one in document["vectors"] if one["name"] == name)


SPOILED = {
    "another format": lambda document: document.update(format="vectors"),
    "another version": lambda document: document.update(version=2),
    "a strange key": lambda document: of(document, "relu").update(seed=3),
    "no layer": lambda document: of(document, "relu").update(layers=[]),
    "an unknown activation": lambda document: of(document, "relu")["layers"][0].update(phi="softmax"),
    "text for a number": lambda document: of(document, "relu")["X"][0].__setitem__(0, "1.5"),
    "a row for a matrix": lambda document: of(document, "relu").update(X=[1, 2, 3, 4]),
    "a missing number": lambda document: of(document, "relu")["Y"][0].__setitem__(0, None),
    "a blank in a name": lambda document: of(document, "relu").update(name="re lu"),
    "no p": lambda document: of(document, "classes")["expected"].pop("p"),
    "p where none belongs": lambda document: of(document, "relu")["expected"].update(p=[[1]]),
    "half of the derivatives": lambda document: of(document, "relu")["expected"].pop("dy_dW"),
    "no gradient": lambda document: of(document, "relu")["expected"].pop("grad_W"),
}


def test_the_file_follows_its_schema():
    assert [*validator("vectors").iter_errors(json.loads(as_json()))] == []


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
def test_the_schema_refuses(spoil):
    document = json.loads(as_json())
    spoil(document)
    assert not validator("vectors").is_valid(document)


def test_results_follow_theirs():
    """The right answers are results, alone, wrapped, in part and with numbers missing."""
    results = {vector["name"]: vector["expected"] for vector in json.loads(as_json())["vectors"]}
    valid = validator("results").is_valid
    assert valid(results) and valid({"format": "nnlib results", "program": {"language": "C"}, "results": results})
    assert valid({}) and valid({"pencil": {}}) and valid({"pencil": {"y_hat": [[9, None, 16]], "loss": None}})
    for quantities in ({"gradW": [[[1]]]}, {"y_hat": [9, 25, 16]}, {"y_hat": [["9", 25, 16]]}, {"loss": [7]}, {"loss": True},
                       {"dy_dW": [[[1]]]}, [1]):
        assert not valid({"pencil": quantities}) and not valid({"results": {"pencil": quantities}}), quantities
    assert not valid([]) and not valid({"results": []}) and not valid({"format": "nnlib results"})


def test_the_schemas_and_nnlib_name_the_same():
    vector, results = (validator(name).schema["$defs"] for name in ("vectors", "results"))
    assert [*vector["expected"]["properties"]] == [*results["quantities"]["properties"]] == [*QUANTITIES]
    assert vector["layer"]["properties"]["phi"]["enum"] == [*ACTIVATIONS]
    for part in ("matrix", "three", "four"):
        assert vector[part]["items"] == results[part]["items"]
    for name, shape in results["quantities"]["properties"].items():
        depth = shape["description"].count("[")
        assert shape["$ref"].rpartition("/")[2] == {0: "number", 2: "matrix", 3: "three", 4: "four"}[depth], name
        assert all(len(key) - 1 == depth for stored in STORED for key in all_numbers(stored) if key[0] == name)


# In C -----------------------------------------------------------------------------------------------------------------

SCANF = r"""
#include <stdio.h>
int main(void) {
    char line[200], name[32], word[32], text[32];
    double v[5];
    while (fgets(line, sizeof line, stdin)) {
        int i, n = sscanf(line, "%31s %31s %lf %lf %lf %lf %lf", name, word, v, v+1, v+2, v+3, v+4) - 2;
        if (line[0] == '#' || n < 0) continue;
        printf("%s %s", name, word);
        for (i = 0; i < n; i++) printf(" %a", v[i]);
        if (sscanf(line, n ? "%*s %*s %*d %31[a-z_]" : "%*s %*s %31s", text) == 1) printf(" %s", text);
        puts("");
    }
    return 0;
}
"""
# Every index is computed as the header's first comment says.
WALK = r"""
#include <stdio.h>
#include "vectors.h"
#include "vectors.h"
typedef const struct nnlib_vector *vector;
static int weights(vector v, int m) { return m ? weights(v, m - 1) + v->widths[m - 1] * v->widths[m] : 0; }
static int units(vector v, int m) { return m ? units(v, m - 1) + v->widths[m] : 0; }
static void all_weights(vector v, const char *word, const double *W) {
    int m, r, c;
    for (m = 0; m < v->layers; m++) for (r = 0; r < v->widths[m + 1]; r++) for (c = 0; c < v->widths[m]; c++)
        printf("%s %s %d %d %d %.17g\n", v->name, word, m, r, c, W[weights(v, m) + r * v->widths[m] + c]);
}
static void all_biases(vector v, const char *word, const double *b) {
    int m, r;
    for (m = 0; m < v->layers; m++) for (r = 0; r < v->widths[m + 1]; r++)
        printf("%s %s %d %d %.17g\n", v->name, word, m, r, b[units(v, m) + r]);
}
static void points(vector v, const char *word, const double *a, int width) {
    int p, k;
    for (p = 0; p < v->points; p++) for (k = 0; k < width; k++)
        printf("%s %s %d %d %.17g\n", v->name, word, p, k, a[p * width + k]);
}
int main(void) {
    int i, m, p, r, c, k;
    printf("version %d\n", NNLIB_VECTORS_VERSION);
    for (i = 0; i < NNLIB_VECTORS; i++) {
        vector v = &nnlib_vectors[i];
        int d_y = v->widths[v->layers], all = units(v, v->layers);
        printf("%s layers %d\n%s points %d\n", v->name, v->layers, v->name, v->points);
        printf("%s loss_name %s\n", v->name, v->loss_name);
        printf("%s rate %.17g\n%s loss %.17g\n", v->name, v->rate, v->name, v->loss);
        for (m = 0; m <= v->layers; m++) printf("%s width %d %d\n", v->name, m, v->widths[m]);
        for (m = 0; m < v->layers; m++) printf("%s phi %d %s\n", v->name, m, v->phi[m]);
        all_weights(v, "W", v->W); all_weights(v, "grad_W", v->grad_W); all_weights(v, "W_after", v->W_after);
        all_biases(v, "b", v->b); all_biases(v, "grad_b", v->grad_b); all_biases(v, "b_after", v->b_after);
        points(v, "X", v->X, v->widths[0]); points(v, "Y", v->Y, d_y); points(v, "y_hat", v->y_hat, d_y);
        if (v->p) points(v, "p", v->p, d_y);
        for (p = 0; p < v->points; p++) for (m = 0; m < v->layers; m++) for (r = 0; r < v->widths[m + 1]; r++)
            printf("%s z %d %d %d %.17g\n", v->name, p, m, r, v->z[p * all + units(v, m) + r]);
        for (m = 0; v->dy_dW && m < v->layers; m++) for (r = 0; r < v->widths[m + 1]; r++) for (k = 0; k < d_y; k++) {
            printf("%s dy_db %d %d %d %.17g\n", v->name, m, r, k, v->dy_db[(units(v, m) + r) * d_y + k]);
            for (c = 0; c < v->widths[m]; c++)
                printf("%s dy_dW %d %d %d %d %.17g\n", v->name, m, r, c, k,
                       v->dy_dW[(weights(v, m) + r * v->widths[m] + c) * d_y + k]);
        }
    }
    return 0;
}
"""


def told(text):
    """{(vector, word, indices): value} of lines."""
    return {tuple(words[:-1]): words[-1] for words in map(str.split, text.splitlines()) if words and words[0] != "#"}


def wanted():
    """The same of what is stored, with numbers as hexadecimal digits of all their bits."""
    lines = {}
    for vector in STORED:
        name, layers = vector["name"], vector["layers"]
        widths = [len(vector["X"][0]), *(len(layer["b"]) for layer in layers)]
        lines |= {(name, "layers"): float(len(layers)).hex(), (name, "points"): float(len(vector["X"])).hex(),
                  (name, "rate"): vector["rate"].hex(), (name, "loss_name"): vector["loss"]}
        lines |= {(name, "width", str(m)): float(width).hex() for m, width in enumerate(widths)}
        lines |= {(name, "phi", str(m)): layer["phi"] for m, layer in enumerate(layers)}
        lines |= {(name, *map(str, key)): number.hex() for key, number in all_numbers(vector).items()}
    return lines


@pytest.fixture
def compiled(tmp_path):
    """Compile a program in C without a warning, and run it: compiled(source, flags, its input) → what it prints."""
    compiler = shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("no C compiler was found")

    def run(source, flags, given=""):
        (tmp_path / "program.c").write_text(source, encoding="ascii")
        subprocess.run([compiler, "-Wall", "-Wextra", "-Werror", "-pedantic", *flags, "program.c", "-o", "program"],
                       cwd=tmp_path, check=True)
        return subprocess.run([tmp_path / "program"], input=given, capture_output=True, text=True, check=True).stdout

    return run


@pytest.mark.not_for_mutants
def test_scanf_reads_every_line(compiled):
    read = {}
    for line in compiled(SCANF, ["-std=c99"], as_lines()).splitlines():
        name, word, *values = line.split()
        *indices, value = [one if re.fullmatch("[a-z_]+", one) else float.fromhex(one) for one in values]
        read[name, word, *(str(int(index)) for index in indices)] = value if isinstance(value, str) else value.hex()
    assert read == wanted()


@pytest.mark.not_for_mutants
def test_the_header_holds_the_same(compiled, tmp_path):
    (tmp_path / "vectors.h").write_text(as_c(), encoding="ascii")
    read = told(compiled(WALK, ["-std=c89"]))
    assert read.pop(("version",)) == "1"
    assert {key: value if key[1] in ("phi", "loss_name") else float(value).hex() for key, value in read.items()} == wanted()
    assert max(map(len, as_c().partition("#ifndef")[0].splitlines())) <= 125


@pytest.mark.not_for_mutants
def test_the_header_alone_is_no_warning(compiled, tmp_path):
    (tmp_path / "vectors.h").write_text(as_c(), encoding="ascii")
    compiled('#include "vectors.h"\nint main(void) { return 0; }\n', ["-std=c89"])


def test_lines_say_each_thing_once_and_as_it_is_written():
    lines = [line for line in as_lines().splitlines() if line and line[0] != "#"]
    assert len({line.rpartition(" ")[0] for line in lines}) == len(lines) == len(wanted())
    assert as_lines().startswith("# nnlib vectors 1\n") and max(map(len, as_lines().splitlines())) <= 125
    assert "pencil W 0 0 0 -2" in lines and "pencil dy_dW 0 1 0 2 384" in lines and "smallest phi 0 sigmoid" in lines


# The command line -----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("form", WRITERS)
def test_vectors_are_printed_or_written(form, tmp_path, capfdbinary):
    content, path = WRITERS[form]().encode("ascii"), tmp_path / "out"
    assert main(["vectors", "--format", form]) == 0
    assert capfdbinary.readouterr().out == content
    path.write_bytes(b"older and replaced")
    assert main(["vectors", "--format", form, "--out", str(path)]) == 0
    assert path.read_bytes() == content and b"\r" not in content
    assert capfdbinary.readouterr().out.decode() == f"{path}: {len(content):,} bytes{os.linesep}"


def test_json_is_what_comes_unasked(capfdbinary):
    assert main(["vectors"]) == 0
    assert capfdbinary.readouterr().out.decode("ascii") == as_json()


def test_what_cannot_be_written_is_said(tmp_path, capsys):
    file = tmp_path / "none" / "file"
    assert main(["vectors", "--out", str(file)]) == 2
    assert capsys.readouterr().err == f"{file} cannot be written: there is no folder {tmp_path / 'none'}\n"
    assert main(["vectors", "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith(f"{tmp_path} cannot be written: ")


def test_without_a_command_it_says_what_there_is(capsys):
    assert main([]) == 0
    said = capsys.readouterr().out
    assert "vectors" in said and "check" in said and len(said.splitlines()) <= 15
    with pytest.raises(SystemExit) as ended:
        main(["vectors", "--format", "xml"])
    assert ended.value.code == 2 and "lines" in capsys.readouterr().err


@pytest.mark.parametrize("arguments, json_wanted", [(["check", "a file"], False), (["check", "--json", "a file"], True)])
def test_check_hands_its_file_on(monkeypatch, arguments, json_wanted):
    asked = []
    fake = SimpleNamespace(command=lambda path, json: asked.append((path, json)) or 1)
    monkeypatch.setattr("nnlib.__main__.conformance", fake)
    assert main(arguments) == 1 and asked == [("a file", json_wanted)]


@pytest.mark.not_for_mutants
def test_a_reader_that_leaves_is_no_error():
    """As in `python -m nnlib vectors | head -1`, here before the first line: nothing is said, and the code is 0."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([sys.executable, "-m", "nnlib", "vectors"], cwd=ROOT, stdout=writing, stderr=subprocess.PIPE,
                          check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


def test_the_module_and_the_function_keep_their_names():
    import nnlib

    assert nnlib.vectors is module and math.isclose(module.vectors()[2].rate, 0.3)
