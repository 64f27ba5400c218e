"""A gradient that is added up from parts: the one of `backprop`, and the same bits whoever computes the parts and when."""
import os
import pickle
import random
import subprocess
import tracemalloc
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import nnlib
from nnlib import SGD, Adam, backprop, cross_entropy, one_hot, random_network, squared_error, train
from nnlib.distributed import Parts, Sums, backprop_parts, both, in_order, mean, part_sums, total, train_parts
from nnlib.training import flat

ROOT = Path(__file__).resolve().parents[2]
PENCIL = nnlib.pencil_network()
X = np.array([[2, 3], [1, 0], [4, 4], [1, 2]])
Y = np.array([[9, 25, 12], [957, 121, 144], [1444, 629, 676], [961, 121, 144]])


def some(seed=0, points=103, widths=(5, 4, 4, 3), phi="tanh"):
    """A network with a square layer, points and right answers."""
    rng = np.random.default_rng(seed)
    return random_network(widths, phi, rng), rng.normal(size=(points, widths[0])), rng.normal(size=(points, widths[-1]))


def bits(found):
    value, gradients = found
    return value, flat(gradients).tobytes()


class Shuffled:
    """A pool that computes what is submitted in another order: nothing before the first result is asked for."""

    def __init__(self, seed):
        self.rng, self.waiting, self.most = random.Random(seed), [], 0

    def submit(self, function, *arguments):
        future = Future()
        asked, future.result = future.result, lambda: (self.compute(), asked())[1]
        self.waiting.append((future, function, arguments))
        self.most = max(self.most, len(self.waiting))
        return future

    def compute(self):
        self.rng.shuffle(self.waiting)
        while self.waiting:
            future, function, arguments = self.waiting.pop()
            future.set_result(function(*arguments))


def test_the_pencil_network_has_whole_numbers_in_every_part():
    for size in (1, 2, 4):
        read = Parts(X, Y, size)
        value, gradients = backprop_parts(PENCIL, read, range(len(read)), squared_error)
        whole, by = backprop(PENCIL, X, Y, squared_error)
        assert value == whole == 6 and bits((value, gradients)) == bits((whole, by))
    alone = part_sums(PENCIL, Parts(X, Y, 2), 0, squared_error)
    assert alone.points == 2 and alone.loss == 16
    points = [part_sums(PENCIL, Parts(X, Y, 1), k, squared_error).gradient for k in range(2)]
    assert (alone.gradient == points[0] + points[1]).all()


@pytest.mark.parametrize("loss", [squared_error, cross_entropy], ids=repr)
@pytest.mark.parametrize("size", [1, 7, 50, 1000])
def test_parts_of_unequal_length_weigh_as_their_points(loss, size):
    net, X, Y = some()
    Y = one_hot(Y.argmax(axis=1), 3) if loss is cross_entropy else Y
    read = Parts(X, Y, size)
    value, gradients = backprop_parts(net, read, range(len(read)), loss)
    # a route of its own: the loss of the mean, nudged by complex steps, without backprop and without parts
    one, by = backprop(net, X, Y, loss)
    np.testing.assert_allclose(value, loss(nnlib.predict(net, X), Y), rtol=1e-12)
    np.testing.assert_allclose(flat(gradients), flat(by), rtol=1e-11, atol=1e-13)
    W, nudged = net[1].W, np.zeros((4, 4))
    for i, j in np.ndindex(4, 4):
        step = 1e-6 * (np.arange(4)[:, None] == i) * (np.arange(4) == j)
        up, down = (loss(nnlib.predict(net.replace(1, W=W + sign * step), X), Y) for sign in (1, -1))
        nudged[i, j] = (up - down) / 2e-6
    np.testing.assert_allclose(gradients[1].W, nudged, rtol=1e-6, atol=1e-8)


def test_the_bits_are_the_same_for_any_pool_and_any_order_of_arrival():
    net, X, Y = some(1, 1000, (20, 16, 8))
    read = Parts(X, Y, 37)
    alone = bits(backprop_parts(net, read, range(len(read)), squared_error))
    for seed in range(5):
        assert bits(backprop_parts(net, read, range(len(read)), squared_error, Shuffled(seed))) == alone
    for workers in (1, 2, 5):
        with ThreadPoolExecutor(workers) as pool:
            assert bits(backprop_parts(net, read, range(len(read)), squared_error, pool, at_once=3)) == alone
    other = bits(backprop_parts(net, read, range(len(read))[::-1], squared_error))
    assert other != alone, "no order of the sum would have been noticed"


def test_other_processes_give_the_same_bits_and_read_the_files_themselves(tmp_path):
    net, X, Y = some(2, 300)
    names = tmp_path / "X.npy", tmp_path / "Y.npy"
    for name, array in zip(names, (X, Y)):
        np.save(name, array)
    net = net.replace(2, phi="identity")                # a ready φ that is a lambda
    read = Parts(*names, 64)
    with ProcessPoolExecutor(2) as pool:
        assert bits(backprop_parts(net, read, range(5), squared_error, pool)) == bits(
            backprop_parts(net, Parts(X, Y, 64), range(5), squared_error))


@pytest.mark.parametrize("phi", nnlib.activations.ACTIVATIONS)
def test_a_ready_activation_travels_by_its_name(phi):
    ready = nnlib.activations.activation(phi)
    assert pickle.loads(pickle.dumps(ready)) is ready
    own = nnlib.Activation("tanh", np.sin, np.cos)      # its name alone would make it another
    assert pickle.loads(pickle.dumps(own)).f is np.sin


def test_a_file_is_read_by_parts(tmp_path):
    names = tmp_path / "X.npy", tmp_path / "Y.npy"
    for name, width in zip(names, (100, 3)):
        np.lib.format.open_memmap(name, mode="w+", dtype=float, shape=(100_000, width)).flush()
    net = some(widths=(100, 4, 3))[0]
    tracemalloc.start()
    backprop_parts(net, Parts(*names, 1000), range(100), squared_error)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert names[0].stat().st_size > 80e6 and peak < 8e6


def test_no_more_is_asked_for_than_may_be_kept():
    pool = Shuffled(0)
    assert [*in_order(pool, pow, [(k, 2) for k in range(40)], at_once=7)] == [k * k for k in range(40)]
    assert pool.most == 7


def test_after_an_error_nothing_more_is_computed():
    futures = []

    class Pool:
        def submit(self, function, *arguments):
            futures.append(Future())
            if len(futures) == 1:
                futures[0].set_exception(ZeroDivisionError("in a worker"))
            return futures[-1]

    terms = in_order(Pool(), pow, [(2, 3)] * 9, at_once=4)
    with pytest.raises(ZeroDivisionError, match="in a worker"):
        next(terms)
    assert len(futures) == 4 and all(one.cancelled() for one in futures[1:])


@pytest.mark.parametrize("optimizer", [SGD(0.1, 0.9), Adam(0.01)], ids=["SGD", "Adam"])
def test_training_by_parts_is_training(optimizer):
    net, X, Y = some(3, 90)
    by_parts, history = train_parts(net, Parts(X, Y, 10), range(9), squared_error, optimizer, 4, each=2)
    usual, seen = train(net, X, Y, squared_error, optimizer, 4, batch_size=20)
    np.testing.assert_allclose(flat(by_parts), flat(usual), rtol=1e-9)
    np.testing.assert_allclose(history.loss, seen.loss, rtol=1e-9)
    with ThreadPoolExecutor(3) as pool:
        again, _ = train_parts(net, Parts(X, Y, 10), range(9), squared_error, optimizer, 4, each=2, pool=pool)
    assert flat(again).tobytes() == flat(by_parts).tobytes()


def test_float32_stays_float32():
    net, X, Y = some()
    small = nnlib.Network([nnlib.Layer(layer.W.astype("f"), layer.b.astype("f"), layer.phi) for layer in net])
    value, gradients = backprop_parts(small, Parts(X.astype("f"), Y.astype("f"), 20), range(6), squared_error)
    assert type(value) is float and flat(gradients).dtype == np.float32


def test_sums_are_added_by_their_points():
    one, other = Sums(1, 3.0, np.array([1.0])), Sums(3, 5.0, np.array([7.0]))
    assert both(one, other)[:2] == (4, 8.0) and both(one, other).gradient == [8]
    net = nnlib.Network([nnlib.Layer([[1.0]], [0.0], "identity")])
    value, ((W, b),) = mean(net, Sums(4, 8.0, np.array([8.0, 2.0])))
    assert (value, W.tolist(), b.tolist()) == (2, [[2]], [0.5])


@pytest.mark.parametrize("wrong, error, said", [
    (dict(parts=[]), ValueError, "parts must name a part or more"),
    (dict(parts=4), TypeError, "parts must"),
    (dict(pool=7), TypeError, "pool must have a submit"),
    (dict(at_once=0), ValueError, "at_once must be"),
    (dict(read=3), TypeError, "read must be a function"),
    (dict(parts=[9]), IndexError, "k must lie in 0 … 3"),
    (dict(progress=1), TypeError, "progress"),
], ids=str)
def test_what_does_not_fit_is_refused(wrong, error, said):
    with pytest.raises(error, match=said):
        total(**dict(net=PENCIL, read=Parts(X, Y, 1), parts=range(4), loss=squared_error) | wrong)
    with pytest.raises(ValueError, match="a row for each point; got 4 rows and 3"):
        Parts(X, Y[:3], 1)
    with pytest.raises(ValueError, match="size"):
        Parts(X, Y, 0)


# With Dask ----------------------------------------------------------------------------------------------------------

DASK = ROOT / ".venv-dask" / ("Scripts" if os.name == "nt" else "bin") / "python"
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")
# Part 5 tells which process reads it, and the first of these waits to be ended.
LOST = """
import os, pathlib, resource, signal, sys, threading, time
import numpy as np
from dask.distributed import Client, LocalCluster
from nnlib import digits, digits_network, cross_entropy, one_hot, random_network, squared_error
from nnlib.distributed import Parts, backprop_parts
from nnlib.training import flat

note = pathlib.Path(sys.argv[1])

def waits(k):
    if k == 5:
        again = note.exists()
        with note.open("a") as file:
            file.write(f"{os.getpid()}\\n")
        if not again:
            time.sleep(600)
    X, labels = digits()
    return Parts(X, one_hot(labels, 10), 200)(k)

def ends():
    while not note.exists() or not note.read_text().endswith("\\n"):
        time.sleep(0.01)
    os.kill(int(note.read_text()), signal.SIGKILL)

if __name__ == "__main__":
    X, labels = digits()
    alone = backprop_parts(digits_network(), Parts(X, one_hot(labels, 10), 200), range(9), cross_entropy)
    names = [str(note.with_name(f"{letter}.npy")) for letter in "XY"]
    for name, width in zip(names, (100, 1)):            # zeros, which take no room on the disk
        np.lib.format.open_memmap(name, mode="w+", dtype=float, shape=(600_000, width)).flush()
    few = random_network((100, 1), "tanh", np.random.default_rng(0))
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster, Client(cluster) as pool:
        started = {one.process.process.pid for one in cluster.workers.values()}
        threading.Thread(target=ends, daemon=True).start()
        found = backprop_parts(digits_network(), waits, range(9), cross_entropy, pool)
        value, _ = backprop_parts(few, Parts(*names, 10_000), range(60), squared_error, pool)
        peak = max(pool.run(lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024).values())
    assert abs(value - np.tanh(few[0].b[0]) ** 2 / 2) < 1e-12
    assert peak < os.path.getsize(names[0]) / 1.5, f"{peak / 1e6:.0f} MB in a worker's memory"
    first, second = map(int, note.read_text().split())
    assert first in started and first != second, (first, second, started)
    assert found[0] == alone[0] and (flat(found[1]) == flat(alone[1])).all()
    print("the same bits")
"""


@pytest.mark.parametrize("data, error, said", [
    (lambda folder: (np.ma.masked_array(X, X > 3), Y), TypeError, "X must be an array of real numbers"),
    (lambda folder: (np.arange(9.0), Y), ValueError, "X must have a row for each point and a column"),
    (lambda folder: (None, Y), TypeError, "X must be an array of real numbers"),
    (lambda folder: (X, 3.0), TypeError, "Y must be an array of real numbers"),
    (lambda folder: (X.astype(object), Y), TypeError, "X must be an array of real numbers"),
    (lambda folder: (X, Y[:3]), ValueError, "X and Y must have a row for each point; got 4 rows and 3"),
    (lambda folder: (str(folder / "words.csv"), Y), TypeError, "or the name of a .npy file"),
])
def test_parts_are_of_arrays_with_rows(data, error, said, tmp_path):
    (tmp_path / "words.csv").write_text("1,2\n3,4\n")
    with pytest.raises(error, match=said):
        Parts(*data(tmp_path), 2)


def test_a_file_that_changes_is_noticed(tmp_path):
    names = [tmp_path / "X.npy", tmp_path / "Y.npy"]
    for name, array in zip(names, (X, Y)):
        np.save(name, array)
    read = Parts(*names, 2)
    for name, array in zip(names, (X, Y)):
        np.save(name, array[:3])
    with pytest.raises(ValueError, match="X must have its 4 rows as long as it is read; got 3"):
        read(0)


def test_an_error_names_the_part_and_a_sum_out_of_range_is_refused():
    bad = X.astype(float)
    bad[3, 0] = np.nan
    with pytest.raises(ValueError, match="part 1: X must be finite"):
        backprop_parts(PENCIL, Parts(bad, Y, 2), range(2), squared_error)
    for found, said in ((None, "must be a list"), ((X, Y, Y), "must be a pair")):
        with pytest.raises((TypeError, ValueError), match=rf"what read\(0\) returns {said}"):
            backprop_parts(PENCIL, lambda k, found=found: found, range(1), squared_error)
    large = np.full((500, 1), 1e36, "f4")
    line = nnlib.Network([nnlib.Layer(np.ones((1, 1), "f4"), np.zeros(1, "f4"), "identity")])
    with np.errstate(over="ignore"), pytest.raises(OverflowError):
        backprop_parts(line, Parts(large, np.ones((500, 1), "f4"), 500), range(1), squared_error)


def test_parts_may_be_as_many_as_a_range_has():
    read = Parts(X, Y, 4)
    many = range(0, 1)
    assert bits(backprop_parts(PENCIL, read, many, squared_error)) == bits(backprop_parts(PENCIL, read, [0], squared_error))
    with pytest.raises(IndexError, match="k must lie in"):
        backprop_parts(PENCIL, read, range(1, 10**6), squared_error)


def test_ctrl_c_gives_what_was_learned_so_far(capsys):
    net, data, answers = some()
    calls = []

    def read(k):
        calls.append(k)
        if len(calls) == 6:
            raise KeyboardInterrupt
        return data[50 * k:50 * k + 50], answers[50 * k:50 * k + 50]

    found, history = train_parts(net, read, range(2), squared_error, SGD(0.1), 5)
    wanted, _ = train_parts(net, Parts(data[:100], answers[:100], 50), range(2), squared_error, SGD(0.1), 2)
    assert flat(found).tobytes() == flat(wanted).tobytes() and len(history.loss) == 2
    assert "interrupted after 2 of 5 steps" in capsys.readouterr().err
    with pytest.raises(TypeError, match="optimizer must be an Optimizer"):
        train_parts(net, read, range(2), squared_error, 3, 5)


@pytest.mark.long
@pytest.mark.not_for_mutants
def test_a_lost_worker_loses_nothing_and_data_may_be_larger_than_a_memory(tmp_path):
    if not (DASK.parent.parent / "ready").exists():
        pytest.skip("`make dask` has not yet made .venv-dask")
    program = tmp_path / "lost.py"
    program.write_text(LOST, encoding="utf-8")
    done = subprocess.run([DASK, program, tmp_path / "note"], cwd=tmp_path, env=os.environ | ONE_THREAD, capture_output=True,
                          text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "the same bits\n"
