"""The researcher's room: invented people with known truth, and measures against it; so it may see both sides."""

from __future__ import annotations

from linkage.study.people import Population, invent

__all__ = ["Population", "invent"]
