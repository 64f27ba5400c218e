"""The questions of sides.py, answered by PyTorch, JAX and scikit-learn in the way that their own documents teach.

JAX compiles each answer once, before it is timed. All get their own arrays, of the same numbers and the same type.
"""
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from torch.func import jacrev, jvp

from benchmarks.sides import EPOCHS, RATE, process

torch.set_num_threads(1)
jax.config.update("jax_enable_x64", True)
jax.config.update("jax_cpu_enable_async_dispatch", False)       # else a second thread computes
warnings.simplefilter("ignore", ConvergenceWarning)             # it says that a few epochs are few
TORCH = {"relu": torch.relu, "tanh": torch.tanh, "identity": lambda z: z}
JAX = {"relu": jax.nn.relu, "tanh": jnp.tanh, "identity": lambda z: z}


def torch_arrays(net):
    return [torch.tensor(one) for layer in net for one in (layer.W, layer.b)]


def jax_arrays(net):
    return [jnp.array(one) for layer in net for one in (layer.W, layer.b)]


def torch_outputs(net, x, parameters):
    for m, layer in enumerate(net):
        x = TORCH[layer.phi.name](torch.nn.functional.linear(x, *parameters[2 * m:2 * m + 2]))
    return x


def jax_outputs(net, x, parameters):
    for m, layer in enumerate(net):
        x = JAX[layer.phi.name](x @ parameters[2 * m].T + parameters[2 * m + 1])
    return x


def compiled(function, *arguments):
    function = jax.jit(function).lower(*arguments).compile()
    return lambda: jax.block_until_ready(function(*arguments))


def pytorch_gradient(net, X, Y):
    parameters, X, Y = [one.requires_grad_() for one in torch_arrays(net)], torch.tensor(X), torch.tensor(Y)

    def gradient():
        value = torch.nn.functional.cross_entropy(torch_outputs(net, X, parameters), Y)
        return value, torch.autograd.grad(value, parameters)

    return gradient


def jax_gradient(net, X, Y):
    def value(parameters, X, Y):
        return -(Y * jax.nn.log_softmax(jax_outputs(net, X, parameters))).sum() / len(Y)

    return compiled(jax.value_and_grad(value), jax_arrays(net), jnp.array(X), jnp.array(Y))


def pytorch_training(net, X, Y, size):
    begun, X, labels = torch_arrays(net), torch.tensor(X), torch.tensor(Y.argmax(axis=1))
    parameters, batches = [one.clone().requires_grad_() for one in begun], list(zip(X.split(size), labels.split(size)))
    optimizer = torch.optim.SGD(parameters, lr=RATE)

    def epoch():
        total = 0.0
        for X, labels in batches:
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(torch_outputs(net, X, parameters), labels)
            loss.backward()
            optimizer.step()
            total += loss.item()
        return total / len(batches)

    def training():
        with torch.no_grad():
            for parameter, one in zip(parameters, begun):
                parameter.copy_(one)
        return [epoch() for _ in range(EPOCHS)], parameters

    return training


def jax_step(net):
    """A function of (parameters and the sum of the losses, a mini-batch) that makes one step."""
    def value(parameters, X, Y):
        return -(Y * jax.nn.log_softmax(jax_outputs(net, X, parameters))).sum() / len(Y)

    def step(state, batch):
        parameters, total = state
        loss, slopes = jax.value_and_grad(value)(parameters, *batch)
        return [one - RATE * slope for one, slope in zip(parameters, slopes)], total + loss

    return step


def jax_training(net, X, Y, size):
    """A compiled step, which is called for each mini-batch."""
    step, begun = jax.jit(jax_step(net)), jax_arrays(net)
    batches = [(jnp.array(X[start:start + size]), jnp.array(Y[start:start + size])) for start in range(0, len(X), size)]
    zero = jnp.zeros((), begun[0].dtype)

    def training():
        parameters, losses = begun, []
        for _ in range(EPOCHS):
            total = zero
            for batch in batches:
                parameters, total = step((parameters, total), batch)
            losses.append(total.item() / len(batches))
        return losses, jax.block_until_ready(parameters)

    return training


def jax_epochs(net, X, Y, size):
    """A compiled epoch."""
    step, begun = jax_step(net), jax_arrays(net)
    zero, batches = jnp.zeros((), begun[0].dtype), [jnp.array(part.reshape(-1, size, part.shape[1])) for part in (X, Y)]

    @jax.jit
    def epoch(parameters, X, Y):
        return jax.lax.scan(lambda state, batch: (step(state, batch), None), (parameters, zero), (X, Y))[0]

    def training():
        parameters, losses = begun, []
        for _ in range(EPOCHS):
            parameters, total = epoch(parameters, *batches)
            losses.append(total.item() / len(batches[0]))
        return losses, jax.block_until_ready(parameters)

    return training


def scikit_learn_training(net, X, Y, size):
    if Y.shape[1] == 2:                     # for two classes its network has one output
        return None
    model = MLPClassifier(net.widths[1:-1], solver="sgd", alpha=0, batch_size=size, learning_rate_init=RATE, momentum=0,
                          shuffle=False, max_iter=EPOCHS, n_iter_no_change=np.inf, warm_start=True)
    labels = Y.argmax(axis=1)
    model.partial_fit(X, labels, classes=np.arange(Y.shape[1]))

    def training():
        model.coefs_, model.intercepts_ = [layer.W.T.copy() for layer in net], [layer.b.copy() for layer in net]
        model.fit(X, labels)
        return model.loss_curve_[-EPOCHS:], [(W.T, b) for W, b in zip(model.coefs_, model.intercepts_)]

    return training


def pytorch_process():
    return process("import torch")


def pytorch_jacobian(net, x):
    W, *others = torch_arrays(net)
    x = torch.tensor(x)
    return lambda: jacrev(lambda W: torch_outputs(net, x, [W, *others]))(W)


def jax_jacobian(net, x):
    W, *others = jax_arrays(net)
    return compiled(jax.jacrev(lambda W, x, others: jax_outputs(net, x, [W, *others])), W, jnp.array(x), others)


def pytorch_gram(net, x):
    parameters, x = torch_arrays(net), torch.tensor(x)

    def gram():
        parts = jacrev(lambda parameters: torch_outputs(net, x, parameters))(parameters)
        J = torch.cat([part.flatten(1) for part in parts], dim=1)
        return J @ J.T

    return gram


def jax_gram(net, x):
    def gram(parameters, x):
        parts = jax.jacrev(lambda parameters: jax_outputs(net, x, parameters))(parameters)
        J = jnp.concatenate([part.reshape(len(part), -1) for part in parts], axis=1)
        return J @ J.T

    return compiled(gram, jax_arrays(net), jnp.array(x))


def pytorch_entry(net, x, m, i, j):
    parameters, x = torch_arrays(net), torch.tensor(x)
    direction = torch.zeros_like(parameters[2 * m])
    direction[i, j] = 1

    def outputs(W):
        return torch_outputs(net, x, [*parameters[:2 * m], W, *parameters[2 * m + 1:]])

    return lambda: jvp(outputs, (parameters[2 * m],), (direction,))[1]


def jax_entry(net, x, m, i, j):
    parameters = jax_arrays(net)
    direction = jnp.zeros_like(parameters[2 * m]).at[i, j].set(1)

    def entry(W, direction, x, others):
        return jax.jvp(lambda W: jax_outputs(net, x, [*others[:2 * m], W, *others[2 * m:]]), (W,), (direction,))[1]

    return compiled(entry, parameters[2 * m], direction, jnp.array(x), [*parameters[:2 * m], *parameters[2 * m + 1:]])
