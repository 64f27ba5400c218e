"""The mathematics of the book as code: small enough to be read beside it."""
from numpy import errstate

from .activations import (Activation, identity, leaky_relu, relu, sigmoid, sin, softplus,
                          square, tanh)
from .backprop import backprop
from .checking import central_difference, complex_step, forward_difference, taylor_rate
from .data import digits, digits_network, pencil_network, pencil_twin
from .entries import O, dy_db, dy_dW, o
from .exchange import from_jax, from_keras, from_sklearn, from_torch, to_jax, to_keras, to_sklearn, to_torch
from .gradient_check import check_gradient
from .jacobians import Parameters, jacobian_b, jacobian_factors, jacobian_W, jacobian_x, jvp, vjp
from .losses import Loss, cross_entropy, one_hot, softmax, squared_error
from .network import Layer, Network, Trace, forward, forward_batch, predict, random_network
from .reports import Report
from .training import SGD, Adam, History, Optimizer, train

# These functions say in a sentence what leaves the range of its floats. So NumPy need not warn of it, and the
# numbers stay the same for a reader who lets NumPy raise on every rounding to zero, as np.seterr(all="raise") does.
(forward, forward_batch, predict, dy_dW, dy_db, jacobian_factors, jacobian_W, jacobian_b, jacobian_x, jvp, vjp, softmax,
 backprop, forward_difference, central_difference, complex_step, taylor_rate) = map(errstate(all="ignore"), (
     forward, forward_batch, predict, dy_dW, dy_db, jacobian_factors, jacobian_W, jacobian_b, jacobian_x, jvp, vjp, softmax,
     backprop, forward_difference, central_difference, complex_step, taylor_rate))

__all__ = ["Activation", "identity", "square", "sigmoid", "tanh", "relu", "leaky_relu",
           "softplus", "sin", "Layer", "Network", "Trace", "forward", "forward_batch", "predict",
           "random_network", "o", "O", "dy_dW", "dy_db", "Parameters",
           "jacobian_factors", "jacobian_W", "jacobian_b", "jacobian_x", "jvp", "vjp", "Loss",
           "squared_error", "cross_entropy", "softmax", "one_hot", "backprop",
           "SGD", "Adam", "Optimizer", "train", "History", "forward_difference",
           "central_difference", "complex_step", "taylor_rate", "check_gradient", "Report",
           "pencil_network", "pencil_twin", "digits", "digits_network",
           "to_torch", "from_torch", "to_keras", "from_keras", "to_sklearn", "from_sklearn", "to_jax", "from_jax"]
__version__ = "0.1.0"
