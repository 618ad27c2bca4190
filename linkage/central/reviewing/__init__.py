"""Clerical review: which pairs people look at, what they decided, and what a model learns from it."""
