"""Privacy-preserving record linkage: agencies encode, a centre that never sees a name links.

Agencies hold records of the same people under different names, spellings and numbers. Each turns its
identifiers into keyed Bloom filters on its own machine (`encode`); a centre without the key decides which
encodings are the same person (`link`); each agency gets back link ids for its own records (`Links.release`,
`rejoin`).

What is protected, and what is not
----------------------------------
- The centre is trusted to be honest but curious: it follows the protocol, has no key, and works with no
  agency behind the others' backs. **The centre together with any key holder recovers everything.**
- **Whoever holds the key can decode any set it gets hold of** by encoding names and comparing, can compute
  record ids from case numbers it guesses (unless ``id_key`` was used), and can find out whether an agency
  knows a person by encoding that person. So sets travel only to the centre, encrypted on the way, and never
  to another agency.
- Without the key the centre still sees: how many records there are, which fields are missing in which
  records, which values are equal and so how often each occurs, how alike two values are (of two dates: which of
  year, month and day agree; of two names: whether they were exchanged), and which records changed between two
  batches. Published attacks re-identify most records of plain Bloom filters from that, if
  the attacker holds a list of names that overlaps with them, without any key: `linkage.study.attacks` runs them on
  your own encodings, to be measured before they leave.
- The ``fields`` layout shows the centre one filter per field and links best: **it needs a centre you trust**.
  The ``record`` layout mixes all fields into one filter and shows less, but is not safe from those attacks.
- The profiles ``guarded`` and ``hardened`` (`profiles`) lower what a curious centre learns: the graph of who is like
  whom, on which those attacks rest, is mostly or nearly gone. They do not hide that two records are equal, what is
  missing as a whole, or anything from a holder of the key; and what is claimed of them is claimed by their authors and
  by measurement, not by proof.
- `audit` says what a set gives away before it leaves, each measure with its threshold and what to change, and which
  faults it could not look for; that it finds nothing is no proof.
- **Encodings are personal data.** They are pseudonymised, not anonymous: handle them, and the links, under the
  same rules as the records they came from.

Errors never name a person's value; see `linkage.errors`.
"""

from __future__ import annotations

import sys

from linkage import interop
from linkage.agency import encode
from linkage.agency.attach import attach
from linkage.agency.bridge import bridge, withdrawal
from linkage.agency.casework import open_cases
from linkage.agency.key import Key
from linkage.agency.rejoin import rejoin
from linkage.auditing import audit
from linkage.auditing.finding import Finding
from linkage.auditing.result import Audit
from linkage.block import Block
from linkage.cases import CaseList
from linkage.central import link
from linkage.central.blocking.sizes import BlockSizes, block_sizes
from linkage.central.blocking.ways import LSH, Blocks
from linkage.central.compare import compare, compare_in_parts, write_pairs
from linkage.central.disclosing.overlap import Overlap, overlap
from linkage.central.forecast import Plan, plan
from linkage.central.modelling.fitting import fit
from linkage.central.modelling.model import Model
from linkage.central.neighbours import nearest_records
from linkage.central.reviewing.refining import refine
from linkage.central.reviewing.review import Review, review
from linkage.central.runs.comparing import PairsInFolder, compare_to_folder
from linkage.disclosure import Policy
from linkage.encoded import EncodedSet
from linkage.errors import (
    EvidenceError,
    FileFormatError,
    LimitError,
    LinkageError,
    LinkageWarning,
    MismatchError,
    PrivacyError,
    RecordError,
    SchemaError,
    UnexpectedError,
)
from linkage.field import Field
from linkage.hardening import Hardening
from linkage.links import Links
from linkage.pairs import Pairs
from linkage.profile import profiles
from linkage.quality import Quality
from linkage.release import Release
from linkage.reporting import report
from linkage.schema import Group, Schema
from linkage.study.evaluate import Evaluation, evaluate

if sys.byteorder != "little":
    # encodings are promised bit for bit, and none was ever made or held against a known answer on such a machine
    raise ImportError("linkage runs on little-endian machines only (x86-64, ARM); this one writes numbers otherwise")

__all__ = [  # noqa: RUF022 -- by code point, which an acronym sorts by too
    "Audit",
    "Block",
    "BlockSizes",
    "Blocks",
    "CaseList",
    "EncodedSet",
    "Evaluation",
    "EvidenceError",
    "Field",
    "FileFormatError",
    "Finding",
    "Group",
    "Hardening",
    "Key",
    "LSH",
    "LimitError",
    "LinkageError",
    "LinkageWarning",
    "Links",
    "MismatchError",
    "Model",
    "Overlap",
    "Pairs",
    "PairsInFolder",
    "Plan",
    "Policy",
    "PrivacyError",
    "Quality",
    "RecordError",
    "Release",
    "Review",
    "Schema",
    "SchemaError",
    "UnexpectedError",
    "attach",
    "audit",
    "block_sizes",
    "bridge",
    "compare",
    "compare_in_parts",
    "compare_to_folder",
    "encode",
    "evaluate",
    "fit",
    "interop",
    "link",
    "nearest_records",
    "open_cases",
    "overlap",
    "plan",
    "profiles",
    "refine",
    "rejoin",
    "report",
    "review",
    "withdrawal",
    "write_pairs",
]

__version__ = "0.1.0"
