"""Frozen tables of encoding version 1: letters, titles, particles, placeholders, codes.

They decide bits, so they are part of the encoding version and never follow a library: between two
releases of one transliteration library 24,885 code points changed. All entries are in the form that
cleaning gives (lower case, no diacritics, punctuation as single spaces).
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split(" "))


def _read(pairs: str) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in pairs.split(" "))


# letters that Unicode decomposition leaves alone, as UK registers write them
_LATIN = _read("æ=ae œ=oe ø=o đ=d ð=d þ=th ł=l ı=i ħ=h ŧ=t ŋ=ng ĸ=k ſ=s ə=e ɓ=b ɗ=d ƒ=f ƙ=k ɔ=o ɛ=e ƴ=y ŉ=n ß=ss")
_GREEK = _read("α=a β=v γ=g δ=d ε=e ζ=z η=i θ=th ι=i κ=k λ=l μ=m ν=n ξ=x ο=o π=p ρ=r σ=s ς=s τ=t υ=y φ=f χ=ch ψ=ps ω=o")
_CYRILLIC = _read(
    "а=a б=b в=v г=g д=d е=e ж=zh з=z и=i к=k л=l м=m н=n о=o п=p р=r с=s т=t у=u ф=f х=kh ц=ts ч=ch ш=sh щ=shch "
    "ъ= ы=y ь= э=e ю=yu я=ya і=i ї=i є=ye ґ=g ј=j љ=lj њ=nj ћ=c ђ=dj џ=dz ў=u"
)
LETTERS = str.maketrans(_LATIN | _GREEK | _CYRILLIC)

# combining marks that are accents; the vowel signs of other scripts are letters to us
ACCENTS = str.maketrans(dict.fromkeys(
    [*range(0x300, 0x370), *range(0x591, 0x5C8), *range(0x64B, 0x660), 0x670, *range(0x1AB0, 0x1B00),
     *range(0x1DC0, 0x1E00), *range(0x20D0, 0x2100), *range(0xFE20, 0xFE30)]
))  # fmt: skip

# inside a word these vanish (O'Brien is OBrien); all other punctuation parts words
_APOSTROPHES = "'’‘`´ʼʻ′＇ʹ"
# soft hyphen, zero-width spaces and joiners, direction marks, variation selectors, byte order mark: what nobody
# sees can't be what makes two names differ
_INVISIBLE = "".join(map(chr, [
    0xAD, 0x61C, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070),
    *range(0xFE00, 0xFE10), 0xFEFF,
]))  # fmt: skip
SILENT = str.maketrans(dict.fromkeys(_APOSTROPHES + _INVISIBLE))

TITLES = _words("mr mrs ms miss mx dr prof professor sir dame rev revd reverend master messrs")
TITLES_ALONE = _words("mr mrs ms miss mx")
"""No one is called just that; Master, Dr and Sir are somebody's name."""

SUFFIXES = _words("jr jnr sr snr ii iii iv esq")
PARTICLES = _words(
    "o mc mac fitz van von vander der den de del della di da do dos du des la le el al ul ur bin bint "
    "ibn abu abdul st saint san ter ten"
)

UNKNOWN = frozenset({
    "unknown", "unk", "unkown", "unknow", "not known", "notknown", "not given", "not stated", "not applicable",
    "not recorded", "not provided", "not available", "not specified", "none", "nil", "null", "nan", "n a", "n k",
    "tbc", "tba", "to be confirmed", "to be advised", "missing", "blank", "refused", "declined", "withheld",
    "information withheld", "do not use", "test", "xx", "xxx", "xxxx", "xxxxx", "zz", "zzz", "zzzz",
})  # fmt: skip
UNNAMED = frozenset({
    "nk", "anon", "anonymous", "no name", "noname", "no surname", "no forename", "no first name", "no last name",
    "unnamed", "un named", "not named", "name unknown", "nfn", "nln", "fnu", "lnu", "newborn", "new born", "neonate",
    "male infant", "female infant", "unborn", "babyboy", "babygirl", "first twin", "second twin", "boy", "girl", "male",
    "female", "male child", "female child", "boy child", "girl child", "daughter", "granddaughter", "grandson",
    "grandchild", "stepson", "stepdaughter", "wife", "husband", "mother", "father", "mum", "dad",
})  # fmt: skip
UNNAMED_FIRST_WORDS = frozenset({"baby", "bb", "infant", "twin", "triplet"})
"""A name that begins so is a newborn's before it has one: Baby, Baby Boy, Baby Smith, Infant of Ann, Twin 2."""

UNNAMED_BEGINNINGS = ("b o ",)
"""B/O Smith: baby of Smith."""

NO_ADDRESS = frozenset({
    "no fixed abode", "nfa", "no fixed address", "address unknown", "homeless", "address withheld", "confidential",
})  # fmt: skip

NO_POSTCODE = frozenset({"AA11AA", "XX11XX", "XX999XX", "ZZ11ZZ", "NFA", "NFA1XX"})
NO_POSTCODE_AREA = "ZZ99"
"""Pseudo postcodes of the NHS for no fixed abode and abroad."""

NO_IDENTIFIER = frozenset({"1234567890", "0123456789", "123456789", "NHS"})

NO_DATE = frozenset({
    (1900, 1, 1), (1901, 1, 1), (1899, 12, 30), (1899, 12, 31), (1900, 12, 31), (1900, 1, 2), (1, 1, 1), (1753, 1, 1),
    (1111, 11, 11), (1111, 1, 1), (9999, 12, 31), (9999, 9, 9), (9999, 1, 1),
})  # fmt: skip
"""Dates that systems write for "not known": the turn of the century, spreadsheets' day nought, first and last days
of database types, one key held down."""

SEX = {
    "m": "m", "male": "m", "boy": "m", "man": "m", "1": "m", "01": "m",
    "f": "f", "female": "f", "girl": "f", "woman": "f", "2": "f", "02": "f",
    "x": "x", "indeterminate": "x", "other": "x",
}  # fmt: skip
SEX_UNKNOWN = frozenset({"0", "9", "00", "09", "u", "nk", "n"})
"""NHS data dictionary: 0 is not known, 9 is not specified."""

MONTHS = {
    name: number
    for number, names in enumerate(
        ("jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july", "aug august",
         "sep sept september", "oct october", "nov november", "dec december"), start=1,
    )
    for name in names.split()
}  # fmt: skip
