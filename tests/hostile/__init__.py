"""Hostile input and faults: what damages files, what stops commands, and what holds the outcome against the promise.

`mutate` reads damaged files by the thousand, `fuzz` lets coverage guide the damage, `kill` stops commands at random
moments, `ccoverage` says which lines of C the kernel tests run. Each is a command; small runs are among the tests.
"""
