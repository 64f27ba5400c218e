"""The equation checker: LaTeX as it is printed, evaluated on many networks, against routes that share nothing with it.

README.md says how to use it and how to teach it. Nothing in it knows of Sphinx. Reading a formula and computing it in
float64 (grammar, evaluate, scenes) imports neither mpmath nor SymPy.
"""


def try_formula(latex, scene=None):
    """Print whether a formula is read, and whether it holds; if not, the smallest network, and both numbers."""
    from .typed import answer

    print(answer(latex, scene))
