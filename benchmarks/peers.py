"""The questions of sides.py, answered by PyTorch and JAX in the way that their own documents teach.

JAX compiles each answer once, before it is timed. Both get their own arrays, of the same numbers and the same type.
"""
import jax
import jax.numpy as jnp
import numpy as np
import torch
from sklearn.neural_network import MLPClassifier
from torch.func import jacrev, jvp

from benchmarks.sides import RATE

torch.set_num_threads(1)
jax.config.update("jax_enable_x64", True)
jax.config.update("jax_cpu_enable_async_dispatch", False)       # else a second thread computes
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
    begun, X, Y = torch_arrays(net), torch.tensor(X), torch.tensor(Y)
    parameters = [one.clone().requires_grad_() for one in begun]
    optimizer, batches = torch.optim.SGD(parameters, lr=RATE), list(zip(X.split(size), Y.split(size)))

    def training():
        with torch.no_grad():
            for parameter, one in zip(parameters, begun):
                parameter.copy_(one)
        for X, Y in batches:
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(torch_outputs(net, X, parameters), Y).backward()
            optimizer.step()
        return parameters

    return training


def jax_step(net):
    """One step, as JAX's own tutorials write it."""
    def value(parameters, X, Y):
        return -(Y * jax.nn.log_softmax(jax_outputs(net, X, parameters))).sum() / len(Y)

    def step(parameters, X, Y):
        return [one - RATE * slope for one, slope in zip(parameters, jax.grad(value)(parameters, X, Y))]

    return step


def jax_training(net, X, Y, size):
    step, begun = jax.jit(jax_step(net)), jax_arrays(net)
    batches = [(jnp.array(X[start:start + size]), jnp.array(Y[start:start + size])) for start in range(0, len(X), size)]

    def training():
        parameters = begun
        for X, Y in batches:
            parameters = step(parameters, X, Y)
        return jax.block_until_ready(parameters)

    return training


def jax_whole_epoch(net, X, Y, size):
    step = jax_step(net)

    def epoch(parameters, X, Y):
        return jax.lax.scan(lambda parameters, batch: (step(parameters, *batch), None), parameters, (X, Y))[0]

    return compiled(epoch, jax_arrays(net), *(jnp.array(part.reshape(-1, size, part.shape[1])) for part in (X, Y)))


def scikit_learn_training(net, X, Y, size):
    if Y.shape[1] == 2:                     # for two classes its network has one output
        return None
    labels, classes = Y.argmax(axis=1), np.arange(Y.shape[1])
    model = MLPClassifier(net.widths[1:-1], solver="sgd", alpha=0, batch_size=size, learning_rate_init=RATE, momentum=0,
                          shuffle=False)
    model.partial_fit(X, labels, classes=classes)

    def training():
        model.coefs_, model.intercepts_ = [layer.W.T.copy() for layer in net], [layer.b.copy() for layer in net]
        del model._optimizer                # it holds the parameters of the last call
        model.partial_fit(X, labels)
        return [part for W, b in zip(model.coefs_, model.intercepts_) for part in (W.T, b)]

    return training


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
