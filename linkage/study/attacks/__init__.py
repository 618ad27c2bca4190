"""Published attacks, to be run on one's own encodings: what an adversary could read from a set before it leaves.

Each takes an `EncodedSet`, what the adversary holds, and the truth, and returns a `Reidentified`: how many of the
people whom both hold it named rightly, with an interval. None is shown the key, but `dictionary_attack`, which is what
any holder of the key can do. They read the filters and the agreement that travel in every file, whatever the layout and
the hardening.

=======================  ====================================================  ==================================
attack                   what the adversary has, beside the set                published on plain filters
=======================  ====================================================  ==================================
`frequency_alignment`    a list with like frequencies                          at most 5 %, if encodings repeat
`pattern_mining`         a list of like people                                 at most 20.7 %
`graph_matching`         a list that overlaps                                  99.9 % at an overlap of 50 %
`known_pairs`            a list that overlaps, and who some of the records are  33 % exactly, people in no list
`dictionary_attack`      a list, and the key                                   all of it
`xor_tuples`             nothing                                               91.6 % of diffused encodings
=======================  ====================================================  ==================================

`xor_tuples` names nobody: it says how far the structure that such attacks live on lies beyond chance. `two_lists` parts
invented people into what an agency encodes and what an adversary holds, in both cases of the literature.

A rate near nought says that this attack, with this list, did not get through; it is no proof that none will. Claims on
encodings of real people name them: run these where the list itself may be kept.
"""

from __future__ import annotations

from linkage.study.attacks.dictionary import dictionary_attack
from linkage.study.attacks.frequency import frequency_alignment
from linkage.study.attacks.graph import graph_matching
from linkage.study.attacks.known import known_pairs
from linkage.study.attacks.lists import Lists, two_lists
from linkage.study.attacks.patterns import pattern_mining
from linkage.study.attacks.result import Reidentified
from linkage.study.attacks.xor import XorFinding, XorTuples, xor_tuples

__all__ = [
    "Lists",
    "Reidentified",
    "XorFinding",
    "XorTuples",
    "dictionary_attack",
    "frequency_alignment",
    "graph_matching",
    "known_pairs",
    "pattern_mining",
    "two_lists",
    "xor_tuples",
]
