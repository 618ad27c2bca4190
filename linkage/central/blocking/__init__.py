"""Pairs found without comparing everything: which records may meet, with a stated chance of missing a pair."""
