"""The same keys in every run of the tests: one that fails must fail again.

Set LINKAGE_TEST_KEYS to any text for other keys. Commands in a process of their own draw real ones.
"""

import hashlib
import itertools
import os
from collections import defaultdict
from collections.abc import Iterator

from linkage.agency import key

_counts: defaultdict[str, Iterator[int]] = defaultdict(itertools.count)


def _bytes(size: int) -> bytes:
    test = os.environ.get("PYTEST_CURRENT_TEST", "collecting")
    told = f"{os.environ.get('LINKAGE_TEST_KEYS', '')}|{test}|{next(_counts[test])}"
    return hashlib.shake_256(told.encode()).digest(size)


class _Told:
    token_bytes = staticmethod(_bytes)


key.secrets = _Told  # type: ignore[assignment, misc]
