"""The routes to a number: what each is called, how far it may be from the truth, and who computes it.

The order is that of the ledger's page. A tolerance is the largest error allowed, relative to the truth's norm, or to
`floor` where the norm is smaller. The first is a matter of digits; float64 keeps about 1e-15 and loses some of it to
cancellation; two nudges err by h² f‴/6 and by rounding over h, both near 1e-10 here.
"""

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
    headline: bool = False  # whether the line under an equation counts it: it names the error of float64
    referee: type = None    # who computes the side that this route can tell
    tells: tuple = ()       # of which sides: VALUES (z, a or ŷ), DERIVATIVES (∂ or v)

    @property
    def limit(self):
        """What is asserted, as text. What was measured is below it, and differs in its digits from machine to machine."""
        return f"{self.tolerance:g}".replace("e-0", "e-")


ROUTES = {route.name: route for route in (
    Route("precise", "60 digits", "the first side", 1e-30),
    Route("float", "float64", "the first side", 1e-12, headline=True),
    Route("pass", "plain pass", "by running the network", 1e-12, headline=True, referee=referees.ImaginaryNudge,
          tells=(VALUES,)),
    Route("step", "imaginary nudge", "by an imaginary nudge", 1e-12, headline=True, referee=referees.ImaginaryNudge,
          tells=(DERIVATIVES,)),
    Route("nudges", "two nudges", "by two nudges", 1e-5, floor=1.0, referee=referees.TwoNudges, tells=(DERIVATIVES,)),
    Route("series", "power series", "from the power series", 1e-20, headline=True),
    Route("rate", "exponent of h", "as the registry says", 0.02),
    Route("rounded", "nnlib", "with sixty digits", 1e-6, headline=True),
    # nnlib's quotients, at the h of trials.py: the subtraction costs rounding / h
    Route("forward_difference", "nnlib", "the printed quotient", 1e-5, floor=1.0, headline=True),
    Route("central_difference", "nnlib", "the printed quotient", 1e-8, floor=1.0, headline=True),
    Route("complex_step", "nnlib", "the printed quotient", 1e-13, floor=1.0, headline=True),
    Route("nnlib", "nnlib", "in truth", 1e-12, headline=True, referee=referees.Package, tells=(VALUES, DERIVATIVES)),
)}


def headline(worst):
    """How closely the routes to float64 numbers agree, as the line under an equation says it."""
    if not any(worst.values()):
        return "exactly"
    coarsest = max((ROUTES[name] for name in worst if ROUTES[name].headline), key=lambda route: route.tolerance)
    return f"to within {coarsest.limit}"
