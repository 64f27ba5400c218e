"""The figures of the book: networks, matrices and curves that show their numbers.

Each function returns a Figure, which a notebook shows by itself. One law of
colour: vermilion is a derivative, blue is what is selected, grey is at rest.
Indices are the code's, from 0; the labels in a figure count from 1.
"""
from ._paper import Figure
from .costs import cost_curves
from .curves import activation_curves, tangent
from .errors import error_curves
from .images import derivative_image, digit
from .matrix_equations import M, matrices, selector
from .networks import chain, network

__all__ = ["Figure", "M", "matrices", "selector", "network", "chain", "tangent", "error_curves", "cost_curves",
           "activation_curves", "digit", "derivative_image"]
