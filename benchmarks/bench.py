"""What nnlib costs beside its own bare loops: `make bench`.

A bare loop computes the same numbers in the same order, without any check and without the selectors o_i and O_i.
Each pair of functions is timed in turns, in blocks of a millisecond, so that both meet the same state of the machine.
Only ratios are reported: that of the shortest blocks, and the median of the ratios of neighbouring blocks. Where the
two differ by more than 5 %, the row is inconclusive. The first row times the same function against itself; if it is
more than 2 % away from 1, all rows are void. The table is written into _build/bench.json too.
"""
import os

os.environ |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")     # before NumPy is loaded

import json
import platform
import sys
import time
from pathlib import Path
from statistics import median

import numpy as np

from nnlib import digits, digits_network, dy_db, dy_dW, forward, predict

REPORT = Path(__file__).resolve().parent.parent / "_build" / "bench.json"
ROUNDS, BLOCK = 62, 1e-3                # blocks of each function, and the seconds that one takes
INCONCLUSIVE, VOID = 0.05, 0.02
NET, X = digits_network(), digits()[0][:100]
x, M, I, J = X[0], 0, 17, 20            # the derivative with the longest way to the outputs: by a weight of layer 0


def bare_forward():
    inputs, z, slopes, a = [], [], [], x
    for m, layer in enumerate(NET.layers):
        inputs.append(a)
        z.append(layer.W @ a + layer.b)
        slopes.append(layer.phi.df(z[m]))
        a = layer.phi.f(z[m])
    return inputs, z, slopes, a


def bare_predict():
    A = X
    for layer in NET.layers:
        A = layer.phi.f(A @ layer.W.T + layer.b)
    return A


def bare_push(slopes, start):
    """From unit I of layer M to the outputs; a program needs no selector to read one number."""
    v = np.zeros(NET.layers[M].W.shape[0])
    v[I] = start
    for k in range(M + 1, len(NET.layers)):
        v = slopes[k] * (NET.layers[k].W @ v)
    return v


def bare_dy_db():
    _, _, slopes, _ = bare_forward()
    return bare_push(slopes, slopes[M][I])


def bare_dy_dW():
    inputs, _, slopes, _ = bare_forward()
    return bare_push(slopes, slopes[M][I] * inputs[M][J])


# name: (the function of nnlib, its bare loop, both without arguments; the largest ratio that is accepted, if there is one)
ROWS = {
    "bare loop of forward, twice": (bare_forward, bare_forward, None),
    "forward": (lambda: forward(NET, x), bare_forward, 2.0),
    "dy_dW": (lambda: dy_dW(NET, x, M, I, J), bare_dy_dW, 2.0),
    "dy_db": (lambda: dy_db(NET, x, M, I), bare_dy_db, None),
    "predict, 100 images": (lambda: predict(NET, X), bare_predict, None),
}


def seconds(function, calls):
    start = time.perf_counter()
    for _ in range(calls):
        function()
    return time.perf_counter() - start


def ratios(function, bare):
    """(ratio of the shortest blocks, median of the ratios of neighbouring blocks)."""
    calls = max(1, round(BLOCK / min(seconds(bare, 20) / 20 for _ in range(5))))
    pairs = []
    for number in range(ROUNDS):
        order = (function, bare) if number % 2 else (bare, function)
        times = [seconds(one, calls) for one in order]
        pairs.append(times if number % 2 else times[::-1])
    times, bare_times = zip(*pairs)
    return min(times) / min(bare_times), median(one / other for one, other in pairs)


def check_values():
    """nnlib and the bare loops compute the same numbers; without that, no time means anything."""
    trace, (inputs, z, slopes, y_hat) = forward(NET, x), bare_forward()
    assert all(map(np.array_equal, (*trace.inputs, *trace.z, *trace.slopes, trace.y_hat), (*inputs, *z, *slopes, y_hat)))
    assert (dy_dW(NET, x, M, I, J) == bare_dy_dW()).all() and (dy_db(NET, x, M, I) == bare_dy_db()).all()
    assert (predict(NET, X) == bare_predict()).all()


def main():
    check_values()
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    setting = (f"Python {platform.python_version()}, NumPy {np.__version__}, {blas['name']} {blas['version']}, one thread, "
               f"OPENBLAS_CORETYPE {os.environ.get('OPENBLAS_CORETYPE', 'not set')}")
    print(f"{setting}\n\n{'time of nnlib ÷ time of its bare loop':38} shortest  median  accepted")
    rows, void, above = [], False, []
    for number, (name, (function, bare, accepted)) in enumerate(ROWS.items()):
        shortest, middle = ratios(function, bare)
        remark = "" if abs(shortest - middle) <= INCONCLUSIVE * middle else "inconclusive"
        void |= number == 0 and abs(middle - 1) > VOID
        above += [name] if accepted and min(shortest, middle) > accepted else []
        rows.append({"name": name, "shortest": round(shortest, 3), "median": round(middle, 3), "accepted": accepted,
                     "remark": remark})
        print(f"{name:38} {shortest:8.2f} {middle:7.2f} {accepted or '–':>9}  {remark}".rstrip())
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps({"setting": setting, "void": void, "rows": rows}, indent=1) + "\n", encoding="utf-8")
    if void:
        return "The same function differs from itself: the machine is too busy, and no row counts. Run it again."
    return f"Above what is accepted: {', '.join(above)}" if above else 0


if __name__ == "__main__":
    sys.exit(main())
