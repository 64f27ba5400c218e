"""The notation of the book as a closed grammar: LaTeX in, a tree out, and everything else refused.

`parse` gives one tree per side of an equation. A token that is not listed here is an error that names it; nothing is
skipped. Where paper leaves a choice, there is one meaning: two letters side by side are a product, and a product next
to ⊙ needs parentheses.
"""

import re
from dataclasses import dataclass
from functools import cache

from lark import Lark, Transformer, UnexpectedCharacters, UnexpectedInput, v_args
from lark.exceptions import VisitError

GRAMMAR = r"""
start: side (RELATION side)+
?side: sum
?sum: term
    | MINUS term          -> negative
    | sum PLUS term       -> plus
    | sum MINUS term      -> minus
?term: product | hadamard | quotient | total
hadamard: factor (ODOT factor)+
?product: factor | juxtaposed
juxtaposed: product factor        -> times
    | product CDOT factor         -> dot
quotient: product SLASH factor
total: SUM LOW (product | hadamard)

?factor: NUMBER script*                      -> number
    | NAME script*                           -> name
    | LPAR sum RPAR script*                  -> group
    | LPAR DOTS term DOTS RPAR               -> dots
    | LPAR sum (COMMA sum)+ RPAR             -> tuple
    | LVERT sum RVERT script*                -> norm
    | BEGIN row (NEXT row)* END              -> matrix
    | FRAC LBRACE sum RBRACE LBRACE sum RBRACE                              -> fraction
    | FRAC LBRACE PARTIAL moved RBRACE LBRACE PARTIAL moved RBRACE          -> derivative
    | FUNCTION script* argument              -> apply
    | OPERATOR factor                        -> operate
?argument: LPAR sum RPAR -> inside | LPAR DOTS term DOTS RPAR -> dots | BEGIN row (NEXT row)* END -> matrix
?moved: NAME script* -> name | FUNCTION -> function
row: sum (AND sum)*

script: HIGH -> high | HIGHOPEN sum PRIME? RBRACE -> high | HIGHOPEN TRANSPOSE RBRACE -> transpose | TICK -> prime
    | LOW -> low | LOWOPEN [INDEX] COMMA [INDEX] RBRACE -> low_pair | LOWOPEN INDEX RBRACE -> low

RELATION: "=" | "\\approx"
PLUS: "+"
MINUS: "-"
ODOT: "\\odot"
CDOT: "\\cdot"
SLASH: "/"
SUM: "\\sum"
DOTS: "\\dots"
LPAR: "("
RPAR: ")"
LVERT: "\\lVert"
RVERT: "\\rVert"
LBRACE: "{"
RBRACE: "}"
COMMA: ","
AND: "&"
NEXT: "\\\\"
BEGIN: "\\begin{pmatrix}"
END: "\\end{pmatrix}"
FRAC: "\\frac" | "\\tfrac"
PARTIAL: "\\partial"
PRIME: "\\prime"
TICK: "'"
TRANSPOSE: /\\mathsf\s*(T|\{T\})/
HIGHOPEN: "^{"
LOWOPEN: "_{"
HIGH: /\^[0-9A-Za-z]/
LOW: /_[0-9A-Za-z]/
FUNCTION.2: "\\phi" | "\\sigma" | "f" | "r"
OPERATOR: "\\operatorname{Im}" | "\\log_2"
NAME: /\\mathbf\{[A-Za-z]\}|\\hat\{(\\mathbf\{y\}|y)\}|\\theta|\\rho|[A-Za-z]/
INDEX.3: /(?<=[_,{])\s*([A-Za-z]|[0-9]+)(?=\s*[,}])/
NUMBER: /[0-9]+(\.[0-9]+)?/
SPACE: /\s+|\\[,;!: ]/
%ignore SPACE
"""
SELECTORS = {r"\mathbf{o}", r"\mathbf{O}"}


class Refused(ValueError):
    """LaTeX that the grammar does not read; the sentence says which token and why."""


@dataclass(frozen=True)
class Node:
    """One operation with its operands: Nodes, text, or None."""

    op: str
    args: tuple = ()

    def __iter__(self):
        return iter(self.args)


@v_args(inline=True)
class Trees(Transformer):
    """What lark matched, as Nodes. Scripts are resolved here: a raised letter, then a lowered one."""

    def negative(self, _, term):
        return Node("minus", (term,))

    def plus(self, left, _, right):
        return Node("plus", (left, right))

    def minus(self, left, _, right):
        return Node("plus", (left, Node("minus", (right,))))

    def hadamard(self, *parts):
        return Node("hadamard", parts[::2])

    def times(self, left, right):
        if right.op == "number":
            raise Refused(f"the number {right.args[0]} stands right after another factor: write \\cdot between them")
        return Node("product", (*(left if left.op == "product" else (left,)), right))

    def dot(self, left, _, right):
        return Node("dot", (left, right))

    def quotient(self, over, _, under):
        return Node("divide", (over, under))

    def fraction(self, *tokens):
        return Node("divide", (tokens[2], tokens[5]))

    def derivative(self, *tokens):
        return Node("derivative", (tokens[3], tokens[7]))

    def total(self, _, low, body):
        return Node("total", (str(low)[1:], body))

    def function(self, name):
        return Node("name", (str(name),))

    def inside(self, _, inner, __):
        return inner

    def tuple(self, *tokens):
        return Node("tuple", tokens[1::2])

    def dots(self, *tokens):
        return Node("dots", (tokens[2],))

    def row(self, *tokens):
        return tokens[::2]

    def matrix(self, *tokens):
        rows = tokens[1::2]
        if len({len(row) for row in rows}) > 1:
            raise Refused("the rows of a pmatrix are not equally long")
        return Node("matrix", rows)

    def high(self, *tokens):
        if len(tokens) == 1:
            letter = str(tokens[0])[1:]
            return "high", Node("number" if letter.isdigit() else "name", (letter,)), False
        return "high", tokens[1], len(tokens) == 4

    def prime(self, _):
        return "high", None, True

    def transpose(self, *_):
        return ("transpose",)

    def low(self, *tokens):
        return "low", (str(tokens[-1 if len(tokens) == 1 else 1]).strip().lstrip("_"),)

    def low_pair(self, _, row, __, column, ___):
        return "low", tuple(index and str(index).strip() for index in (row, column))

    def number(self, value, *scripts):
        return scripted(Node("number", (str(value),)), scripts)

    def name(self, name, *scripts):
        return scripted(Node("name", (str(name),)), scripts)

    def group(self, _, inner, __, *scripts):
        return scripted(Node("group", (inner,)), scripts)

    def norm(self, _, inner, __, *scripts):
        return scripted(Node("norm", (inner,)), scripts)

    def apply(self, name, *rest):
        *scripts, argument = rest
        if len(scripts) > 1 or any(script[0] != "high" for script in scripts):
            raise Refused(f"{name} takes one raised layer or a prime and no index")
        _, layer, prime = scripts[0] if scripts else (None, None, False)
        return Node("apply", (str(name), layer, prime, argument))

    def operate(self, name, argument):
        return Node("operate", (str(name), argument))

    def start(self, *parts):
        return Node("equation", (tuple(map(str, parts[1::2])), *parts[::2]))


def scripted(node, scripts):
    """The node with its scripts: first what is raised (layer, power), then the index, then a transpose."""
    kinds = [script[0] for script in scripts]
    if len(set(kinds) - {"transpose"}) < len([kind for kind in kinds if kind != "transpose"]) or kinds.count("transpose") > 1:
        raise Refused(f"two scripts of one kind on {shown(node)}")
    found = {script[0]: script[1:] for script in scripts}
    if node.op == "name" and node.args[0] in SELECTORS:
        if "low" not in found or "high" in found or len(found["low"][0]) != 1:
            raise Refused(f"{node.args[0]} is a selector: it takes one index and no layer")
        node = Node("selector", (node.args[0], found.pop("low")[0][0]))
    if "high" in found:
        high, prime = found["high"]
        if prime:
            raise Refused(f"a prime stands on {shown(node)}, which is no function")
        node = Node("raised", (node, high))
    if "low" in found:
        if node.op == "number":
            raise Refused("a number has no index")
        node = Node("element", (node, *found["low"][0]))
    return Node("transpose", (node,)) if "transpose" in found else node


def shown(node):
    """A few words for an error message."""
    return node.args[0] if node.op in ("name", "number") else f"a {node.op}"


@cache
def parser():
    return Lark(GRAMMAR, parser="lalr", maybe_placeholders=True)


def parse(latex):
    """The equation as a Node: relations, then one tree per side, with the dots resolved to chains.

    Raises Refused for anything that the grammar does not read.
    """
    return resolve(read(latex))


def read(latex):
    """The equation as it is written, dots and all."""
    try:
        return Trees().transform(parser().parse(latex))
    except VisitError as error:
        raise error.orig_exc from None
    except UnexpectedCharacters as error:
        raise Refused(f"{token_at(latex, error.pos_in_stream)} is not in the grammar") from None
    except UnexpectedInput as error:
        token = getattr(error, "token", None)
        if token is None or token.type == "$END":
            raise Refused("it ends too early: something is opened and not closed, or has no right side") from None
        hint = ": beside a product, ⊙ needs parentheses" if "ODOT" in (token.type, *beside(latex, token)) else ""
        raise Refused(f"{token.value} cannot stand where it does, after “{latex[:token.start_pos].strip()[-24:]}”{hint}") from None


def token_at(latex, position):
    return re.match(r"\\[A-Za-z]+(\{[^{}]*\})?|.", latex[position:], re.S)[0]


def beside(latex, token):
    """Whether ⊙ stands in the same parenthesis, before the token."""
    before = latex[:token.start_pos]
    depth = 0
    for position in range(len(before) - 1, -1, -1):
        depth += {")": 1, "(": -1}.get(before[position], 0)
        if depth < 0:
            break
        if depth == 0 and before.startswith("\\odot", position):
            return ("ODOT",) if token.type in ("NAME", "FUNCTION", "LPAR", "NUMBER") else ()
    return ()


# The dots ----------------------------------------------------------------------------------------------------------

def resolve(node):
    """The tree with each pair of dots read as one of the two chains; dots anywhere else are refused."""
    if not isinstance(node, Node):
        return tuple(map(resolve, node)) if isinstance(node, tuple) else node
    if node.op == "apply" and isinstance(node.args[3], Node) and node.args[3].op == "dots":
        return forward_chain(node)
    if node.op == "hadamard" and (found := outer_pair(node)):
        return slope_chain(*found)
    if node.op == "dots":
        raise Refused("\\dots stands in neither of its two chains: φ(\\dots φ(W … + b) \\dots), φ′(z) ⊙ (W (\\dots φ′(z) ⊙ (W …) \\dots))")
    return Node(node.op, tuple(map(resolve, node.args)))


def forward_chain(node):
    name, layer, prime, dots = node
    inner = dots.args[0]
    if name != "\\phi" or prime or layer is None or inner.op != "apply" or inner.args[0] != "\\phi" or inner.args[2]:
        raise Refused("\\dots in φ(\\dots) must enclose one φ of an earlier layer")
    return Node("forward_chain", (layer, inner.args[1], resolve(inner)))


def pair_of(node):
    """(slopes, W, core) of φ′(z) ⊙ (W core), or None."""
    if node.op == "hadamard" and len(node.args) == 2 and node.args[1].op == "group":
        product = node.args[1].args[0]
        if product.op == "product" and len(product.args) == 2 and product.args[0].op == "raised":
            return node.args[0], *product.args
    return None


def outer_pair(node):
    pair = pair_of(node)
    return pair if pair and pair[2].op == "dots" else None


def slope_chain(slopes, W, dots):
    inner = pair_of(dots.args[0])
    if inner is None:
        raise Refused("\\dots must enclose one pair φ′(z) ⊙ (W …)")
    return Node("slope_chain", tuple(map(resolve, (slopes, W, dots.args[0], *inner))))


def walk(node):
    """Every Node of a tree."""
    if isinstance(node, Node):
        yield node
        for part in node.args:
            yield from walk(part)
    elif isinstance(node, tuple):
        for part in node:
            yield from walk(part)
