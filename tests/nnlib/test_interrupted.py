"""Training that a person watches: Ctrl-C at any moment, and the bar, with tqdm and without, in a terminal and elsewhere."""
import inspect
import io
import os
import signal
import subprocess
import sys
import tracemalloc
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from numpy.testing import assert_allclose

from nnlib import (SGD, Adam, History, Layer, Loss, Network, Optimizer, cross_entropy, predict, random_network,
                   squared_error, train, training)
from nnlib.training import flat

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has other signals, and no pseudo-terminals")
NET = random_network((3, 4, 2), "tanh", np.random.default_rng(0))
X, Y = np.random.default_rng(1).normal(size=(5, 3)), np.random.default_rng(2).normal(size=(5, 2))
HELD = np.random.default_rng(3).normal(size=(3, 3)), np.random.default_rng(4).normal(size=(3, 2))
TO_DO = dict(epochs=3, batch_size=2, l2=0.1, validation=HELD)


# Ctrl-C ----------------------------------------------------------------------------------------------------------------

class Noted(Adam):
    """Adam in its fast form, which notes the parameters after each step."""
    def rule(self, theta, g, state):
        raise AssertionError("train takes `move`")

    def move(self, theta, g, state):
        state = Adam.move(self, theta, g, state)
        self.seen.append(theta.copy())
        return state


def interrupted(line, optimizer):
    """What `train` returns when a KeyboardInterrupt arrives before that line of training.py; "" where it passes through."""
    left = [line]

    def trace(frame, event, argument):
        if frame.f_code.co_filename != training.__file__:
            return None
        if event == "line":
            left[0] -= 1
            if left[0] == 0:
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        return train(NET, X, Y, squared_error, optimizer, **TO_DO), left[0] <= 0
    except KeyboardInterrupt:
        return None, True
    finally:
        sys.settrace(before)


def test_ctrl_c_at_any_line_leaves_whole_steps_and_whole_epochs(capsys):
    Noted.seen = []
    _, history = train(NET, X, Y, squared_error, Noted(0.1), **TO_DO)
    places, line, kept, passed = [flat(NET), *Noted.seen], 0, set(), []
    assert len(places) == 1 + 3 * 3
    while True:
        line += 1
        Noted.seen = []
        got, came = interrupted(line, Noted(0.1))
        if not came:
            break
        if got is None:
            passed.append(len(Noted.seen))
            continue
        net, part = got
        steps = [k for k, theta in enumerate(places) if (theta == flat(net)).all()]
        assert len(steps) == 1 and 3 * len(part.loss) <= steps[0] <= 3 * (len(part.loss) + 1), line
        assert part.loss.tolist() == history.loss[:len(part.loss)].tolist()
        assert part.validation.tolist() == history.validation[:len(part.loss)].tolist()
        assert capsys.readouterr().err == (
            f"interrupted after {len(part.loss)} whole epochs of 3: the network is returned as it is now\n")
        kept.add(steps[0])
    assert kept == set(range(10)) and line > 200
    assert set(passed) == {0, 9}, "it may pass through before the first step and after the last alone"


def test_ctrl_c_after_the_loss_has_left_the_floats_says_so():
    class Lost(Optimizer):
        def rule(self, theta, g, state):
            return theta * np.inf, state

        def move(self, theta, g, state):
            theta *= np.inf
            raise KeyboardInterrupt

    with pytest.raises(OverflowError, match="^a parameter is no longer finite in epoch 1 of 3: take a smaller "):
        train(NET, X, Y, squared_error, Lost(), **TO_DO)


def test_an_interrupt_in_the_first_epoch_returns_an_empty_history(capsys):
    class Stopped(SGD):
        def move(self, theta, g, state):
            raise KeyboardInterrupt

    for validation in (None, HELD):
        net, history = train(NET, X, Y, squared_error, Stopped(0.1), 3, validation=validation)
        assert (flat(net) == flat(NET)).all() and history.loss.shape == (0,)
        assert (history.validation is None) if validation is None else history.validation.shape == (0,)


CHILD = """
import signal
import sys
import numpy as np
from nnlib import SGD, random_network, squared_error, train
from nnlib.training import flat
signal.signal(signal.SIGINT, signal.default_int_handler)
rng = np.random.default_rng(0)
net, X, Y = random_network((3, 4, 2), "tanh", rng), rng.normal(size=(200, 3)), rng.normal(size=(200, 2))

def stop(history):
    if len(history.loss) == 2:
        print("two epochs", flush=True)
    return False

new, history = train(net, X, Y, squared_error, SGD(1e-3), 10**9, batch_size=1, stop=stop)
count = len(history.loss)
place, losses = train(net, X, Y, squared_error, SGD(1e-3), count, batch_size=1)
assert (losses.loss == history.loss).all()
steps = 0
while (flat(place) != flat(new)).any():
    place, steps = train(place, X[steps:steps + 1], Y[steps:steps + 1], squared_error, SGD(1e-3), 1)[0], steps + 1
print(count, steps)
"""


@POSIX
@pytest.mark.not_for_mutants
def test_a_real_ctrl_c_returns_the_network_after_a_whole_step():
    child = subprocess.Popen([sys.executable, "-c", CHILD], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert child.stdout.readline() == "two epochs\n"
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=60)
    finally:
        child.kill()
    assert child.returncode == 0, err
    count, steps = map(int, out.split())
    assert count >= 2 and 0 <= steps <= 200
    assert err == f"interrupted after {count} whole epochs of 1000000000: the network is returned as it is now\n"


# The bar ---------------------------------------------------------------------------------------------------------------

WATCHED = """
import sys
if "without" in sys.argv:
    sys.modules["tqdm"] = None
import numpy as np
from nnlib import Adam, random_network, squared_error, train
from nnlib.training import flat
rng = np.random.default_rng(0)
net, X, Y = random_network((3, 4, 2), "tanh", rng), rng.normal(size=(20, 3)), rng.normal(size=(20, 2))
def stop(history):
    if "interrupted" in sys.argv and len(history.loss) == 2:
        raise KeyboardInterrupt
    return False
new, history = train(net, X, Y, squared_error, Adam(0.1), 3, 6, rng=np.random.default_rng(1), validation=(X, Y), stop=stop,
                     progress="silent" not in sys.argv)
print(flat(new).tobytes().hex(), history.loss.tobytes().hex(), history.validation.tobytes().hex())
"""


def watched(*words, terminal):
    """What a run prints, and what it says to a terminal, or to a file that nobody looks at."""
    command = [sys.executable, "-c", WATCHED, *words]
    if not terminal:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        return done.stdout, done.stderr
    import pty
    import termios
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, text=True)
    os.close(theirs)
    said = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:                     # Linux says so that the other end is closed
            break
        if not part:
            break
        said += part
    os.close(ours)
    return child.communicate(timeout=60)[0], said.decode()


@POSIX
@pytest.mark.not_for_mutants
def test_a_bar_is_shown_to_a_person_and_changes_no_number():
    pytest.importorskip("tqdm")
    numbers, bar = watched(terminal=True)
    assert "3/3" in bar and "epoch" in bar and len(numbers.split()) == 3
    for words, terminal in (((), False), (("without",), True), (("without",), False), (("silent",), True)):
        assert watched(*words, terminal=terminal) == (numbers, ""), (words, terminal)


@POSIX
@pytest.mark.not_for_mutants
def test_the_word_on_ctrl_c_stands_below_the_bar():
    pytest.importorskip("tqdm")
    numbers, said = watched("interrupted", terminal=True)
    lines = said.replace("\r\n", "\n").splitlines()
    assert "2/3" in said or "1/3" in said
    assert lines[-1] == "interrupted after 2 whole epochs of 3: the network is returned as it is now"
    assert watched("interrupted", terminal=False) == (numbers, lines[-1] + "\n")


class Screen(io.StringIO):
    """Somewhere to write errors: a terminal, or none."""
    terminal = True

    def isatty(self):
        return self.terminal


class Notebook(Screen):
    __module__, terminal = "ipykernel.iostream", False


class File(Screen):
    terminal = False


@pytest.mark.parametrize("screen, asked, installed, shown", [
    (Screen, True, True, True), (Notebook, True, True, True), (File, True, True, False), (Screen, False, True, False),
    (Notebook, False, True, False), (Screen, True, False, False), (Notebook, True, False, False),
    (lambda: None, True, True, False)])
def test_who_sees_a_bar(screen, asked, installed, shown, monkeypatch):
    pytest.importorskip("tqdm")
    if not installed:
        monkeypatch.setitem(sys.modules, "tqdm", None)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", screen())
        net, _ = train(NET, X, Y, squared_error, SGD(0.1), 3, progress=asked)
        said = sys.stderr.getvalue() if sys.stderr else ""
    assert ("3/3" in said) == bool(said) == shown
    assert (flat(net) == flat(train(NET, X, Y, squared_error, SGD(0.1), 3)[0])).all()


@pytest.mark.long
@pytest.mark.not_for_mutants
def test_a_bar_is_shown_in_a_notebook():
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    pytest.importorskip("tqdm")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(WATCHED)])
    nbclient.NotebookClient(notebook, timeout=120).execute()
    said = "".join(output["text"] for output in notebook.cells[0].outputs if output.get("name") == "stderr")
    assert "3/3" in said and "Warning" not in said


# What else a person may count on ---------------------------------------------------------------------------------------

def test_epochs_in_parts_are_the_epochs_in_one_go_to_the_bit():
    """Where an optimizer remembers nothing, with the same generator going on."""
    rng = np.random.default_rng(5)
    whole, history = train(NET, X, Y, squared_error, SGD(0.1), 5, 2, rng=rng)
    rng, net, losses = np.random.default_rng(5), NET, []
    for epochs in (2, 1, 2):
        net, part = train(net, X, Y, squared_error, SGD(0.1), epochs, 2, rng=rng)
        losses += part.loss.tolist()
    assert (flat(net) == flat(whole)).all() and losses == history.loss.tolist()


def test_the_order_of_the_data_is_that_of_permutations_and_nothing_else_is_drawn():
    numbered = np.arange(7.0)[:, None] * [1, 1, 1], np.arange(7.0)[:, None] * [1, 1]
    seen = []

    def of_rows(A, Y):
        seen.append(Y[:, 0].astype(int).tolist())
        return squared_error.of_rows(A, Y)

    loss, rng = Loss("watching", of_rows), np.random.default_rng(6)
    seen.clear()
    train(NET, *numbered, loss, SGD(0.1), 2, 3, rng=rng)
    again = np.random.default_rng(6)
    orders = [again.permutation(7).tolist() for _ in range(2)]
    assert seen[1:] == [order[start:start + 3] for order in orders for start in (0, 3, 6)]   # seen[0]: two points are tried
    assert rng.bit_generator.state == again.bit_generator.state
    seen.clear()
    train(NET, *numbered, loss, SGD(0.1), 2, 3)
    assert seen[1:] == [[0, 1, 2], [3, 4, 5], [6]] * 2


def test_a_loss_of_held_out_points_that_leaves_the_floats_is_told():
    net = random_network((3, 2), "square", np.random.default_rng(0))
    far = HELD[0] * 1e60, HELD[1]
    with pytest.raises(OverflowError, match="^the loss of validation is no longer finite in epoch 2 of 3: "):
        train(net, X * 1e-30, Y, squared_error, own_step(1e30), 3, validation=far)


def own_step(factor):
    class Grows(Optimizer):
        def first_state(self, theta):
            return 0

        def rule(self, theta, g, count):
            return theta * (factor if count else 1.0), count + 1
    return Grows()


def test_a_history_of_one_s_own():
    losses = np.array([3.0, 2.0])
    history = History(losses, [4, 5])
    losses[0] = 9
    assert history.loss.tolist() == [3, 2] and history.validation.tolist() == [4, 5]
    assert not history.loss.flags.writeable and not history.validation.flags.writeable
    assert History([1.0]).validation is None
    with pytest.raises(ValueError, match=r"validation must have shape \(2,\), because it has a number for each of loss"):
        History([1.0, 2], [1.0])


def test_the_place_of_a_number_that_is_not_finite_is_named_in_a_long_array():
    many = np.zeros((200, 3))
    answers = np.zeros((200, 2))
    many[150, 1], answers[130, 0] = np.inf, np.nan
    for wrong, sentence in (((many, answers), r"X must be finite in float64; got inf at index \(150, 1\)"),
                            ((np.zeros((200, 3)), answers), r"Y must be finite in float64; got nan at index \(130, 0\)")):
        with pytest.raises(ValueError, match=sentence):
            train(NET, *wrong, squared_error, SGD(0.1), 1)


@pytest.mark.parametrize("row", [0, 2, 63, 64, 199])
def test_no_row_is_left_unseen(row):
    many, answers = np.zeros((200, 3)), np.zeros((200, 2))
    for part, name in ((many, "X"), (answers, "Y")):
        part[row, 1] = np.nan
        with pytest.raises(ValueError, match=rf"^{name} must be finite in float64; got nan at index \({row}, 1\)$"):
            train(NET, many, answers, squared_error, SGD(0.1), 1)
        part[row, 1] = 0


def test_data_beyond_the_floats_of_the_network_is_refused():
    net = Network([Layer(layer.W.astype(np.float32), layer.b.astype(np.float32), "tanh") for layer in NET])
    far = np.zeros((200, 3))
    far[170, 2] = 1e39
    with pytest.raises(ValueError, match=r"X must be finite in float32; got inf at index \(170, 2\)"):
        train(net, far, np.zeros((200, 2)), squared_error, SGD(0.1), 1)


@pytest.mark.parametrize("which", [0, 1])
def test_a_loss_that_writes_into_what_it_reads_is_stopped(which):
    def writing(*read):
        if len(read[0]) > 2:
            read[which][:] -= 1
        return squared_error.of_rows(*read)

    kept = Y.copy()
    with pytest.raises(ValueError, match="read-only"):
        train(NET, X, Y, Loss("writing", writing), SGD(0.1), 1)
    assert (kept == Y).all()


def test_data_in_the_right_floats_and_in_order_is_not_copied():
    def of_rows(A, part):
        shared.append(np.shares_memory(part, answers))
        return squared_error.of_rows(A, part)

    many, answers, shared = np.zeros((20_000, 60)), np.zeros((20_000, 1)), []
    net = random_network((60, 1), "identity", np.random.default_rng(0))
    tracemalloc.start()
    train(net, many, answers, Loss("watching", of_rows), SGD(0.1), 1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < many.nbytes / 2 and shared[-1]


def test_settings_and_histories_are_values():
    for value, name in ((SGD(0.1), "momentum"), (Adam(), "beta1"), (History([1.0]), "loss")):
        with pytest.raises(FrozenInstanceError):
            setattr(value, name, 0.5)
    assert Adam() == Adam(0.001, 0.9, 0.999, 1e-8) and SGD(0.1) == SGD(0.1, 0.0) != SGD(0.2)
    one = History([1.0])
    assert one == one and one != History([1.0]) and len({one, History([1.0])}) == 2


def test_nothing_is_shown_to_those_who_do_not_ask():
    defaults = {name: argument.default for name, argument in inspect.signature(train).parameters.items()}
    assert defaults["progress"] is False and defaults["l2"] == 0


def test_a_stop_that_returns_nothing_is_told():
    with pytest.raises(TypeError, match="^what stop returns must be True or False; got None$"):
        train(NET, X, Y, squared_error, SGD(0.1), 2, stop=lambda history: None)


def test_training_with_held_out_points_is_training_without():
    probabilities = np.full((5, 2), 0.5)
    one = train(NET, X, probabilities, cross_entropy, Adam(0.1), 3, 2)[0]
    other, history = train(NET, X, probabilities, cross_entropy, Adam(0.1), 3, 2, validation=(X, probabilities))
    assert (flat(one) == flat(other)).all()
    assert_allclose(history.validation[-1], cross_entropy(predict(other, X), probabilities), rtol=1e-12)
