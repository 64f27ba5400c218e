"""The questions of sides.py, answered by PyTorch and JAX in the way that their own documents teach.

JAX compiles each answer once, before it is timed. Both get their own arrays, of the same numbers and the same type.
"""
import jax
import jax.numpy as jnp
import torch
from torch.func import jacrev, jvp

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
