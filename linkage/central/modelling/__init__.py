"""Fellegi-Sunter on encodings: levels of agreement, estimation without truth, and what a model says of pairs."""
