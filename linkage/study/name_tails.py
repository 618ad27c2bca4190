"""Rare names: composed from a start and an end, so that a town does not run out of surnames. Judgement."""

from __future__ import annotations

from dataclasses import dataclass, replace


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
    flatness: int  # added to the rank
    tails: tuple[Tail, ...] = ()


# Given names of English families reach far beyond the top hundred, and a few in a hundred are hyphenated.
BOYS_TAILS = (
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
)
GIRLS_TAILS = (
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
SURNAME_TAILS = {
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
