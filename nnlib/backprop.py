"""The gradient of a loss over a batch, with no Jacobian formed."""
from . import _validate
from .jacobians import Parameters, pull
from .losses import Loss
from .network import forward_batch


def backprop(net, X, Y, loss):
    """The loss of a batch, and its derivative by every weight and every bias.

    Equations (delta-last), (delta-step) in `pull`, then (gradient-weights) and
    (gradient-biases). X (N, d_in), Y (N, d_y), or (d_in,) and (d_y,) for one
    data point → float, and Parameters for each layer.
    Errors as `forward` and as the loss; ValueError for no data point;
    OverflowError for a derivative, or a number on the way to it, out of range.
    """
    trace, loss = forward_batch(net, X), _validate.instance("loss", loss, Loss)
    value, asked = loss.both(trace.y_hat, Y)
    deltas = pull(net, trace, asked)
    gradients = [Parameters(delta.T @ a, delta.sum(axis=0))
                 for delta, a in zip(deltas, trace.inputs)]
    return value, _validate.finite_parameters("the derivative", gradients)
