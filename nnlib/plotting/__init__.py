"""The figures of the book: networks, matrices and curves that show their numbers.

Each function returns a Figure, which a notebook shows by itself. One law of
colour: vermilion is a derivative, blue is what is selected, grey is at rest.
Indices are the code's, from 0; the labels in a figure count from 1.
"""
from . import costs, curves, errors, gradients, graphs, images, learning, matrix_equations, networks
from ._paper import Figure
from .costs import *
from .curves import *
from .errors import *
from .gradients import *
from .graphs import *
from .images import *
from .learning import *
from .matrix_equations import *
from .networks import *

__all__ = ["Figure", *matrix_equations.__all__, *networks.__all__, *curves.__all__, *errors.__all__, *costs.__all__,
           *images.__all__, *learning.__all__, *gradients.__all__, *graphs.__all__]
