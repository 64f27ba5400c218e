"""Misprints of the book's equations: made from the printed LaTeX, one change each, and sorted before they are judged.

`misprints(latex)` gives (kind, LaTeX) of every single change that it knows to make: a sign, an index, a prime, a
transpose, the order of two factors, a factor left out, ⊙ for a product and back, a sum for max and back, a parenthesis,
a layer off by one, a number, a slope taken at φ(z). `canonical(tree)` settles which of them say the same as the
original, by argument:

    parentheses around a product do not matter in a product           (the product is associative)
    the operands of ⊙ and of + may stand in any order                 (both commute, element by element)
    a number may stand anywhere in a product                          (it multiplies every element)
    a minus may stand before any factor, and two of them are none     (linearity)
    O_i and diag(p) - p pᵀ are their own transposes                   (they are symmetric)
    an element of a row is that of the column                         (a transpose moves no number)
    what a sum does not run over may stand before it                  (linearity)
    a norm is that of the transpose, and of what has the other sign   (its numbers are squared)
    what cancels in a fraction of two differences, signs alone        (-a / -b is a / b)
    a sum of pushes may leave out the last layer                      (no layer is after it)

Everything else must be refused or found different.
"""

import re

from ledger.grammar import INFIX, OVER, Node, read, resolve, walk

# Writing a tree as LaTeX --------------------------------------------------------------------------------------------


def write(node):
    """LaTeX of a tree as `read` gives it: read(write(tree)) is the tree."""
    sign = {name: sign for sign, name in {**INFIX, **OVER}.items()}.get(node.op)
    if sign in OVER:
        return f"{sign}_{node.args[0]} {write(node.args[1])}"
    return f" {sign} ".join(map(write, node.args)) if sign else globals()[f"write_{node.op}"](*node.args)


def write_equation(relations, *sides):
    text = write(sides[0])
    for relation, side in zip(relations, sides[1:]):
        text += f" {relation} {write(side)}"
    return text


def write_plus(left, right):
    return f"{write(left)} - {write(right.args[0])}" if right.op == "minus" else f"{write(left)} + {write(right)}"


def write_minus(term):
    return f"-{write(term)}"


def write_product(*factors):
    return " ".join(map(write, factors))


def write_dot(left, right):
    return f"{write(left)} \\cdot {write(right)}"


def write_divide(over, under):
    return f"\\frac{{{write(over)}}}{{{write(under)}}}"


def write_derivative(of, by):
    return f"\\frac{{\\partial {write(of)}}}{{\\partial {write(by)}}}"


def write_number(text):
    return text


write_name, write_after = write_number, write


def write_group(inner):
    return f"({write(inner)})"


def write_dots(inner):
    return f"(\\dots {write(inner)} \\dots)"


def write_tuple(*parts):
    return f"({', '.join(map(write, parts))})"


def write_norm(inner):
    return f"\\lVert {write(inner)} \\rVert"


def write_matrix(*rows):
    return "\\begin{pmatrix} " + " \\\\ ".join(" & ".join(map(write, row)) for row in rows) + " \\end{pmatrix}"


def write_raised(base, high):
    if base.op == "element":
        base, index = base.args[0], base.args[1:]
        return write_element(Node("raised", (base, high)), *index)
    return f"{write(base)}^{{{write(high)}}}"


def write_counted(name, layer):
    return f"{name}_{{{write(layer)}}}"


def write_layers_total(index, first, last, body):
    return f"\\sum_{{{index}={write(first)}}}^{{{write(last)}}} {write(body)}"


def write_element(base, *index):
    return f"{write(base)}_{{{','.join(one or '' for one in index)}}}"


def write_selector(name, index):
    return f"{name}_{{{index}}}"


def write_transpose(node):
    inner = write(node) if node.op in ("group", "selector", "name") else f"({write(node)})"
    return inner + "^{\\mathsf T}"


ENCLOSED = ("matrix", "dots", "group", "tuple")


def write_apply(name, layer, prime, argument):
    tick = "\\prime" * prime
    raised = "'" * prime if layer is None else f"^{{{write(layer)}{tick}}}"
    return name + raised + (write(argument) if argument.op in ENCLOSED else f"({write(argument)})")


def write_largest_of(*parts):
    return f"\\max({', '.join(map(write, parts))})"


def write_sign(name, argument):
    return f"{name} {write(argument)}"


# One change each ----------------------------------------------------------------------------------------------------

def variants(node, change):
    """Every tree in which `change` has been made once: change(node) gives the Nodes that may take a node's place."""
    if isinstance(node, tuple):
        for place, part in enumerate(node):
            for one in variants(part, change):
                yield (*node[:place], one, *node[place + 1:])
    elif isinstance(node, Node):
        yield from change(node)
        for args in variants(node.args, change):
            yield Node(node.op, args)


def sign(node):
    if node.op == "plus":
        left, right = node.args
        yield Node("plus", (left, right.args[0] if right.op == "minus" else Node("minus", (right,))))
    if node.op == "minus":
        yield node.args[0]
    if node.op == "equation":
        for place in range(1, len(node.args)):
            side = node.args[place]
            if side.op not in ("minus", "plus"):
                yield Node("equation", (*node.args[:place], Node("minus", (side,)), *node.args[place + 1:]))
    if node.op == "group" and node.args[0].op not in ("minus", "plus"):
        yield Node("group", (Node("minus", node.args),))


def index(node):
    if node.op in ("element", "selector"):
        base, *old = node.args
        new = [[*old[:k], *others(one), *old[k + 1:]] for k, one in enumerate(old) if one for others in (swapped, next_one)]
        if len(old) == 2 and old[0] != old[1]:
            new.append(old[::-1])
        yield from (Node(node.op, (base, *one)) for one in new if len(one) == len(old) and one != old)


def swapped(letter):
    return [str(max(1, int(letter) - 1))] if letter.isdigit() else [{"i": "j", "j": "i"}.get(letter, "i")]


def next_one(letter):
    return [str(int(letter) + 1)] if letter.isdigit() else ["l" if letter == "k" else "k"]


def prime(node):
    if node.op == "apply" and node.args[0] == "\\phi":
        name, layer, has, argument = node.args
        yield Node("apply", (name, layer, not has, argument))


def transpose(node):
    if node.op == "transpose":
        yield node.args[0]
    elif node.op == "raised" and node.args[0].args[0] in ("\\mathbf{W}", "\\mathbf{a}") or node.op == "selector":
        yield Node("transpose", (node,))


def order(node):
    if node.op in ("product", "hadamard"):
        for k in range(len(node.args) - 1):
            yield Node(node.op, (*node.args[:k], node.args[k + 1], node.args[k], *node.args[k + 2:]))
    if node.op in ("divide", "dot") or node.op == "plus" and node.args[1].op == "minus":
        left, right = node.args
        yield Node(node.op, (right.args[0], Node("minus", (left,))) if node.op == "plus" else (right, left))


def left_out(node):
    if node.op in ("product", "hadamard"):
        for k in range(len(node.args)):
            rest = (*node.args[:k], *node.args[k + 1:])
            yield Node(node.op, rest) if len(rest) > 1 else rest[0]


def other_over(node):
    if node.op in OVER.values():
        yield from (Node(op, node.args) for op in OVER.values() if op != node.op)


def other_product(node):
    if node.op == "hadamard":
        yield Node("product", node.args)
    if node.op == "product":
        yield Node("hadamard", node.args)


def layer(node):
    for place in {"raised": (1,), "apply": (1,), "counted": (1,), "layers_total": (1, 2)}.get(node.op, ()):
        if node.args[place] is None or node.op == "raised" and node.args[0].op == "number":
            continue
        for step in (1, -1):
            if moved := one_further(node.args[place], step):
                yield Node(node.op, (*node.args[:place], moved, *node.args[place + 1:]))


def one_further(node, step):
    """A layer, one further or one earlier; a layer below 0 is written nowhere, so it is no likely misprint."""
    letter, offset = layer_of(node)
    offset += step
    if letter is None:
        return Node("number", (str(offset),)) if offset >= 0 else None
    if offset == 0:
        return Node("name", (letter,))
    number = Node("number", (str(abs(offset)),))
    return Node("plus", (Node("name", (letter,)), number if offset > 0 else Node("minus", (number,))))


def layer_of(node):
    if node.op == "plus":
        return layer_of(node.args[0])[0], layer_of(node.args[0])[1] + layer_of(node.args[1])[1]
    if node.op == "minus":
        return None, -layer_of(node.args[0])[1]
    return (node.args[0], 0) if node.op == "name" else (None, int(node.args[0]))


def numbers(node):
    if node.op == "number":
        yield Node("number", (str(int(node.args[0]) + 1),))
        if int(node.args[0]) > 1:
            yield Node("number", (str(int(node.args[0]) - 1),))


def slope_at_phi(node):
    if node.op == "apply" and node.args[2] and node.args[1] is not None:
        yield Node("apply", (*node.args[:3], Node("apply", (*node.args[:2], False, node.args[3]))))


CHANGES = {"sign": sign, "index": index, "prime": prime, "transpose": transpose, "order": order, "factor": left_out,
           "product": other_product, "over": other_over, "layer": layer, "number": numbers, "argument": slope_at_phi}


def parentheses(latex):
    """One parenthesis left out or doubled, and every pair left out."""
    brackets = [match.start() for match in re.finditer(r"[()]", latex)]
    for at in brackets:
        yield latex[:at] + latex[at + 1:]
        yield latex[:at] + latex[at] + latex[at:]
    open_ones = []
    for at in brackets:
        if latex[at] == "(":
            open_ones.append(at)
        else:
            start = open_ones.pop()
            yield latex[:start] + " " + latex[start + 1:at] + " " + latex[at + 1:]


def misprints(latex):
    """(kind, LaTeX) of every misprint, each once."""
    tree = read(latex)
    seen = {write(tree), latex}
    for kind, change in CHANGES.items():
        for one in variants(tree, change):
            text = write(one)
            if text not in seen:
                seen.add(text)
                yield kind, text
    for text in parentheses(latex):
        if text not in seen:
            seen.add(text)
            yield "parenthesis", text


# What says the same ---------------------------------------------------------------------------------------------------

def canonical(node):
    """The tree with everything settled that the rules above call the same; None if it is refused."""
    return settled(resolve(node))


def settled(node):
    if isinstance(node, tuple):
        return tuple(map(settled, node))
    if not isinstance(node, Node):
        return node
    if (node.op in ("apply", "counted") or node.op == "raised" and node.args[0].op == "name") and node.args[1] is not None:
        node = Node(node.op, (node.args[0], same_layer(node.args[1]), *node.args[2:]))
    args = settled(node.args)
    if node.op == "group":
        return args[0]
    if node.op == "minus":
        return negative(args[0])
    if node.op in ("product", "dot"):
        return product(args)
    if node.op == "hadamard":
        count, factors = without_signs(args)
        return signed(count, Node("hadamard", tuple(sorted(factors, key=repr))))
    if node.op == "plus":
        parts = [part for one in args for part in (one.args if one.op == "plus" else (one,))]
        return Node("plus", tuple(sorted(parts, key=repr)))
    if node.op == "divide":
        return divided(*args)
    if node.op == "transpose" and args[0].op == "selector" and args[0].args[0] == "\\mathbf{O}":
        return args[0]
    if node.op in ("total", "layers_total"):
        return outside(node.op, *args)
    if node.op == "element" and args[0].op == "transpose" and len(args) == 2:
        return Node("element", (args[0].args[0], args[1]))
    if node.op == "element" and is_symmetric(args[0]):
        return Node("element", (args[0], *sorted(args[1:])))
    if node.op == "norm":
        inner = args[0].args[0] if args[0].op == "transpose" else args[0]
        return Node("norm", (min(inner, negative(inner), key=repr),))
    return Node(node.op, args)


def same_layer(node):
    """m + 1 - 1 is m."""
    simple = node.op in ("plus", "minus", "number", "name")
    letter, offset = layer_of(node) if simple else (None, 0)
    return node if letter is None else one_further(Node("name", (letter,)), offset)


def negative(node):
    if node.op == "minus":
        return node.args[0]
    if node.op == "plus":
        return Node("plus", tuple(sorted(map(negative, node.args), key=repr)))
    return Node("minus", (node,))


def without_signs(factors):
    return sum(one.op == "minus" for one in factors), [one.args[0] if one.op == "minus" else one for one in factors]


def signed(count, node):
    return Node("minus", (node,)) if count % 2 else node


def product(args):
    count, flat = without_signs(args)
    flat = [part for one in flat for part in (one.args if one.op == "product" else (one,))]
    counted = [one for one in flat if is_number(one)]
    rest = [one for one in flat if not is_number(one)]
    return signed(count, Node("product", (*sorted(counted, key=repr), *runs(rest))))


def runs(factors):
    """o_j v is a number too: where a row meets a column in the middle of a product, it may stand in front."""
    for place, (one, other) in enumerate(zip(factors, factors[1:])):
        if one.op == "selector" and one.args[0] == "\\mathbf{o}" and is_column(other):
            return (Node("product", (one, other)), *runs(factors[:place] + factors[place + 2:]))
    return tuple(factors)


LAST = Node("name", ("n",))
LAST_BUT_ONE = Node("plus", (LAST, Node("minus", (Node("number", ("1",)),))))


def outside(op, letter, *ends):
    """A sum, with the numbers in front of it that do not depend on what it runs over."""
    *ends, body = ends
    if ends and body.op == "product" and any(one.op == "counted" and "push" in one.args[0] for one in body.args):
        ends = [ends[0], LAST] if ends[1] in (LAST, settled(LAST_BUT_ONE)) else ends
    parts = body.args if body.op == "product" else (body,)
    fixed = [one for one in parts if is_number(one) and not depends(one, letter)]
    rest = tuple(one for one in parts if one not in fixed)
    inner = Node(op, (letter, *ends, rest[0] if len(rest) == 1 else Node("product", rest)))
    return product((*fixed, inner)) if fixed else inner


def depends(node, letter):
    """Whether an index of that name stands in a tree."""
    return any(letter in one.args[1:] or one.op == "counted" and Node("name", (letter,)) in walk(one.args[1])
               for one in walk(node) if one.op in ("element", "selector", "counted"))


def is_symmetric(node):
    """Whether a matrix is its own transpose: a diagonal one, a column times itself lying down, a sum of such."""
    match node:
        case Node("sign", (r"\operatorname{diag}", _)):
            return True
        case Node("product", (one, Node("transpose", (other,)))):
            return one == other
        case Node("plus", parts) | Node("minus", parts):
            return all(map(is_symmetric, parts))
    return False


def divided(over, under):
    count, (over, under) = without_signs((over, under))
    return signed(count, Node("divide", (over, under)))


def is_number(node):
    if node.op == "product":
        reads = len(node.args) == 2 and node.args[0].op == "selector" and is_column(node.args[1])
        return reads or all(map(is_number, node.args))
    if node.op == "raised":
        return is_number(node.args[0])
    if node.op in OVER.values():
        return is_number(node.args[1])
    if node.op == "name":
        return "\\math" not in node.args[0] and "\\bold" not in node.args[0]
    if node.op == "element":
        return len(node.args) == 2 or None not in node.args
    if node.op == "apply":
        return is_number(node.args[3]) and node.args[0] != "f"
    if node.op in ("plus", "divide", "minus"):
        return all(map(is_number, node.args))
    return node.op in ("number", "norm", "counted", "layers_total")


def is_column(node):
    if node.op == "apply":
        return is_column(node.args[3])
    name = node.args[0].args[0] if node.op == "raised" else node.args[0]
    return node.op in ("name", "raised") and re.fullmatch(r"\\mathbf\{[a-z]\}", str(name)) is not None
