"""Networks handed to PyTorch, JAX, Keras, scikit-learn and ONNX Runtime, and taken back: do all compute the same numbers?

It runs in .venv-bench, which `make bench` makes: `.venv-bench/bin/python -m benchmarks.exchanged`. Each question is asked of
a batch in float64 and in float32; an answer that differs stops it.
"""
import os
import tempfile

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_PLATFORMS"] = "cpu"
import jax
import keras
import numpy as np
import onnx
import onnxruntime
import torch
from sklearn.neural_network import MLPClassifier, MLPRegressor

import nnlib
from nnlib import (Layer, Network, Parameters, backprop, cross_entropy, jacobian_b, jacobian_W, jacobian_x, jvp, predict,
                   squared_error, vjp)
from nnlib.onnx_models import from_onnx, to_onnx

jax.config.update("jax_enable_x64", True)
NEAR = {"float64": 1e-12, "float32": 1e-5}
HIDDEN = {"identity": "identity", "sigmoid": "logistic", "tanh": "tanh", "relu": "relu"}        # scikit-learn's words
TORCH = {"identity": lambda z: z, "square": torch.square, "sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu,
         "leaky_relu": torch.nn.functional.leaky_relu, "softplus": torch.nn.functional.softplus, "sin": torch.sin}
JAX = {"identity": lambda z: z, "square": jax.numpy.square, "sigmoid": jax.nn.sigmoid, "tanh": jax.numpy.tanh,
       "relu": jax.nn.relu, "leaky_relu": jax.nn.leaky_relu, "softplus": jax.nn.softplus, "sin": jax.numpy.sin}
counts = {}


def same(who, what, got, wanted, near):
    """Counts what is equal; stops at what is not."""
    got, wanted = np.asarray(got), np.asarray(wanted)
    if got.shape != wanted.shape or not (abs(got - wanted) <= near * max(1, abs(wanted).max())).all():
        raise SystemExit(f"{who}: {what} differs: {got.ravel()[:4]} beside {wanted.ravel()[:4]}")
    counts[who] = counts.get(who, 0) + wanted.size


def all_same(who, net, X, Y, loss, answers, value, by):
    """Outputs, loss and every derivative; by: [(by W, by b), …] in the shapes of the book."""
    near = NEAR[str(net.dtype)]
    mine, gradient = backprop(net, X, Y, loss)
    same(who, "the output", answers, predict(net, X), near)
    same(who, "the loss", value, mine, near)
    for m, (one, (by_W, by_b)) in enumerate(zip(gradient, by, strict=True)):
        same(who, f"the derivative by W{m}", by_W, one.W, near)
        same(who, f"the derivative by b{m}", by_b, one.b, near)


def taken_back(who, net, back):
    for m, (one, other) in enumerate(zip(net, back, strict=True)):
        assert one.W.dtype == other.W.dtype and one.phi is other.phi, who
        same(who, f"W{m}", other.W, one.W, 0)
        same(who, f"b{m}", other.b, one.b, 0)


def pytorch(net, X, Y, loss):
    phis, tensors = [TORCH[layer.phi.name] for layer in net], torch.from_numpy(X)
    state = nnlib.to_torch(net, [f"layers.{m}" for m in range(len(net))])
    model = torch.nn.Module()
    model.layers = torch.nn.ModuleList([torch.nn.Linear(*layer.W.shape[::-1], dtype=tensors.dtype) for layer in net])
    model.load_state_dict({name: torch.from_numpy(array) for name, array in state.items()})

    def run(a, parameters=None):
        for m, phi in enumerate(phis):
            W, b = (model.layers[m].weight, model.layers[m].bias) if parameters is None else parameters[m]
            a = phi(a @ W.T + b) if parameters else phi(model.layers[m](a))
        return a

    answers = run(tensors)
    right = torch.from_numpy(Y)
    value = (torch.nn.functional.mse_loss(answers, right, reduction="sum") / (2 * len(X)) if loss is squared_error
             else torch.nn.functional.cross_entropy(answers, right))
    value.backward()
    all_same("PyTorch", net, X, Y, loss, answers.detach(), value.item(),
             [(layer.weight.grad, layer.bias.grad) for layer in model.layers])
    taken_back("PyTorch", net, nnlib.from_torch(model.state_dict(), [layer.phi for layer in net], (X, answers.detach())))
    pairs = [(layer.weight.detach(), layer.bias.detach()) for layer in model.layers]
    along, u = direction(net)
    moved = [(torch.from_numpy(one.W), torch.from_numpy(one.b)) for one in along]
    _, pushed = torch.func.jvp(lambda pairs: run(tensors[0], pairs), (pairs,), (moved,))
    same("PyTorch", "J v", pushed, jvp(net, X[0], along), NEAR[str(net.dtype)])
    (pulled,) = torch.func.vjp(lambda pairs: run(tensors[0], pairs), pairs)[1](torch.from_numpy(u))
    for one, (by_W, by_b) in zip(vjp(net, X[0], u), pulled):
        same("PyTorch", "u J by W", by_W, one.W, NEAR[str(net.dtype)])
        same("PyTorch", "u J by b", by_b, one.b, NEAR[str(net.dtype)])


def direction(net):
    rng = np.random.default_rng(7)
    return ([Parameters(rng.normal(size=layer.W.shape).astype(net.dtype), rng.normal(size=layer.b.shape).astype(net.dtype))
             for layer in net], rng.normal(size=net.widths[-1]).astype(net.dtype))


def jax_losses(answers, Y, loss):
    if loss is squared_error:
        return ((answers - Y) ** 2).sum() / (2 * len(Y))
    return -(Y * jax.nn.log_softmax(answers)).sum(axis=1).mean()


def with_jax(net, X, Y, loss):
    phis, near = [JAX[layer.phi.name] for layer in net], NEAR[str(net.dtype)]

    def run(params, a):
        for (W, b), phi in zip(params, phis):
            a = phi(a @ W + b)
        return a

    params = [(jax.numpy.asarray(W), jax.numpy.asarray(b)) for W, b in nnlib.to_jax(net)]
    answers = run(params, X)
    value, by = jax.value_and_grad(lambda params: jax_losses(run(params, X), Y, loss))(params)
    all_same("JAX", net, X, Y, loss, answers, value, [(by_W.T, by_b) for by_W, by_b in by])
    taken_back("JAX", net, nnlib.from_jax(params, [layer.phi for layer in net], (X, answers)))
    along, u = direction(net)
    _, pushed = jax.jvp(lambda params: run(params, X[0]), (params,), ([(one.W.T, one.b) for one in along],))
    same("JAX", "J v", pushed, jvp(net, X[0], along), near)
    (pulled,) = jax.vjp(lambda params: run(params, X[0]), params)[1](jax.numpy.asarray(u))
    for one, (by_W, by_b) in zip(vjp(net, X[0], u), pulled):
        same("JAX", "u J by W", by_W.T, one.W, near)
        same("JAX", "u J by b", by_b, one.b, near)
    by_params, by_x = jax.jacrev(run, argnums=(0, 1))(params, X[0])
    for m, (by_W, by_b) in enumerate(by_params):
        same("JAX", "the Jacobian by W", by_W.transpose(0, 2, 1), jacobian_W(net, X[0], m), near)
        same("JAX", "the Jacobian by b", by_b, jacobian_b(net, X[0], m), near)
    same("JAX", "the Jacobian by x", by_x, jacobian_x(net, X[0]), near)


def with_keras(net, X, Y, loss):
    floats = str(net.dtype)
    keras.config.set_dtype_policy(floats)                           # else the model rounds its input to single precision
    phis = [JAX[layer.phi.name] for layer in net]                   # its own tanh and sin round float64 to single precision
    model = keras.Sequential([keras.Input((X.shape[1],), dtype=floats), *(
        keras.layers.Dense(len(layer.b), activation=phi, dtype=floats) for layer, phi in zip(net, phis))])
    model.set_weights(nnlib.to_keras(net))
    of_keras = (keras.losses.MeanSquaredError(dtype=floats) if loss is squared_error
                else keras.losses.CategoricalCrossentropy(from_logits=True, dtype=floats))
    part = Y.shape[1] / 2 if loss is squared_error else 1           # Keras takes the mean over the outputs, and no half
    variables = [variable.value for variable in model.trainable_variables]

    def run(variables):
        return model.stateless_call(variables, [], X)[0]

    value, by = jax.value_and_grad(lambda variables: jax_losses(run(variables), Y, loss))(variables)
    answers = run(variables)
    all_same("Keras", net, X, Y, loss, answers, value, [(by_W.T, by_b) for by_W, by_b in zip(by[::2], by[1::2])])
    value, by = jax.value_and_grad(lambda variables: part * of_keras(Y, run(variables)))(variables)
    with_its_loss = NEAR["float32"]                                 # to which its losses, as its tanh, round float64
    same("Keras", "its own loss", value, loss(predict(net, X), Y), with_its_loss)
    for m, one in enumerate(backprop(net, X, Y, loss)[1]):
        same("Keras", f"the derivative of its loss by W{m}", by[2 * m].T, one.W, with_its_loss)
        same("Keras", f"the derivative of its loss by b{m}", by[2 * m + 1], one.b, with_its_loss)
    taken_back("Keras", net, nnlib.from_keras(model.get_weights(), [layer.phi for layer in net], (X, answers)))


def scikit_learn(net, X, Y, loss):
    """One step of SGD with the rate 1 and nothing else moves each parameter by its derivative."""
    kind = MLPRegressor if loss is squared_error else MLPClassifier
    model = kind(hidden_layer_sizes=[len(layer.b) for layer in net][:-1], activation=HIDDEN[net[0].phi.name], solver="sgd",
                 learning_rate_init=1.0, momentum=0, nesterovs_momentum=False, alpha=0, batch_size=len(X), shuffle=False)
    targets = Y if loss is squared_error else Y.argmax(axis=1)
    model.partial_fit(X, targets, **({} if loss is squared_error else {"classes": np.arange(Y.shape[1])}))
    coefs, intercepts = nnlib.to_sklearn(net)
    for theirs, ours in zip([*model.coefs_, *model.intercepts_], [*coefs, *intercepts], strict=True):
        theirs[...] = ours
    answers = model.predict(X) if loss is squared_error else np.log(model.predict_proba(X))
    wanted = predict(net, X) if loss is squared_error else np.log(nnlib.softmax(predict(net, X)))
    same("scikit-learn", "the output", answers, wanted, NEAR[str(net.dtype)])
    taken_back("scikit-learn", net, nnlib.from_sklearn(model.coefs_, model.intercepts_, [layer.phi for layer in net],
                                                       (X, answers) if loss is squared_error else None))
    model.partial_fit(X, targets)
    # The loss that it reports is a mean over the outputs too; what it descends by is not.
    value = model.loss_ * (Y.shape[1] if loss is squared_error else 1)
    by = [(old_W.T - new_W.T, old_b - new_b) for old_W, new_W, old_b, new_b in
          zip(coefs, model.coefs_, intercepts, model.intercepts_)]
    all_same("scikit-learn", net, X, Y, loss, predict(net, X), value, by)


def onnx_runtime(net, X, Y, loss):
    near, model = NEAR[str(net.dtype)], to_onnx(net)
    onnx.checker.check_model(model)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "network.onnx")
        onnx.save(model, path)
        taken_back("ONNX Runtime", net, from_onnx(path))
    if net.dtype == np.float64 and "softplus" in [layer.phi.name for layer in net]:
        return                                                      # it has no Softplus in float64
    if net.dtype == np.float64 and "leaky_relu" in [layer.phi.name for layer in net]:
        near = 1e-8                                                 # ONNX states alpha in single precision
    (answers,) = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": X})
    same("ONNX Runtime", "the output", answers, predict(net, X), near)


def refused():
    """What PyTorch gives and NumPy cannot read is refused with what to give in its place."""
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Tanh())
    for given, hint in ((model, "state_dict()"), (dict(model.named_parameters()), ".detach()"),
                        (model.to(torch.bfloat16).state_dict(), ".float()"),
                        (torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.LayerNorm(2)).state_dict(), "normalisation"),
                        (torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3)).state_dict(), "convolution")):
        try:
            nnlib.from_torch(given, "tanh")
        except (TypeError, ValueError) as error:
            assert hint in str(error), error
        else:
            raise SystemExit(f"PyTorch: something was read that should be refused with {hint}")


def cases():
    """Networks with every activation, equal widths and others, in both kinds of floats; a batch, both losses."""
    rng = np.random.default_rng(17)
    for widths, phis in (((3, 4, 4, 2), ("tanh", "tanh", "identity")), ((2, 3, 3, 3), ("relu", "relu", "identity")),
                         ((4, 5, 3), ("sigmoid", "identity")), ((2, 2, 2, 2), ("softplus", "leaky_relu", "sin")),
                         ((3, 2, 4), ("square", "sigmoid"))):
        net = nnlib.random_network(widths, phis, rng)
        X = rng.normal(size=(5, widths[0]))
        labels = np.arange(5) % widths[-1]                          # each class is there, as scikit-learn wants
        for floats in (np.float64, np.float32):
            given = Network([Layer(layer.W.astype(floats), layer.b.astype(floats), layer.phi) for layer in net])
            yield given, X.astype(floats), rng.normal(size=(5, widths[-1])).astype(floats), squared_error
            yield given, X.astype(floats), nnlib.one_hot(labels, widths[-1]).astype(floats), cross_entropy


def main():
    refused()
    for net, X, Y, loss in cases():
        for ask in (pytorch, with_jax, with_keras, onnx_runtime):
            ask(net, X, Y, loss)
        first = [layer.phi.name for layer in net]
        binary = loss is cross_entropy and net.widths[-1] == 2      # there scikit-learn has one output
        if first[-1] == "identity" and set(first[:-1]) < {*HIDDEN} and not binary:
            scikit_learn(net, X, Y, loss)
    for who, count in counts.items():
        print(f"{who}: {count} equal numbers")


if __name__ == "__main__":
    main()
