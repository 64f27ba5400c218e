"""What machines.py runs in .venv-dask: training on a cluster, and the time of a step with one worker and with two.

All times of a row are taken in turns in one run, the shortest of several, and only their ratios are kept: each is a part of
the time that this process needs for the step by itself. What moving takes is measured with arrays of other sizes, so that
the prediction knows nothing of the steps that it is compared with.
"""
import importlib.metadata
import json
import logging
import os
import pickle
import platform
import sys
import tempfile
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import numpy as np
from dask.distributed import Client, LocalCluster

from nnlib import Adam, cross_entropy, digits, one_hot, predict, random_network, squared_error
from nnlib.distributed import Here, Parts, backprop_parts, in_order, part_sums, train_parts
from nnlib.training import flat

REPORT = Path(__file__).resolve().parent / "machines.json"
WIDTHS, PARTS, POINTS, ROUNDS = (64, 256, 256, 10), 8, (64, 256, 1024, 4096), 9


def of_digits(k):
    """Part k of the digits, which each worker has in its own nnlib."""
    X, labels = digits()
    return Parts(X, one_hot(labels, 10), 200)(k)


def connected(address):
    """A Client of the scheduler at that address, or of two workers on this machine."""
    if address is None:
        return Client(n_workers=2, threads_per_worker=1, dashboard_address=":0")
    if "://" not in address:
        sys.exit(f"AT must be the address of a scheduler, such as tcp://10.0.0.7:8786; got {address}")
    return Client(address, timeout=10)


def train(address=None):
    """The classifier of the digits, by the workers of a scheduler or of a local cluster."""
    net, (X, labels) = random_network((64, 32, 16, 10), "tanh", np.random.default_rng(0)), digits()
    net = net.replace(2, phi="identity")
    with connected(address) as pool:
        print("waiting for a worker", flush=True)
        pool.wait_for_workers(1, timeout=60)
        count = len(pool.scheduler_info()["workers"])
        print(f"{count} worker{'s' * (count != 1)}", flush=True)
        found, history = train_parts(net, of_digits, range(9), cross_entropy, Adam(0.01), 30, 3, pool, progress=True)
    alone, _ = train_parts(net, of_digits, range(9), cross_entropy, Adam(0.01), 30, each=3)
    right = (predict(found, X).argmax(axis=1) == labels).mean()
    same = flat(found).tobytes() == flat(alone).tobytes()
    print(f"loss {history.loss[0]:.3f} … {history.loss[-1]:.3f}, {right:.1%} of the digits seen right")
    print("to the bit what this process finds by itself" if same else "not to the bit what this process finds by itself")


def seconds(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def back(array):
    return array + 1


def moving(pool, numbers):
    """Seconds in which PARTS arrays of so many numbers go to workers and come back changed."""
    arrays = [(np.random.default_rng(k).random(numbers),) for k in range(PARTS)]
    return seconds(lambda: [*in_order(pool, back, arrays)])


def computed(net, read, parts):
    """All that a worker computes of these parts, of which nothing is sent back."""
    for k in parts:
        part_sums(net, read, k, squared_error)


def computing(pool, net, read, workers):
    """Seconds in which so many workers compute all parts at once, each its share, and move nothing but their orders."""
    shares = [(net, read, range(share, PARTS, workers)) for share in range(workers)]
    return seconds(lambda: [*in_order(pool, computed, shares)])


def row(net, pools, points, folder):
    """Of steps with so many points in a part: what one and two workers took, and what moving takes, over the time alone."""
    rng, names = np.random.default_rng(points), (folder / f"X{points}.npy", folder / f"Y{points}.npy")
    for name, width in zip(names, (WIDTHS[0], WIDTHS[-1])):
        np.save(name, rng.random((PARTS * points, width)))
    read, taken = Parts(*map(str, names), points), []
    large = 2 * flat(net).size
    for number in range(ROUNDS + 1):
        moved = net.replace(0, b=net[0].b + number * 1e-3)              # Dask does not compute anew what it still knows
        alone, one, two = (seconds(partial(backprop_parts, moved, read, range(PARTS), squared_error, pool))
                           for pool in (Here(), *pools))
        busy = [computing(pool, moved, read, workers) for workers, pool in enumerate(pools, 1)]
        none, much = moving(pools[1], 1 + number), moving(pools[1], large + number)
        if number:                                                      # the first round warms all up
            taken.append([alone, one, two, *busy, none, much])
    sums = part_sums(net, read, 0, squared_error)
    size = PARTS * (len(pickle.dumps(net)) + len(pickle.dumps(sums)))
    alone, *others = map(min, zip(*taken))                              # what else the machine does makes times longer only
    one, two, busy_one, busy_two, latency, much = (time / alone for time in others)
    for_a_byte = (much - latency) / (2 * PARTS * 8 * large)             # an array goes there and comes back
    return {"points": points, "one": round(one, 3), "two": round(two, 3), "busy": [round(busy_one, 3), round(busy_two, 3)],
            "latency": round(latency, 4),
            "moved": round(size * for_a_byte, 4), "bytes": size}


def measure():
    net = random_network(WIDTHS, "tanh", np.random.default_rng(0))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        pools = []
        for count in (1, 2):
            cluster = stack.enter_context(LocalCluster(n_workers=count, threads_per_worker=1, dashboard_address=":0"))
            pools.append(stack.enter_context(Client(cluster.scheduler_address)))
        rows = [row(net, pools, points, folder) for points in POINTS]
    versions = {"Python": platform.python_version(), "NumPy": np.__version__,
                "Dask": importlib.metadata.version("distributed")}
    report = json.loads(REPORT.read_text(encoding="utf-8")) if REPORT.exists() else {}
    report |= {"versions": versions, "widths": WIDTHS, "parts": PARTS, "rows": rows}
    REPORT.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    for one in rows:
        print(one, "predicted", [round(busy + one["moved"] + one["latency"], 3) for busy in one["busy"]])


if __name__ == "__main__":
    if os.environ.get("OPENBLAS_NUM_THREADS") != "1":
        sys.exit("make dask and make machines start this: each process must have one thread, or one alone has several")
    if sys.argv[1:2] == ["measure"]:
        measure()
        sys.exit()
    logging.disable(logging.CRITICAL)                                   # Dask tells of a lost connection on many lines
    try:
        train(*sys.argv[2:3])
    except (OSError, ValueError, TimeoutError) as error:
        where = f"at {sys.argv[2]}" if sys.argv[2:3] else "of this machine"
        sys.exit(f"The scheduler {where} did not answer, or had no worker for a minute: {str(error).splitlines()[0]}")
    except KeyboardInterrupt:
        sys.exit("\nInterrupted.")
