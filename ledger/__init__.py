"""The equation checker: LaTeX as it is printed, evaluated on many networks, against routes that share nothing with it."""
