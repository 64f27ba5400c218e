"""Whether a gradient is right, from nudges alone.

f is any function, and this file imports nothing of what it checks. A nudge of one parameter by h, h/2 and h/4, up and
down, gives three central differences and how far each can be wrong; where these do not decide, other h are tried.
"""
import numpy as np

from . import _validate
from .reports import RIGHT, UNDECIDED, WRONG, Part, Report

# The h, as parts of a parameter's size, in the order in which they are tried. 0.87: no period of f is a multiple of them.
STEPS = 0.87 * 2.0 ** np.array([-10, -16, -5, -22, -2, -28])
AGREES, AGREES_IN_SINGLE = 1e-4, 1e-2       # how near is right, as a part of the entry's size
BENDS, KINK, BELOW, NO_VALUE, CLOSE, RANDOM, DEAF = REASONS = (
    "f bends too much within the nudges", "f has a kink within the nudges: move theta a little",
    "it is below what the nudges can see, as the rounding of f hides it", "f has no finite value beside theta",
    "it is off by about as much as is allowed", "f is random, as it has two values for one theta: fix what is random in it",
    "f is deaf, as no nudge moves it: f may ignore theta, or be flat there")


def check_gradient(f, theta, gradient):
    """Whether a gradient of f at θ is right, wrong or undecided: the whole, and each entry.

    f takes what theta is and returns a number or an array. theta: an array; or a list, tuple or dictionary of arrays, or
    a Network. gradient: in theta's form, f's shape in front of each array's → a Report: verdict, entries, str(report).

    Right: within 1e-4 of what the nudges tell (1e-2 where f or the gradient has no more digits than float32 has), their
    error included. Wrong: farther away than that and three times their error, for nudges of two lengths and each shorter
    one that could tell. Undecided: the rest; `reasons` of each part says why. The whole is wrong if an entry is, and right
    if every entry is.
    An entry 0 is right where f is the same float for each nudge up and down, which a derivative too small to move f
    cannot be told from. Ripples of f in less than a billionth of θ are not seen, nor is what it does between two nudges.
    Raises ValueError or TypeError for a θ, a gradient or values of f that do not fit or are no finite real numbers.
    """
    with np.errstate(all="ignore"):
        near = _Near(f, theta)
        entries = _Entries(*near.claimed(gradient), near)
        if not near.is_random():
            for count, h in enumerate(near.steps()):
                places = entries.open_places(h)
                if places.size:
                    entries.weigh(places, h[places], *near.differences(places, h), near.noise(h / 4))
                if count == 1:
                    entries.accuse(early=True)
            entries.accuse()
        excuse = RANDOM if near.is_random() else "" if near.moved else DEAF
        return _report(near, entries, excuse)


class _Near:
    """f near θ, both as vectors: values (K,), parameters (P,)."""

    def __init__(self, f, theta):
        self.f, self.like = _validate.function("f", f, "theta"), theta
        self.leaves = _validate.leaves("theta", theta)
        self.theta = np.concatenate([leaf.ravel() for leaf in self.leaves.values()]).astype(float)
        self.types = np.concatenate([np.full(leaf.size, leaf.dtype.char) for leaf in self.leaves.values()])
        self.shape, self.single, self.moved = None, False, False
        self.first = self.value(self.theta)
        _validate.fits_memory("theta", 9 * self.first.size * self.theta.size)
        largest = abs(self.theta).max() or 1.0
        self.sizes = np.maximum(abs(self.theta), largest * np.sqrt(np.mean((self.theta / largest) ** 2)))
        self.sizes = np.where(self.sizes > 1e-290, self.sizes, 1.0)         # a smaller one leaves no room for nudges
        self.spread = np.zeros(self.first.shape)
        self.grain = self.spread

    def value(self, theta):
        """f there, (K,): nan where it has no finite value; at θ, the first time, that is refused."""
        start = self.shape is None
        try:
            got = self.f(_validate.rebuilt(self.like, self.leaves, theta))
        except (ArithmeticError, ValueError):
            if start:
                raise
            return np.full(self.first.shape, np.nan)
        got = _validate.value_to_nudge(got, self.shape)
        if start:
            self.shape, self.single = got.shape, got.itemsize < 8
        return got.astype(float).ravel()

    def is_random(self):
        """Whether f has another value for the same θ by now, by more than an order of summation makes of it."""
        again = np.array([self.value(self.theta) for _ in range(3)])
        self.spread = np.maximum(self.spread, np.nan_to_num(abs(again - self.first).max(0), nan=np.inf))
        return bool((self.spread > (1e-5 if self.single else 1e-12) * abs(self.first).max()).any())

    def claimed(self, gradient):
        """The gradient as (K, P), and how near is right.

        f that has no more digits than float32 has shows it: each value that moves is a float32, or its noise is as large.
        f that moves in steps, as one that is rounded, is still for short nudges; the shortest that moves it shows the grain.
        """
        leaves = _validate.like_leaves("gradient", gradient, "theta", self.leaves, self.shape)
        claimed = np.concatenate([leaf.reshape(self.first.size, -1) for leaf in leaves.values()], axis=1)
        steps = 2.0 ** -np.arange(-2.0, 42, 2)[:, None] * self.sizes * self.directions()[0]
        values = np.array([self.value(self.theta + step) for step in steps])
        moves = abs(values - self.first)
        least = np.min(np.where(moves > 0, moves, np.inf), axis=0)
        self.grain = np.where((moves[-1] == 0) & (least < np.inf), least, 0)
        self.heights = np.nan_to_num(abs(values[3:])).max(0)[:, None] + abs(self.first)[:, None]
        values = np.append(values[moves > 0], self.first)
        telling = values.size > 9 or (self.first != self.first.astype(np.float16)).any()        # as 0, 2 and 0.5 are not
        self.single |= bool(telling and (values == values.astype(np.float32)).all())
        noise = min(self.noise(step * self.sizes).max() for step in STEPS[[1, 3]])
        few_digits = self.single or 1e-11 * self.heights.max() < noise < np.inf or claimed.dtype == np.float32
        return claimed.astype(float), AGREES_IN_SINGLE if few_digits else AGREES

    def steps(self):
        """The h of all parameters, (P,), one array after the other; 0 for those to which it has nothing to add."""
        yield from STEPS[:, None] * self.sizes
        own = np.where(8 * abs(self.theta) < self.sizes, abs(self.theta), 0)
        one = np.where((self.sizes > 8) | (self.sizes < 1 / 8), 1.0, 0)
        yield from STEPS[[0, 2], None] * own
        yield from STEPS[[0, 2, 3], None] * one

    def differences(self, places, h):
        """Of nudges by h, h/2, h/4: central differences and what the slopes up and down differ by, both (3, K, places);
        and where f is the same up and down, (K, places)."""
        central, bent, still = np.empty((3, 3, self.first.size, places.size))
        for k, place in enumerate(places):
            for level, step in enumerate(h[place] / 2.0 ** np.arange(3)):
                (up, high), (down, low) = self.nudged(place, step), self.nudged(place, -step)
                central[level, :, k] = (high - low) / (up - down)
                bent[level, :, k] = 2 * (high - self.first - (self.first - low)) / (up - down)
                still[level, :, k] = high == low
        return central, bent, still.all(0)

    def nudged(self, place, step, theta=None):
        """One parameter after a step, as its type of floats holds it, and f there."""
        theta = (self.theta if theta is None else theta).copy()
        theta[place] = (theta[place] + step).astype(self.types[place])
        value = self.value(theta)
        self.moved |= bool((value != self.first).any())
        return theta[place], value

    def largest_kink(self):
        """How much the slopes of f up and down from θ may differ for another reason than that f bends, (K,).

        What such a difference moves shrinks with h, what a bend moves with h². It is that of a step as long as a parameter's
        size, along directions that move all parameters, in which a kink of one of them may count for less.
        """
        found = []
        for step in STEPS[[0, 2, 4]]:
            bent = [[self.value(self.theta + move) - 2 * self.first + self.value(self.theta - move)
                     for move in (step * direction, step / 2 * direction)] for direction in self.directions() * self.sizes]
            bent = np.array(bent)
            found.append((abs(bent[:, 0] - 4 * bent[:, 1]).max(0) + 1e-14 * abs(self.first) + 4 * self.grain) / step)
        return 3 * np.sqrt(self.theta.size) * np.nan_to_num(np.median(found, axis=0), nan=np.inf)

    def has_kink(self, place, h, gap, noise):
        """Whether the derivative by a parameter jumps at θ, by a hundredth of the gap, or a tenth if f is noisy, (K,).

        Kinks that meet in θ may hide each other from nudges of one parameter: two relus make x out of relu(x) - relu(-x).
        So the derivative is taken on both sides of θ, 2 h away and h/2 away, along directions that move all parameters.
        Where f only bends, its two values differ four times as much far away as near.
        """
        found, hidden = np.zeros(gap.shape, bool), np.clip(64 * noise / h, gap / 100, gap / 10)
        for direction in self.directions() * self.sizes / self.sizes[place]:
            far, near = (self.slope(place, step / 4, self.theta + step * direction)
                         - self.slope(place, step / 4, self.theta - step * direction) for step in (2 * h, h / 2))
            found |= ~(abs(4 * near - far) / 3 < np.maximum(abs(near) / 10, hidden))
        return found

    def slope(self, place, step, theta):
        (up, high), (down, low) = self.nudged(place, step, theta), self.nudged(place, -step, theta)
        return (high - low) / (up - down)

    def noise(self, h):
        """How much of f is rounding, (K, 1), about h away from θ.

        Differences of sixth order between nine neighbours hold nothing else, unless f has a kink or a jump among them: of
        three directions the middle one counts. Their distance, 0.14, is no simple part of h, so that a ripple of f
        whose period is a part of h, which no nudge sees, counts as noise.
        """
        found = []
        for direction in self.directions():
            values = self.along(h, direction)
            self.moved |= bool((values != self.first).any())
            found.append(np.mean(abs(np.diff(values, 6, axis=0)), axis=0) / 24)     # √(1² + 6² + 15² + 20² + …) is 30
        least = (2.0 ** -24 if self.single else 2.0 ** -53) * abs(self.first) + self.spread + self.grain / 4
        return np.maximum(np.nan_to_num(np.median(found, axis=0), nan=np.inf), least)[:, None]

    def along(self, h, direction):
        return np.array([self.value(self.theta + (1 + 0.14 * k) * h * direction) for k in range(9)])

    def directions(self):
        """Three in which all parameters move up or down, in no order, and f not much more than by a nudge of one."""
        turns = np.outer(np.sqrt([2, 3, 5]), 1 + np.arange(self.theta.size)) % 1
        return np.where(turns < 0.5, -1.0, 1.0) * min(1, 3 / np.sqrt(self.theta.size))


class _Entries:
    """What is known of each entry so far, in arrays (K, P): one more of each for each h that is tried."""

    def __init__(self, claimed, tolerance, near):
        self.claimed, self.tolerance, self.near = claimed, tolerance, near
        self.verdict, self.reason = np.full(claimed.shape, UNDECIDED), np.full(claimed.shape, NO_VALUE, object)
        self.nudged, self.error = np.full(claimed.shape, np.nan), np.full(claimed.shape, np.inf)
        self.tried, self.noise = [], np.inf

    def open_places(self, h):
        return np.flatnonzero((self.verdict == UNDECIDED).any(0) & (h > 0))

    def weigh(self, places, h, central, bent, still, noise):
        """Takes in one more h for the parameters at `places`.

        A central difference errs by a multiple of h², and what is left when that is taken off shrinks with h⁴: where two
        such estimates differ, f bends. The slopes up and down differ by a multiple of h, unless a kink lies between; half
        of what does not shrink is what a kink adds.
        """
        coarse, nudged = (4 * central[1:] - central[:-1]) / 3
        kinks = abs(bent[:-1] - 2 * bent[1:]) / 2
        parts = np.array([abs(nudged - coarse), kinks.sum(0), np.broadcast_to(40 * noise / h, nudged.shape)])
        error, claimed = parts.sum(0), self.claimed[:, places]
        away, allowed = abs(claimed - nudged), self.tolerance * np.maximum(abs(claimed), abs(nudged))
        is_open = self.verdict[:, places] == UNDECIDED
        far = h >= self.tried[0][2][:, places] if self.tried else True
        smooth = parts[1] <= (1e-6 if self.near.single else 1e-14) * abs(self.near.first)[:, None] / h + abs(bent[0]) / 10
        still = still & (claimed == 0) & smooth & (far | (error < self.tolerance * self.error[:, places]))
        denied = np.any([record[1][:, places] == 1 for record in self.tried], axis=0)       # by another h
        right = is_open & ~denied & ((away + error <= allowed) | still)
        better = is_open & (right | (error < self.error[:, places]))
        reason = np.array([BENDS, KINK, BELOW], object)[parts.argmax(0)]
        reason[(reason == KINK) & (kinks[1] < kinks[0] / 4)] = BENDS
        reason[error < allowed] = BENDS
        reason[(error < allowed) & (away < allowed + 3 * error)] = CLOSE
        for known, new in ((self.nudged, nudged), (self.error, error), (self.reason, reason)):
            known[:, places] = np.where(better, new, known[:, places])
        self.verdict[:, places] = np.where(right, RIGHT, self.verdict[:, places])
        record = np.full((3, *self.claimed.shape), np.nan)
        settled = (error <= np.maximum(abs(nudged) / 3, 3 * parts[2])) & (noise < 1e-3 * self.near.heights)
        record[:, :, places] = nudged, settled & (away > allowed + 3 * error), np.broadcast_to(h, nudged.shape)
        self.tried.append(record)
        self.noise = np.minimum(self.noise, noise)

    def accuse(self, early=False):
        """Calls wrong what the best h and another contradict, if no smaller h that could contradict it keeps silent.

        An h at which all that f does looks like noise has no say, as f may be too fast for it. Early: if all h so far
        contradict, and tell one derivative.
        """
        nudged, votes, h = np.array(self.tried).transpose(1, 0, 2, 3)
        gap, best = abs(self.claimed - self.nudged), nudged == self.nudged
        best_h = np.max(np.where(best, h, 0), axis=0)
        silent = (votes == 0) & (h <= best_h) & (400 * self.noise / h < gap)
        wrong = (best & (votes == 1)).any(0) & (np.nansum(votes, axis=0) >= 2) & ~silent.any(0)
        wrong &= self.verdict == UNDECIDED
        if early:
            wrong &= (votes == 1).all(0) & (np.ptp(nudged, axis=0) <= 1e-3 * abs(self.nudged))
        kinks = self.near.largest_kink()[:, None] / self.near.sizes if wrong.any() else 0
        clear_h = np.where((votes == 1) & (640 * self.noise / h < gap), h, np.inf).min(0)
        clear_h = np.where(clear_h < np.inf, clear_h, best_h)
        for place in np.flatnonzero((wrong & (gap < 100 * kinks)).any(0)):
            kinked = wrong[:, place] & self.near.has_kink(place, clear_h[:, place].max(), gap[:, place], self.noise[:, 0])
            self.reason[kinked, place] = KINK
            wrong[kinked, place] = False
        self.verdict[wrong] = WRONG


def _report(near, entries, excuse):
    if excuse:
        entries.verdict[:], entries.reason[:] = UNDECIDED, excuse
    entries.reason[entries.verdict != UNDECIDED] = ""
    parts, start = {}, 0
    for name, leaf in near.leaves.items():
        cut = slice(start, start := start + leaf.size)
        parts[name] = Part(leaf, *(known[:, cut].reshape(near.shape + leaf.shape) for known in (
            entries.claimed, entries.nudged, entries.error, entries.verdict, entries.reason.astype(str))))
    return Report(parts, entries.tolerance)
