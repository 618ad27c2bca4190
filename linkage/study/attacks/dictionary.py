"""Dictionary attack: whoever holds the key encodes his own list with it and looks for what he has made.

No hardening helps, since it must give equal people equal, or at least similar, encodings under one key. What helps is
that nobody with the key gets at the sets, which is why they travel only to the centre and the centre has no key.
"""

from __future__ import annotations

import time

import numpy as np

from linkage.agency.key import Key
from linkage.arguments import checked
from linkage.encoded import EncodedSet
from linkage.sealed import sealed
from linkage.study.attacks.adversary import Columns, OwnEncodings, bits_of
from linkage.study.attacks.alignment import assigned, negative_distances, ratios
from linkage.study.attacks.result import Reidentified
from linkage.study.attacks.truth import counted, right_rows


@sealed
@checked
def dictionary_attack(
    encoded: EncodedSet,
    known: object,
    key: Key,
    *,
    truth: object,
    truth_key: Key | None = None,
    id: str | None = None,
    columns: Columns = None,
) -> Reidentified:
    """Name encoded records by encoding a plain list under the key: what any agency of the project could do.

    Parameters
    ----------
    key
        The project's key, or another to see that it opens nothing.

    The other arguments, and the claims, are those of `linkage.study.attacks.graph_matching`. ``details``:
    ``identical``, how many records are bit for bit those of the person claimed.

    Cost: n * m * bits. On one core and 5,000 people some 3 seconds.

    >>> import linkage
    >>> from linkage.study import attacks, invent
    >>> people, key = invent(200, seed=3, agencies=["registry"]), linkage.Key.generate()
    >>> schema = linkage.Schema.preset("uk-person", project="docs", layout="record")
    >>> columns = people.held("registry", schema)
    >>> lists = attacks.two_lists(people["registry"], id="entry_no", overlap=0.5, case="partial", seed=1)
    >>> encoded = linkage.encode(lists.held, schema, key, id="entry_no", source="registry", columns=columns)
    >>> of = {"truth": lists.truth, "truth_key": key, "id": "entry_no", "columns": columns}
    >>> attacks.dictionary_attack(encoded, lists.known, key, **of).rate
    1.0
    """
    list_encoded = OwnEncodings.under(known, encoded.schema, key, id=id, columns=columns)
    right = right_rows(encoded, list_encoded.ids, truth, truth_key)
    began = time.perf_counter()
    theirs, own = bits_of(encoded).astype(np.float32), bits_of(list_encoded.sets[0]).astype(np.float32)
    near = negative_distances(theirs, own)
    rows, cols = assigned(near)
    identical = int(np.count_nonzero(near[rows, cols] == 0))
    return counted(
        "dictionary",
        encoded,
        list_encoded.ids,
        right,
        (rows, cols, 1 - ratios(near, rows, cols)),
        seconds=time.perf_counter() - began,
        details={"identical": identical},
    )
