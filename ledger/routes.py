"""The routes to a number: what each is called, how far it may be from the truth, and who computes it.

The order is that of the ledger's page. A tolerance is the largest error allowed, relative to the truth's norm, or to
`floor` where the norm is smaller. The first is a matter of digits; float64 keeps about 1e-15 and loses some of it to
cancellation; two nudges err by h² f‴/6 and by rounding over h, both near 1e-10 here.
"""

import math
from dataclasses import dataclass

from . import referees

VALUES, DERIVATIVES = "values", "derivatives"


@dataclass(frozen=True)
class Route:
    name: str               # in results and in the cache
    label: str              # on the ledger's page, which explains it
    source: str             # in “… is 3, and {source} 4”
    tolerance: float
    floor: float = 1e-6
    digits: bool = False    # whether the numbers have sixty digits
    headline: bool = False  # whether the line under an equation counts it: it names the error of float64
    referee: type = None    # who computes the side that this route can tell
    tells: tuple = ()       # of which sides: VALUES (z, a or ŷ), DERIVATIVES (∂ or v)
    least: float = 1e-16    # smaller errors are not distinguished

    def bound(self, error):
        return bound(error, self.least)


def bound(error, least=1e-16):
    """A power of ten that stays the same when the last digits differ between machines: “< 1e-14”."""
    if error == 0:
        return "exact"
    return f"< 1e{math.ceil(math.log10(max(2 * error, least)))}"


ROUTES = {route.name: route for route in (
    Route("precise", "60 digits", "the first side", 1e-30, digits=True, least=1e-30),
    Route("float", "float64", "the first side", 1e-11, headline=True),
    Route("pass", "plain pass", "by running the network", 1e-11, headline=True, referee=referees.ImaginaryNudge,
          tells=(VALUES,)),
    Route("step", "imaginary nudge", "by an imaginary nudge", 1e-11, headline=True, referee=referees.ImaginaryNudge,
          tells=(DERIVATIVES,)),
    Route("nudges", "two nudges", "by two nudges", 1e-5, floor=1.0, referee=referees.TwoNudges, tells=(DERIVATIVES,)),
    Route("series", "power series", "from the power series", 1e-20, digits=True, headline=True),
    Route("rate", "exponent of h", "as the registry says", 0.02, headline=True),
    Route("rounded", "nnlib", "with sixty digits", 1e-4, digits=True),
    Route("nnlib", "nnlib", "in truth", 1e-11, headline=True, referee=referees.Package, tells=(VALUES, DERIVATIVES)),
)}


def headline(worst):
    """The error that the line under an equation states: that of float64, by whichever route it is largest."""
    return bound(max((error for name, error in worst.items() if ROUTES[name].headline), default=0.0))
