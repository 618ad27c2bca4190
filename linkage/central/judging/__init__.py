"""How good links are without truth, and where to cut: from probabilities and from one-to-one structure."""
