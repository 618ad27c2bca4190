"""The researcher's room: invented people with known truth, and measures against it; so it may see both sides."""

from __future__ import annotations

from linkage.study.data import Febrl, load_febrl
from linkage.study.people import Population, invent

__all__ = ["Febrl", "Population", "invent", "load_febrl"]
