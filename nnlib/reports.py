"""What a check of a gradient finds, in words: which entries are wrong, where, and what they have in common.

A reading is a fact about the numbers; behind "as if" stands the mistake that is known to make it.
"""
import re
import textwrap
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

RIGHT, WRONG, UNDECIDED = VERDICTS = "right", "wrong", "undecided"
WIDTH, MOST_PARTS, WORST, MOST_READINGS = 79, 6, 3, 3       # of the printed report: columns, and how much of each kind
EXPLAINED = 0.02                # what a reading leaves of the difference between the gradient and the nudged derivative


class Part(NamedTuple):
    """One array of θ, and what is known of the derivatives by it; these have f's shape and then that of theta.

    error: how far nudged may be from the derivative. entries: "right", "wrong", "undecided". reasons: why, if undecided.
    """
    theta: np.ndarray
    gradient: np.ndarray
    nudged: np.ndarray
    error: np.ndarray
    entries: np.ndarray
    reasons: np.ndarray


@dataclass(frozen=True, eq=False)
class Report:
    """What `check_gradient` has found: `verdict`, `entries`, `parts`, `readings`, and all of it as text.

    parts: a Part for each array of θ, by its name. tolerance: how near is right.
    """
    parts: dict
    tolerance: float

    @property
    def verdict(self):
        """"right", "wrong" or "undecided"."""
        counts = self.counts()
        return WRONG if counts[WRONG] else UNDECIDED if counts[UNDECIDED] else RIGHT

    @property
    def entries(self):
        """The verdict by entry: an array if θ is one, else {name: array}."""
        found = {name: part.entries for name, part in self.parts.items()}
        return found["theta"] if [*found] == ["theta"] else found

    @property
    def readings(self):
        """Where the wrong entries are, and what they have in common, as sentences."""
        with np.errstate(all="ignore"):
            return _readings(self.parts, self.tolerance)

    def counts(self, *names):
        """How many entries have which verdict; of all parts, or of those named."""
        entries = np.concatenate([self.parts[name].entries.ravel() for name in names or self.parts])
        return {verdict: int((entries == verdict).sum()) for verdict in VERDICTS}

    @np.errstate(all="ignore")
    def __str__(self):
        lines = [f"{self.verdict}: of {sum(self.counts().values())} entries "
                 + ", ".join(f"{count} {verdict}" for verdict, count in self.counts().items()) + ".", ""]
        lines += [*self._table(), *self._worst()]
        for sentence in (*self.readings[:MOST_READINGS], *self._why(), self._measure()):
            lines += textwrap.wrap(sentence, WIDTH, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False)
        return "\n".join(lines)

    def __repr__(self):
        return f"Report: {self.verdict}"

    def _table(self):
        """The parts, those with most wrong entries first where not all fit."""
        names = [*self.parts]
        if len(names) > MOST_PARTS:
            names = sorted(names, key=lambda name: [-self.counts(name)[verdict] for verdict in (WRONG, UNDECIDED)])
        yield "part          shape               right     wrong undecided"
        for name in names[:MOST_PARTS]:
            shape = " × ".join(map(str, self.parts[name].gradient.shape)) or "a number"
            yield f"{name[:13]:13} {shape[:14]:14}" + "".join(f"{n:10}" for n in self.counts(name).values())
        if len(names) > MOST_PARTS:
            yield f"… and {len(names) - MOST_PARTS} more"
        yield ""

    def _worst(self):
        """The entries that are farthest from right, and how many times the nudged derivative they are."""
        found = []
        for name, part in self.parts.items():
            off = abs(part.gradient - part.nudged) / np.maximum(abs(part.gradient), abs(part.nudged))
            for k in map(tuple, np.argwhere(part.entries == WRONG).tolist()):
                found.append((-round(float(off[k]), 3), f"{name}{[*k] or ''}"[:24], part.gradient[k], part.nudged[k]))
        if found:
            yield f"{'farthest off':24}{'gradient':>14}{'nudged':>14}{'ratio':>12}"
            for _, place, gradient, nudged in sorted(found, key=lambda one: one[0])[:WORST]:
                ratio = f"{gradient / nudged:.5g}" if nudged else "–"
                yield f"{place:24}{gradient:14.5g}{nudged:14.5g}{ratio:>12}"
            yield ""

    def _why(self):
        """Why entries are undecided, the most frequent reason first."""
        reasons = [(reason, name) for name, part in self.parts.items() for reason in part.reasons.ravel() if reason]
        for reason in sorted({reason for reason, _ in reasons}, key=lambda one: -sum(r == one for r, _ in reasons)):
            names = [name for r, name in reasons if r == reason]
            yield f"undecided, {len(names)} in {_listed(dict.fromkeys(names))}: {reason}"

    def _measure(self):
        return (f"Right means off by at most {self.tolerance:g} of the derivative's size"
                + (", because f or the gradient has no more digits than float32 has" if self.tolerance > 1e-3 else ""))


# Readings ---------------------------------------------------------------------------------------------------------------

def _readings(parts, tolerance):
    wrong = {name: part for name, part in parts.items() if (part.entries == WRONG).any()}
    if not wrong:
        return ()
    factor = _factor_of(parts.values(), tolerance)
    everywhere = factor is not None and all(_known(part).any() for part in wrong.values())
    said = {}
    for name in wrong:
        sentence = (f"{_times(factor)}, everywhere{_as_if(factor, wrong.values())}" if everywhere
                    else _form(name, parts, tolerance))
        said.setdefault(sentence, []).append(name)
    return *_place(parts, wrong), *(f"{_listed(names)}: {sentence}" for sentence, names in said.items() if sentence)


def _known(part):
    """Where the ratio of the gradient to the nudged derivative is known."""
    return (part.entries != UNDECIDED) & (part.error < 1e-2 * abs(part.nudged))


def _factor_of(parts, tolerance):
    """The factor that all known entries of some parts have."""
    return _factor(*(np.concatenate([part[which][_known(part)] for part in parts]) for which in (1, 2)), tolerance)


def _factor(gradient, nudged, tolerance):
    """The c, neither 0 nor 1, for which the gradient is c times what is nudged, in two places or more; else None."""
    if gradient.size < 2:
        return None
    factor = float(np.median(gradient / nudged))
    allowed = np.minimum(3 * tolerance * abs(gradient), EXPLAINED * abs(gradient - nudged))
    return factor if (abs(gradient - factor * nudged) <= allowed).all() and factor not in (0, 1) else None


def _times(factor):
    return f"{factor:.5g} times the nudged derivative"


def _as_if(factor, parts):
    """The mistake that is known to make such a factor of the derivatives by some parts; a slope is that of one unit."""
    size, turned = abs(factor), ", and a sign was turned" * (factor < 0)
    for whole, mean, half in ((size, "forgotten", "a ½ of f"), (1 / size, "taken twice", "the 2 of a square")):
        count = round(whole)
        if 2 <= count <= 9999 and abs(whole - count) < min(5e-4 * count, 0.05):
            halves = f", or {half} left out" * (count == 2)
            return f", as if a mean over {count} points or outputs was {mean}{halves}{turned}"
    if abs(factor + 1) < 1e-2:
        return ", as if a sign was turned"
    one_unit = all(part.theta.shape[:1] == (1,) for part in parts)
    return f", as if φ′ was left out once or more, {1 / size:.4g} in all{turned}" if one_unit and size > 1.05 else ""


def _form(name, parts, tolerance):
    """What the wrong derivative by one part is, beside what is nudged."""
    part, known = parts[name], _known(parts[name])
    gradient, nudged, sums = part.gradient, part.nudged, _sums_beside(name, parts)
    rough = not part.error.max() <= tolerance * abs(nudged).max()

    def alike(other, mine=gradient):
        if rough or other.shape != mine.shape:
            return False
        allowed = 3 * tolerance * np.maximum(abs(mine), abs(other)) + 3 * part.error.max()
        return bool((abs(mine - other) <= np.minimum(allowed, EXPLAINED * abs(gradient - nudged).max())).all())

    if not nudged.any():
        return "no nudge of it moves f, as if f did not read it"
    if not gradient.any():
        return "0, where the nudges move f, as if it was forgotten"
    if sums is not None and alike(sums):
        return "the sums of the rows of the derivative by the layer's weights, as if made from that and not from δ"
    layer = [other for key, other in parts.items() if _layer(key) == _layer(name)] if gradient.size == 1 else [part]
    factor = _factor_of(layer, tolerance)               # one entry has any factor
    if factor is not None:
        return _times(factor) + _as_if(factor, [part])
    if (part.entries == WRONG).sum() == 1:
        return ""
    if nudged.ndim > 1 and alike(np.swapaxes(nudged, -1, -2)):
        return "the nudged derivative, transposed, as if x δᵀ was taken for δ xᵀ"
    if alike(np.sort(nudged, axis=None), np.sort(gradient, axis=None)):
        return "the nudged numbers in another order, as if reshaped along another axis"
    return _added(part, alike) or _by_lines(part, known, tolerance)


def _sums_beside(name, parts):
    """Of a bias, the sums of the rows of the nudged derivative by the weights of its layer; None where there are none."""
    bias = parts[name].theta.shape
    for other, part in parts.items():
        if _layer(other) == _layer(name) and len(bias) == 1 and part.theta.ndim == 2 and part.theta.shape[:1] == bias:
            return part.nudged.sum(-1)
    return None


def _added(part, alike):
    """What is added to the right derivative: a multiple of θ, as by a penalty, or one number."""
    extra, theta = part.gradient - part.nudged, np.broadcast_to(part.theta, part.gradient.shape)
    if theta.size < 2:
        return ""
    share = (extra * theta).sum() / (theta * theta).sum() if theta.any() else 0
    if share and alike(part.nudged + share * theta):
        return f"{share:.4g} θ is added to the nudged derivative, as if f and the gradient had different penalties on θ"
    if alike(part.nudged + np.median(extra)):
        return f"{np.median(extra):.4g} is added to the nudged derivative, everywhere"
    return ""


def _by_lines(part, known, tolerance):
    """Whether each output of f, each row of a matrix or each column has a factor of its own."""
    arrays = part.gradient, part.nudged, known
    if part.gradient.ndim > part.theta.ndim:
        ways = [("output", "", [array.reshape(len(array), -1) for array in arrays])]
    else:
        ways = [("row", ", as if φ′ was left out or taken at another place", arrays),
                ("column", ", as if what the layer reads was taken from elsewhere", [array.T for array in arrays])]
    for word, mistake, lines in ways if min(part.gradient.ndim, part.gradient.size) > 1 else ():
        lines = {k: (one[seen], other[seen]) for k, (one, other, seen) in enumerate(zip(*lines)) if seen.sum() > 1}
        factors = {k: float(np.median(gradient / nudged)) for k, (gradient, nudged) in lines.items()}
        off = abs(part.gradient - part.nudged)[known].max(initial=0)
        if len(factors) < 2 or not all(
                abs(gradient - factors[k] * nudged).max() <= min(3 * tolerance * abs(gradient).max(), EXPLAINED * off)
                for k, (gradient, nudged) in lines.items()):
            continue
        others = {k: factor for k, factor in factors.items() if abs(factor - 1) > tolerance}
        if len(others) == 1:
            (k, factor), = others.items()
            return f"{word} {k} alone is off, {_times(factor)}"
        hint = ", each 4 or more as 1/φ′ of a sigmoid" * (word == "row" and min(map(abs, factors.values())) > 3.99)
        return f"each {word} has its own factor, {_listed([f'{factor:.4g}' for factor in factors.values()])}{hint}{mistake}"
    return ""


# Where ------------------------------------------------------------------------------------------------------------------

def _layer(name):
    """The last number in a part's name, which is its layer; None where there is none."""
    numbers = re.findall(r"\d+", name)
    return int(numbers[-1]) if numbers else None


def _place(parts, wrong):
    """Where the gradient is wrong, and where not."""
    if sum(int((part.entries == WRONG).sum()) for part in wrong.values()) == 1:
        return ["One entry alone is wrong."]
    layers = {name: _layer(name) for name, part in parts.items() if name in wrong or _known(part).any()}
    if len(wrong) == len(layers) or None in layers.values():
        return []
    touched = {layers[name] for name in wrong}
    top, whole = max(touched), all((name in wrong) == (layer in touched) for name, layer in layers.items())
    if whole and touched == {layer for layer in layers.values() if layer <= top}:
        return [f"Right above layer {top} and wrong from there down: look at the step down to layer {top}, and at its φ′."]
    if whole and len(touched) == 1:
        return [f"Layer {top} alone is wrong, and what it hands down is right."]
    if len({re.sub(r"\d+$", "", name) for name in wrong}) == 1:
        return [f"Of all parts only {_listed(wrong)} {'is' if len(wrong) == 1 else 'are'} wrong."]
    return []


def _listed(names, most=4):
    names = [*names]
    return ", ".join(names[:most]) + f" and {len(names) - most} more" * (len(names) > most)
