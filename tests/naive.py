"""Obvious slow twins of the fast paths, in plain Python: what the tests hold them against."""

import hashlib
import hmac
import math
import random
from fractions import Fraction
from itertools import product

import numpy as np

from linkage.agency.normalise import cleaner
from linkage.agency.tokens import every_token, tokeniser
from linkage.fieldtypes import FIELD_TYPES

# ---- packed rows ------------------------------------------------------------------------------------------------


def packed(bits) -> np.ndarray:
    """(n, words) uint64 of a (n, n_bits) table of 0 and 1, as the filters are packed."""
    bits = np.atleast_2d(np.asarray(bits, dtype=bool))
    padded = np.pad(bits, ((0, 0), (0, -bits.shape[1] % 64)))
    return np.ascontiguousarray(np.packbits(padded, axis=1)).view(np.uint64)


def with_overlap(n_left: int, n_right: int, overlap: int, n_bits: int) -> tuple[np.ndarray, np.ndarray]:
    """Two rows of so many bits of which so many are shared, as bool tables; the right one leans to the far end."""
    left, right = np.zeros(n_bits, dtype=bool), np.zeros(n_bits, dtype=bool)
    left[:n_left] = True
    right[n_left - overlap : n_left + n_right - overlap] = True
    return left, right


def as_int(row) -> int:
    return int.from_bytes(np.asarray(row).tobytes(), "big")


def shared(left_row, right_row) -> int:
    return (as_int(left_row) & as_int(right_row)).bit_count()


def dice(left_row, right_row) -> Fraction:
    """0 for rows without bits, even two of them."""
    together = as_int(left_row).bit_count() + as_int(right_row).bit_count()
    return Fraction(2 * shared(left_row, right_row), together) if together else Fraction(0)


def similarity(n_left: int, n_right: int, overlap: int, n_bits: int, measure: str) -> Fraction:
    """Of two rows with so many bits of which so many are shared; 0 where one has none."""
    if not n_left or not n_right:
        return Fraction(0)
    if measure == "hamming":
        return 1 - Fraction(n_left + n_right - 2 * overlap, n_bits)
    whole = n_left + n_right if measure == "dice" else n_left + n_right - overlap
    return Fraction(2 * overlap if measure == "dice" else overlap, whole)


# ---- the kernels ------------------------------------------------------------------------------------------------


def overlaps(left, right, ratio: Fraction) -> list[tuple[int, int, int]]:
    """(row, column, shared bits) of the pairs with Dice >= ratio, by row, then column."""
    return [
        (row, column, shared(left[row], right[column]))
        for row in range(len(left))
        for column in range(len(right))
        if dice(left[row], right[column]) >= ratio
    ]


def nearest(row, others, n_bits: int, measure: str) -> list[tuple[int, int]]:
    """(column, shared bits) of the rows that are like this one, the most alike first, ties by column."""
    alike = []
    for column, other in enumerate(others):
        n_left, n_right, overlap = as_int(row).bit_count(), as_int(other).bit_count(), shared(row, other)
        if n_left and n_right and (overlap or measure == "hamming"):
            alike.append((-similarity(n_left, n_right, overlap, n_bits, measure), column, overlap))
    return [(column, overlap) for _, column, overlap in sorted(alike)]


def level(left_row, right_row, cuts) -> int:
    """0 where one is missing, else 1 and one more for each cut that the similarity reaches."""
    if not as_int(left_row) or not as_int(right_row):
        return 0
    return 1 + sum(dice(left_row, right_row) >= cut for cut in cuts)


def levels(lefts, rights, all_cuts) -> np.ndarray:
    """(n, m, comparisons): the level of each pair in each comparison."""
    found = np.zeros((len(lefts[0]), len(rights[0]), len(all_cuts)), dtype=np.int64)
    for row, column, place in np.ndindex(found.shape):
        found[row, column, place] = level(lefts[place][row], rights[place][column], all_cuts[place])
    return found


def heavy_pairs(levels_of_pairs, weights, bound: int) -> list[tuple[int, int, int]]:
    """(row, column, weight) of the pairs whose weights add up to the bound or more."""
    n_rows, n_columns, _ = levels_of_pairs.shape
    total = {
        (row, column): sum(weight[code] for weight, code in zip(weights, levels_of_pairs[row, column], strict=True))
        for row, column in product(range(n_rows), range(n_columns))
    }
    return [(row, column, weight) for (row, column), weight in total.items() if weight >= bound]


# ---- who belongs to whom ----------------------------------------------------------------------------------------


def matchings(edges, unique=(True, True)):
    """Every set of edges, as tuples of their numbers, in which a unique row or column has one edge at most."""

    def from_edge(number, used_rows, used_columns):
        if number == len(edges):
            yield ()
            return
        yield from from_edge(number + 1, used_rows, used_columns)
        row, column = edges[number]
        if not (unique[0] and row in used_rows) and not (unique[1] and column in used_columns):
            for rest in from_edge(number + 1, used_rows | {row}, used_columns | {column}):
                yield (number, *rest)

    return from_edge(0, frozenset(), frozenset())


def best_total(edges, gain, unique=(True, True)) -> int:
    """The largest total gain of any matching."""
    return max(sum(gain[number] for number in chosen) for chosen in matchings(edges, unique))


def marginals(edges, odds, unique=(True, True)) -> np.ndarray:
    """The probability of each edge, where a matching's weight is the product of the odds of its edges."""
    share, total = np.zeros(len(edges)), 0.0
    for chosen in matchings(edges, unique):
        weight = float(np.prod([odds[number] for number in chosen]))
        total += weight
        share[list(chosen)] += weight
    return share / total


# ---- encoding ---------------------------------------------------------------------------------------------------


def token_positions(token: str, secret: bytes, n_hashes: int, n_bits: int) -> list[int]:
    """The positions of one token: 32-bit little-endian words of keyed BLAKE2b, scaled to the width."""
    made: list[int] = []
    block = 0
    while len(made) < n_hashes:
        digest = hashlib.blake2b(
            token.encode("utf-8", "surrogatepass"), key=secret, salt=block.to_bytes(2, "big"), digest_size=64
        ).digest()
        for start in range(0, 64, 4):
            made.append(int.from_bytes(digest[start : start + 4], "little") * n_bits // 2**32)
        block += 1
    return made[:n_hashes]


def value_positions(field, value: str, secret: bytes, n_bits: int) -> list[int]:
    """All positions of a value: ``hashes`` of each token, or ``positions`` dealt out one by one, in even turns."""
    tokens = every_token(field)(value) if value else []
    if not tokens:
        return []
    if field.hashes:
        own = [field.hashes] * len(tokens)
    else:
        own = [0] * len(tokens)
        for position in range(1, field.positions + 1):
            # the first token by whose turn so many are due
            due = [place for place in range(len(tokens)) if (place + 1) * field.positions >= position * len(tokens)]
            own[due[0]] += 1
        usual = 1 if field.tokens == "exact" else FIELD_TYPES[field.type].mean_tokens
        most = min(256, field.positions if field.tokens == "exact" else math.ceil(2 * field.positions / usual))
        own = [min(each, most) for each in own]
    return [
        position for token, n in zip(tokens, own, strict=True) for position in token_positions(token, secret, n, n_bits)
    ]


def encoded_filter(record: dict, schema, filter, secret_of) -> bytes:
    """One filter of one record as the bytes of the file: bit 0 is the top bit of byte 0, padded to 64 bits.

    ``record`` is field -> text or None, ``secret_of`` field -> bytes.
    """
    bits = [0] * (-(-filter.bits // 64) * 64)
    for name in filter.fields:
        field, text = schema.field(name), record.get(name)
        value = "" if text is None else cleaner(field)(text).value
        for position in value_positions(field, value, secret_of(name), filter.bits):
            bits[position] = 1
    return bytes(
        sum(bit << (7 - place) for place, bit in enumerate(bits[at : at + 8])) for at in range(0, len(bits), 8)
    )


def record_id(secret: bytes, source: str, id: str) -> str:
    message = b"".join(len(part.encode()).to_bytes(8, "big") + part.encode() for part in (source, id))
    return hmac.new(secret, message, hashlib.sha256).hexdigest()[:32]


# ---- tokens -----------------------------------------------------------------------------------------------------


def qgrams(value: str, q: int) -> list[str]:
    """The distinct q-grams of each word padded with q - 1 blanks, in order of appearance."""
    found: list[str] = []
    for word in value.split(" "):
        letters = [" "] * (q - 1) + [*word] + [" "] * (q - 1)
        while len(letters) >= q:
            gram = "".join(letters[:q])
            if gram not in found:
                found.append(gram)
            del letters[0]
    return found


def tokens_of_rows(texts, field) -> list[list[str] | None]:
    """The tokens of each row, None where missing: each row by itself."""
    values = [cleaner(field)(text).value if text is not None else "" for text in texts]
    return [tokeniser(field)(value) if value else None for value in values]


def problems_of_rows(texts, field) -> dict[str, int]:
    """How many rows break which rule."""
    found: dict[str, int] = {}
    for text in texts:
        problem = cleaner(field)(text).problem if text is not None else ""
        if problem:
            found[problem] = found.get(problem, 0) + 1
    return found


# ---- links held against the truth -------------------------------------------------------------------------------
# a record is (source, id); a pair is a frozenset of two of them


def pairs_of_people(people: dict, *, within: bool = False) -> set:
    """All pairs of records of one person; of different sources, or ``within`` one too."""
    one_person = {frozenset((a, b)) for a in people for b in people if a < b and people[a] == people[b]}
    return {pair for pair in one_person if within or len({source for source, _ in pair}) == 2}


def outcome(found: set, true: set) -> tuple[int, int, int]:
    """True links, false links, true pairs missed."""
    return len(found & true), len(found - true), len(true - found)


def measures(true: float, false: float, missed: float) -> dict[str, float]:
    """Precision, recall, F1 as their harmonic mean, F* (Hand, Christen and Kirielle 2021); NaN for nought of nought."""

    def share(part, whole):
        return part / whole if whole else float("nan")

    precision, recall = share(true, true + false), share(true, true + missed)
    harmonic = share(2 * precision * recall, precision + recall) if true else 0.0 if false + missed else float("nan")
    return {"precision": precision, "recall": recall, "F1": harmonic, "F*": share(true, true + false + missed)}


def unit_counts(found: set, true: set, people: dict) -> list[tuple[int, int, int]]:
    """True links, false links and missed pairs of each person; a false link is of the person with more of them."""
    false = {pair: [people.get(record, record) for record in sorted(pair)] for pair in found - true}
    times: dict = {}
    for pair in false:
        for person in false[pair]:
            times[person] = times.get(person, 0) + 1
    totals: dict = {}
    for pair in found | true:
        place = 2 if pair not in found else 0 if pair in true else 1
        person = max(false[pair], key=times.__getitem__) if pair in false else people[min(pair)]
        totals.setdefault(person, [0, 0, 0])[place] += 1
    return [tuple(counts) for counts in totals.values()]


def component_counts(found: set, true: set) -> list[tuple[int, int, int]]:
    """The same for each connected component of links and true pairs."""
    parts: list[set] = []
    for pair in found | true:
        touching = [part for part in parts if part & pair]
        parts = [part for part in parts if not part & pair] + [set(pair).union(*touching)]
    return [
        outcome({pair for pair in found if pair <= part}, {pair for pair in true if pair <= part}) for part in parts
    ]


def resampled(units: list, replicates: int, seed: int) -> list[dict[str, float]]:
    """The measures of as many units drawn one by one, with replacement, again and again."""
    rng = random.Random(seed)
    drawn = (rng.choices(units, k=len(units)) for _ in range(replicates))
    return [measures(*(sum(column) for column in zip(*each, strict=True))) for each in drawn]


def b_cubed(clusters: dict, people: dict) -> tuple[float, float]:
    """Precision and recall of Bagga and Baldwin 1998: the mean over records of their own."""
    precisions, recalls = [], []
    for record in clusters:
        group = {other for other in clusters if clusters[other] == clusters[record]}
        person = {other for other in clusters if people[other] == people[record]}
        precisions.append(len(group & person) / len(group))
        recalls.append(len(group & person) / len(person))
    return sum(precisions) / len(precisions), sum(recalls) / len(recalls)


def at_threshold(scored: dict, true: set, threshold: float) -> tuple[int, int, int]:
    """The outcome of linking the pairs that score the threshold or more."""
    return outcome({pair for pair in scored if scored[pair] >= threshold}, true)


def touching(pairs: set, group_of: dict, group) -> set:
    """The pairs of which a record is of the group."""
    return {pair for pair in pairs if any(group_of.get(record) == group for record in pair)}


# ---- hardening --------------------------------------------------------------------------------------------------


def prf(secret: bytes, message: bytes, n_bytes: int) -> bytes:
    """SHAKE-256 of a 32-byte key and a message."""
    assert len(secret) == 32
    return hashlib.shake_256(secret + message).digest(n_bytes)


def bits_of(data: bytes) -> list[int]:
    """The first is the top bit of the first byte."""
    return [byte >> (7 - place) & 1 for byte in data for place in range(8)]


def votes_of(secret: bytes, message: bytes, functions: int, n_bits: int) -> list[list[int]]:
    """For each function a bit for each position; each function's begin at a multiple of 64 bits."""
    padded = -(-n_bits // 64) * 64
    drawn = bits_of(prf(secret, message, functions * padded // 8))
    return [drawn[number * padded : number * padded + n_bits] for number in range(functions)]


def saul(tokens: list, ties: bytes, functions: int, n_bits: int) -> list[int]:
    """One row; ``tokens`` are (secret, token, votes each). Zeros if there are none."""
    if not tokens:
        return [0] * n_bits
    drawn = [(votes_of(secret, token.encode(), functions, n_bits), each) for secret, token, each in tokens]
    tie = votes_of(ties, b"", functions, n_bits)
    n_votes = sum(each for _, _, each in tokens)
    row = []
    for position in range(n_bits):
        bit = 0
        for function in range(functions):
            ones = sum(each for votes, each in drawn if votes[function][position])
            answer = tie[function][position] if 2 * ones == n_votes else 2 * ones > n_votes
            bit ^= int(answer)
        row.append(bit)
    return row


def majorities(fields, ties, n_records: int, functions: int) -> np.ndarray:
    """(records, words) by counting the votes for each bit; ``fields`` and ``ties`` as the kernels take them."""

    def bits(words) -> np.ndarray:
        return np.unpackbits(np.ascontiguousarray(words).view(np.uint8)).astype(int)

    out = np.zeros((n_records, len(ties) // functions), dtype=np.uint64)
    for record in range(n_records):
        ones, n_votes = bits(ties) * 0, 0
        for spans, text, flat, votes in fields:
            first, last, each = spans[text[record]].tolist() if text[record] >= 0 else (0, 0, 0)
            for token in flat[first:last].tolist():
                ones += each * bits(votes[:, token])
                n_votes += each
        answers = np.where(2 * ones == n_votes, bits(ties), 2 * ones > n_votes).reshape(functions, -1)
        row = answers.sum(axis=0) % 2 * (n_votes > 0)
        out[record] = np.packbits(row.astype(np.uint8)).view(np.uint64)
    return out


def draws(secret: bytes):
    """32-bit numbers, little-endian, from blocks of 4,096 bytes."""
    block = 0
    while True:
        data = prf(secret, block.to_bytes(8, "big"), 4096)
        for start in range(0, 4096, 4):
            yield int.from_bytes(data[start : start + 4], "little")
        block += 1


def draw_below(drawn, n: int) -> int:
    while True:
        word = next(drawn)
        if word // n < 2**32 // n:
            return word % n


def shuffled(drawn, n: int) -> list[int]:
    order = list(range(n))
    for last in reversed(range(1, n)):
        other = draw_below(drawn, last + 1)
        order[last], order[other] = order[other], order[last]
    return order


def spread(drawn, n: int, each: int) -> list[list[int]]:
    """Permutations; one that repeats a position above it at a place exchanges that place until none is repeated."""
    rows: list[list[int]] = []
    for _ in range(each):
        order = shuffled(drawn, n)
        for place in range(n):
            while order[place] in [row[place] for row in rows]:
                other = draw_below(drawn, n)
                exchanged = order[other], order[place]
                if not any(exchanged[0] == row[place] or exchanged[1] == row[other] for row in rows):
                    order[place], order[other] = exchanged
        rows.append(order)
    return rows


def hardened(bits: list[int], harden, secret_of, id_bytes: bytes, *, present: bool) -> list[int]:
    """The steps after the tokens, on one row; ``secret_of`` is step -> secret."""
    for _ in range(harden.fold):
        half = len(bits) // 2
        bits = [bits[place] ^ bits[half + place] for place in range(half)]
    if harden.diffuse:
        rows = spread(draws(secret_of("diffuse")), len(bits), harden.diffuse)
        bits = [sum(bits[row[place]] for row in rows) % 2 for place in range(len(bits))]
    if harden.balance:
        both = bits + [1 - bit for bit in bits]
        bits = [both[position] for position in shuffled(draws(secret_of("balance")), len(both))]
    if harden.noise:
        data = prf(secret_of("noise"), id_bytes, 2 * len(bits))
        under = harden.noise / 2 * 65536
        bits = [bit ^ (int.from_bytes(data[2 * at : 2 * at + 2], "little") < under) for at, bit in enumerate(bits)]
    if not present:
        return [0] * len(bits)
    return bits if any(bits) else [1, *bits[1:]]


def hardened_row(record: dict, schema, key, source: str, id: str) -> bytes:
    """A whole record from its texts, by the definitions, as the bytes of the file."""
    filter, harden = schema.filters[0], schema.harden
    group = {field.name: field.key_group for field in schema.fields}
    values = {
        field.name: cleaner(field)(record[field.name]).value if record.get(field.name) is not None else ""
        for field in schema.fields
    }

    def derived(purpose, name=None, length=32):
        group_of = group[name] if name else ""
        return key.derive(project=schema.project, purpose=purpose, key_group=group_of, length=length)

    if harden.saul:
        tokens = []
        for field in schema.fields:
            own = tokeniser(field)(values[field.name]) if values[field.name] else []
            each = field.hashes or (max(1, math.floor(4 * math.sqrt(field.positions / len(own)) + 0.5)) if own else 0)
            tokens += [(derived("harden saul record", field.name), token, each) for token in own]
        bits = saul(tokens, derived("harden saul record ties"), harden.saul, schema.bits)
    else:
        bits = [0] * schema.bits
        for field in schema.fields:
            secret = derived("tokens", field.name, 64)
            if harden.salt:
                secret = hmac.new(secret, values[harden.salt].encode(), hashlib.sha512).digest()
            for position in value_positions(field, values[field.name], secret, schema.bits):
                bits[position] = 1
    id_bytes = bytes.fromhex(record_id(derived("record ids"), source, id))
    made = hardened(bits, harden, lambda step: derived(f"harden {step} record"), id_bytes, present=any(values.values()))
    made += [0] * (filter.words * 64 - len(made))
    return bytes(
        sum(bit << (7 - place) for place, bit in enumerate(made[at : at + 8])) for at in range(0, len(made), 8)
    )


def best_of_each(weights, most):
    """Pairs among the ``most`` heaviest of their row or of their column, of {(row, column): weight} without ties."""
    chosen = set()
    for place in (0, 1):
        for number in {pair[place] for pair in weights}:
            own = sorted((pair for pair in weights if pair[place] == number), key=lambda pair: -weights[pair])
            chosen.update(own[:most])
    return sorted(chosen)


def partitions(items: list) -> list[list[list]]:
    """Every way to part a list."""
    if not items:
        return [[]]
    head, *rest = items
    found = []
    for parts in partitions(rest):
        found.append([[head], *parts])
        found += [[*parts[:k], [head, *parts[k]], *parts[k + 1 :]] for k in range(len(parts))]
    return found


def clusters_worth(parts, weights: dict, source, unique, absent) -> int | None:
    """What clusters are worth together; None where a source has two records in one that may have one."""
    total = 0
    for part in parts:
        for place, one in enumerate(part):
            for other in part[:place]:
                if source[one] == source[other] and unique[source[one]]:
                    return None
                low, high = sorted((one, other))
                total += weights.get((low, high), -int(absent[source[one]][source[other]]))
    return total


def joined_best_first(weights: dict, source, unique, absent) -> list[list[int]]:
    """Clusters by joining the two of each pair, the best pair first, where that gains and breaks no rule."""
    of = {record: [record] for record in range(len(source))}
    for one, other in sorted(weights, key=lambda pair: (-weights[pair], pair)):
        parts = [of[one], of[other]]
        if parts[0] is parts[1]:
            continue
        whole = clusters_worth([parts[0] + parts[1]], weights, source, unique, absent)
        if whole is not None and whole > clusters_worth(parts, weights, source, unique, absent):
            of |= dict.fromkeys(parts[0] + parts[1], parts[0] + parts[1])
    return [sorted(part) for part in {id(part): part for part in of.values()}.values()]


# ---- disclosure -------------------------------------------------------------------------------------------------


def could_be(shown: list, hidden_from: int, threshold: int, base: int, most: int = 34) -> list[set[int]]:
    """What each cell of a published table of two rows and two columns can be, by trying every table there is.

    ``shown``: the four cells, two row totals, two column totals and the grand total, None where suppressed.
    """

    def fits(value, true):
        if value is None:
            return np.full(true.shape, fill_value=True) & (true >= hidden_from)
        if value == 0:
            return true == 0
        return (true >= max(value - base // 2, threshold)) & (true <= value + (base - 1) // 2)

    domain = np.arange(most)
    cells = np.meshgrid(*[domain[fits(value, domain)] for value in shown[:4]], indexing="ij", sparse=True)
    a, b, c, d = cells
    sums = (a + b, c + d, a + c, b + d, a + b + c + d)
    for least in (hidden_from, 0):  # a suppressed total may be nought after all, if no table fits otherwise
        possible = np.full(np.broadcast_shapes(*(each.shape for each in cells)), fill_value=True)
        for value, total in zip(shown[4:], sums, strict=True):
            possible &= fits(value, total) if value is not None else total >= least
        if possible.any():
            break
    return [set(np.broadcast_to(cell, possible.shape)[possible].tolist()) for cell in cells]


def linked_without_partner(pairs, links, *, turned=False):
    """Place of each link -> the value at which its row, or column, is linked if the other record is not there."""
    found = {}
    for place, link in enumerate(links.tolist()):
        side, other = (pairs.column, pairs.row) if turned else (pairs.row, pairs.column)
        open_ = [k for k in range(len(pairs.row)) if other[k] != other[link]]
        rows, columns = set(), set()
        for k in sorted(open_, key=lambda k: -pairs.value[k]):
            if pairs.row[k] not in rows and pairs.column[k] not in columns:
                rows.add(pairs.row[k])
                columns.add(pairs.column[k])
                if side[k] == side[link]:
                    found[place] = float(pairs.value[k])
    return found


def linked_without_both(pairs, links, rows, columns):
    """Pairs of a row and a column of two links, weaker than both and better than what either is left with."""
    found = []
    of_row = {int(pairs.row[link]): place for place, link in enumerate(links.tolist())}
    of_column = {int(pairs.column[link]): place for place, link in enumerate(links.tolist())}
    for k in range(len(pairs.row)):
        a, b, value = of_row.get(int(pairs.row[k])), of_column.get(int(pairs.column[k])), float(pairs.value[k])
        if a is None or b is None or a == b:
            continue
        weaker = value < pairs.value[links[a]] and value < pairs.value[links[b]]
        if weaker and value > rows.get(a, -1) and value > columns.get(b, -1):
            found.append((a, b, value))
    return sorted(found)
