"""Names children in the United Kingdom carry, roughly as often as they do, by origin of the family.

Lists run from common to rare; a name's weight is one over its rank plus a constant, which is close to how
official counts of names fall off. Beyond the lists a tail is composed from syllables, so that a town does
not run out of surnames. All of it is judgement, written from general knowledge; no register of people was
copied.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from linkage.study.name_tables import GIVEN, NICKNAMES, ORIGIN_SHARES, SURNAMES


@dataclass(frozen=True)
class Tail:
    """Rare names composed from a start and an end: ``share`` of all draws from the pool come from here."""

    share: float
    starts: str
    ends: str


@dataclass(frozen=True)
class Pool:
    """Listed names, common first, and the tails behind them."""

    listed: str
    flatness: int  # added to the rank: 17 puts the first given name near 1.5 %, as in recent years
    tails: tuple[Tail, ...] = ()


# Given names of English families reach far beyond the top hundred, and a few in a hundred are hyphenated.
ENGLISH_BOYS = Pool(
    GIVEN["english"][0],
    17,
    (
        Tail(
            0.34,
            """Jay Kay Bray Hay Cay Zay Ray Tay Bren Lan Ty Har Bran Dar Kel Mar Lay Der Wes Cor Ash Al Ro
            Ke Bra""",
            "den lan ton son ley don vin ren lon ric more ian",
        ),
        Tail(
            0.04,
            "Tommy- Alfie- Bobby- Jay- Riley- Ollie- Teddy- Freddie- Jamie- Billy-",
            "Lee Jay James Ray Joe Jack",
        ),
    ),
)
ENGLISH_GIRLS = Pool(
    GIVEN["english"][1],
    17,
    (
        Tail(
            0.34,
            """Kay Hay Bray Jay Ray Ma Ade Ari Eli Lyl Mar Cal Hal Ros Bel Tal Shay Kar Ain Em Lor Ev Am Al
            Car Jo""",
            "la lynn leigh lie sie na nah elle ley anna lia mee ria den",
        ),
        Tail(
            0.07,
            """Lily- Ava- Ella- Gracie- Evie- Ellie- Isla- Lacey- Lilly- Amelia- Poppy- Lola- Ruby- Daisy-
            Summer-""",
            "Mae Rose Grace Rae Mai Leigh Louise May Jane Belle",
        ),
    ),
)
ENGLISH_TAIL = Tail(
    0.70,
    """Ash Brad Thorn Wal Har Whit Black Hol Wood Brom Green Stan Lang Al Hart West Ring Hep Burn
    Cran Pen Mar Old Win Ather Rad Shel Stock Mil Long Clif Nor Red Hamp Kirk Tat Birk Hazel Cole
    Bar Dun Farn Gold Hather Ingle Kel Lin Mid Nut Oak Pres Rave Sea Tem Up Ver War Yar Wether Beck
    Chat Den Elm Fair Gar High Bent Has Lock Swin Tur Fen""",
    """ton ley ford well wood field ham by worth den bourne man ington combe hurst shaw more stone
    bury land ridge stead wick brook er gate sett over leigh thorpe cliffe low ingham ell ling hall
    son house""",
)
TAILS = {
    "english": (ENGLISH_TAIL,),
    "welsh": (
        replace(ENGLISH_TAIL, share=0.30),
        Tail(
            0.15,
            "Pen Tre Gwyn Llan Caer Bron",
            "arth fardd llian wyn ry nant edd dyn",
        ),
    ),
    "scottish": (
        Tail(
            0.45,
            "Mac Mc",
            """Alpine Askill Bain Bride Callum Clure Combie Cormick Cracken Culloch Fadyen Farlane Gill
            Gowan Hardy Innes Kechnie Kellar Kendrick Kinlay Lachlan Laren Lellan Millan Nab Naughton Neil
            Nicol Phail Pherson Quarrie Quillan Rae Taggart Tavish Vicar Whirter""",
        ),
    ),
    "irish": (
        Tail(
            0.4,
            "O'",
            """Boyle Brady Callaghan Carroll Dea Doherty Donnell Donovan Driscoll Dwyer Farrell Flaherty
            Flynn Gara Grady Halloran Hanlon Hara Hare Keefe Leary Loughlin Mahony Malley Meara Rourke Shea
            Sullivan Toole""",
        ),
    ),
    "pakistani": (
        Tail(
            0.25,
            "Abdul Ghul Fazal Noor Sher Mir Aziz Habib Karam Rahim Zahid Wazir",
            "lah ullah zada zai ani i uddin",
        ),
    ),
    "indian": (
        Tail(
            0.4,
            """Agar Bhatt Chand Deshp Gup Iyen Jha Kulk Lakh Mahesh Nara Padman Raj Sanka Thak Vaidya Venka
            Raman Bala Krish""",
            "wal acharya ani arni ande ran nath swamy kar kur lia tesh",
        ),
    ),
    "polish": (
        Tail(
            0.5,
            """Kowal Wiśn Kamin Zielin Dąbr Jabłon Malin Górn Sosn Brzoz Wójc Nowak Szym Piotr Maj Jank
            Krzyż Ostr Lis Sadow""",
            "ski ewski owski czyk ak icki owicz ek iak",
        ),
    ),
    "arabic": (
        Tail(
            0.3,
            "Al-",
            """Amin Bakri Faraj Ghazi Hadi Hakim Jaber Khatib Masri Najjar Obaidi Qadi Rashid Saadi Sayed
            Tamimi Zahra""",
        ),
    ),
    "african": (
        Tail(
            0.5,
            "Ade Ola Olu Ayo Baba Oyin Nwa Oko Chuk Eze Asa Boa Ama Owu Kwa Mba Obi Ifa Aki Fola",
            "yemi bayo wale tunde sola niyi kunle chukwu eze mba teng su ku di kwe ladi ola nde",
        ),
    ),
    "turkish": (
        Tail(
            0.45,
            "Yıl Kara Ak Öz Demir Gün Taş Er Bal Koç Sarı Kaya Al Tek",
            "maz oğlu türk can taş doğan er kan han ay",
        ),
    ),
    "chinese": (),
    "other_european": (
        Tail(
            0.4,
            "Pop Ion Dumitr Stan Petr Ivan Georg Niko Dimitr Mar Const Vas Rad Tod",
            "escu ov eanu ić iu oiu ou ev aru in",
        ),
    ),
}


@dataclass(frozen=True)
class Names:
    """Names ready to draw from: ``ends[i]`` is the running total of integer weights up to name ``i``."""

    values: Any
    ends: np.ndarray[Any, np.dtype[np.int64]]

    def draw(self, n: int, rng: np.random.Generator) -> Any:
        """``n`` names as an Arrow string array."""
        # Whole-number weights: no sum of floats decides a name, so every machine draws the same.
        ticket = (rng.random(n) * int(self.ends[-1])).astype(np.int64)
        return self.values.take(pa.array(np.searchsorted(self.ends, ticket, side="right")))


def names_of(pool: Pool) -> Names:
    """The pool as one weighted table, tails written out.

    >>> names_of(Pool("Ava Mia", flatness=1)).values.to_pylist()
    ['Ava', 'Mia']
    """
    parts = [(1.0 - sum(tail.share for tail in pool.tails), _listed(pool.listed, pool.flatness))]
    parts += [(tail.share, _composed(tail)) for tail in pool.tails]
    values = [name for _, (names, _) in parts for name in names]
    weights = [_scaled(weights, share) for share, (_, weights) in parts]
    return Names(pa.array(values, pa.string()), np.cumsum(np.concatenate(weights)))


def surnames_of(origin: str) -> Names:
    """Surnames of families of one origin."""
    return names_of(Pool(SURNAMES[origin], 5, TAILS[origin]))


def given_names_of(origin: str, *, male: bool) -> Names:
    """Given names of boys or of girls in families of one origin."""
    if origin == "english":
        return names_of(ENGLISH_BOYS if male else ENGLISH_GIRLS)
    return names_of(Pool(GIVEN[origin][0 if male else 1], 12))


def draw_origins(n: int, rng: np.random.Generator) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The origin of each of ``n`` families, as a position in ``ORIGIN_SHARES``."""
    ends = np.cumsum(list(ORIGIN_SHARES.values()))
    return np.searchsorted(ends, (rng.random(n) * int(ends[-1])).astype(np.int64), side="right")


def nicknames() -> tuple[Any, Any]:
    """Two Arrow arrays, name and familiar form, sorted by name; both directions, Kate to Katherine as well.

    >>> names, short = nicknames()
    >>> [familiar for name, familiar in zip(names.to_pylist(), short.to_pylist()) if name == "William"]
    ['Bill', 'Billy', 'Will']
    """
    formal = [(line.split()[0], short) for line in NICKNAMES for short in line.split()[1:]]
    pairs = sorted({*formal, *((short, name) for name, short in formal)})
    return pa.array([name for name, _ in pairs]), pa.array([short for _, short in pairs])


def _listed(names: str, flatness: int) -> tuple[list[str], list[int]]:
    words = names.replace("\n", " ").split()
    return words, [10**9 // (rank + flatness) for rank in range(1, len(words) + 1)]


def _composed(tail: Tail) -> tuple[list[str], list[int]]:
    starts, start_weights = _listed(tail.starts, 30)
    ends, end_weights = _listed(tail.ends, 8)
    weights = [left * right // 10**9 for left in start_weights for right in end_weights]
    return [start + end for start in starts for end in ends], weights


def _scaled(weights: list[int], share: float) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Weights that add up to about ``share`` of 10**12, in whole numbers."""
    total, part = sum(weights), round(share * 1_000_000) * 1_000_000
    return np.array([weight * part // total for weight in weights], dtype=np.int64)
