/* The tokens of linkage/agency/tokens.py, from UTF-8, straight into bits. A token is written into the store's free
   bytes and looked up there; only a new one is hashed. One that comes twice sets the same bits twice. */
#include "tokens.h"

/* a token in the making; n counts what would be written, so that what does not fit is noticed at the end */
typedef struct {
    uint8_t *at;
    size_t n, room;
} Draft;

static Draft draft(const Tokeniser *tokeniser) {
    const Store *store = &tokeniser->store;
    const int64_t ends = store->ends[store->n], used = ends < 0 || ends > store->n_bytes ? store->n_bytes : ends;
    return (Draft){store->bytes + used, 0, (size_t)(store->n_bytes - used)};
}

static void put(Draft *token, const void *bytes, size_t n) {
    if (token->n + n <= token->room) memcpy(token->at + token->n, bytes, n);
    token->n += n;
}

static void put_letter(Draft *token, char letter) { put(token, &letter, 1); }

static void put_number(Draft *token, int64_t number) {
    char digits[24];
    size_t n = 0;
    uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
    do digits[n++] = (char)('0' + rest % 10);
    while (rest /= 10);
    if (number < 0) put_letter(token, '-');
    while (n) put_letter(token, digits[--n]);
}

static void hash(Tokeniser *tokeniser, const Draft *token, uint32_t *positions) {
    uint8_t digest[64];
    for (int i = 0; i < tokeniser->hashes; i++) {
        if (i % 16 == 0) blake(&tokeniser->blakes, i / 16, token->at, token->n, digest);
        const uint8_t *b = digest + 4 * (i % 16);
        const uint32_t word = b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
        positions[i] = (uint32_t)((uint64_t)word * (uint32_t)tokeniser->bits >> 32);
    }
}

/* how many positions the next token of the value sets: shared_out in linkage/positions.py */
static int own_positions(Tokeniser *tokeniser) {
    if (!tokeniser->shared || tokeniser->n_tokens < 1) return tokeniser->hashes;
    const int64_t place = tokeniser->place++, n = tokeniser->n_tokens, shared = tokeniser->shared;
    const int64_t own = (place + 1) * shared / n - place * shared / n;
    return own < tokeniser->hashes ? (int)own : tokeniser->hashes;
}

static void set_bits(Tokeniser *tokeniser, ptrdiff_t number, int n_tokens) {
    const uint32_t *positions = tokeniser->positions + number * tokeniser->hashes, bits = (uint32_t)tokeniser->bits;
    if (number + n_tokens > tokeniser->store.room) return; /* a store in which they are not one after the other */
    for (int token = 0; token < n_tokens; token++, positions += tokeniser->hashes) {
        const int own = own_positions(tokeniser);
        for (int i = 0; i < own; i++) {
            const uint32_t position = positions[i];
            if (position < bits) tokeniser->row[position >> 3] |= (uint8_t)(0x80 >> (position & 7));
        }
    }
}

/* the number of the token, hashed if it is new; FULL if there is no room */
static int32_t number_of(Tokeniser *tokeniser, const Draft *token) {
    if (token->n > token->room) return FULL;
    const ptrdiff_t before = tokeniser->store.n;
    const uint8_t *end = token->at + token->room;
    const uint64_t hashed = text_hash(token->at, token->n, end, tokeniser->store.seed);
    const int32_t number = numbered(&tokeniser->store, token->at, token->n, end, hashed);
    if (number == before) hash(tokeniser, token, tokeniser->positions + (ptrdiff_t)number * tokeniser->hashes);
    return number;
}

static int set(Tokeniser *tokeniser, const Draft *token) {
    const int32_t number = number_of(tokeniser, token);
    if (number == FULL) return NO_ROOM;
    set_bits(tokeniser, number, 1);
    return DONE;
}

/* one letter and a piece of the value */
static int set_piece(Tokeniser *tokeniser, const char *mark, const uint8_t *piece, size_t n, const char *after) {
    Draft token = draft(tokeniser);
    put(&token, mark, strlen(mark));
    put(&token, piece, n);
    put(&token, after, strlen(after));
    return set(tokeniser, &token);
}

static int set_place(Tokeniser *tokeniser, char mark, size_t place, uint8_t letter) {
    Draft token = draft(tokeniser);
    put_letter(&token, mark);
    put_number(&token, (int64_t)place);
    put_letter(&token, (char)letter);
    return set(tokeniser, &token);
}

/* bytes of the letter that begins there; never beyond the end, even if it is no UTF-8 */
static size_t letter_bytes(const uint8_t *text, size_t left) {
    const size_t n = *text < 0x80 ? 1 : *text < 0xe0 ? 2 : *text < 0xf0 ? 3 : 4;
    return n < left ? n : left;
}

static int set_qgrams(Tokeniser *tokeniser, int q, int positional, const uint8_t *word, size_t n) {
    const uint8_t *low = word, *high = word, *end = word + n; /* the letters within the window */
    int64_t after = 0;                                        /* places between the last letter and the window's end */
    for (int64_t place = 0;; place++) {
        if (high < end)
            high += letter_bytes(high, (size_t)(end - high));
        else if (++after == q)
            return DONE;
        if (place >= q && low < end) low += letter_bytes(low, (size_t)(end - low));
        Draft token = draft(tokeniser);
        if (positional) {
            put_number(&token, place);
            put_letter(&token, ':');
        }
        for (int64_t before = place + 1; before < q; before++) put_letter(&token, ' ');
        put(&token, low, (size_t)(high - low));
        for (int64_t i = 0; i < after; i++) put_letter(&token, ' ');
        const int done = set(tokeniser, &token);
        if (done != DONE) return done;
    }
}

static int set_words(Tokeniser *tokeniser, int q, const uint8_t *value, size_t n) {
    for (size_t start = 0; start <= n;) {
        const uint8_t *space = start < n ? memchr(value + start, ' ', n - start) : NULL;
        const size_t stop = space ? (size_t)(space - value) : n;
        const int done = set_qgrams(tokeniser, q, 0, value + start, stop - start);
        if (done != DONE) return done;
        start = stop + 1;
    }
    return DONE;
}

static Draft copy_of(const Tokeniser *tokeniser, const char *mark, const uint8_t *piece, size_t n, const char *after, int copy) {
    Draft token = draft(tokeniser);
    put(&token, mark, strlen(mark));
    put(&token, piece, n);
    put(&token, after, strlen(after));
    if (copy > 1) {
        put_letter(&token, ' ');
        put_number(&token, copy);
    }
    return token;
}

/* a piece, and itself numbered. Nothing else makes these tokens, so they were stored one after the other, and where
   the last is in its place, all are */
static int set_copies(
    Tokeniser *tokeniser, const char *mark, const uint8_t *piece, size_t n, const char *after, int n_copies) {
    Draft token = copy_of(tokeniser, mark, piece, n, after, 1);
    const int32_t first = number_of(tokeniser, &token);
    if (first == FULL) return NO_ROOM;
    token = copy_of(tokeniser, mark, piece, n, after, n_copies);
    const ptrdiff_t last = first + (ptrdiff_t)n_copies - 1;
    if (token.n <= token.room && is_text(&tokeniser->store, last, token.at, token.n, token.at + token.room)) {
        set_bits(tokeniser, first, n_copies);
        return DONE;
    }
    set_bits(tokeniser, first, 1);
    int done = DONE;
    for (int copy = 2; copy <= n_copies && done == DONE; copy++) {
        token = copy_of(tokeniser, mark, piece, n, after, copy);
        done = set(tokeniser, &token);
    }
    return done;
}

/* copies of each part, as in tokens.py */
enum { YEAR = 12, DIGIT_OF_YEAR = 3, MONTH = 5, DAY = 4, DIGIT_OF_DAY = 2, EXCHANGED = 4 };

static int set_date(Tokeniser *tokeniser, const uint8_t *date, size_t n) {
    if (n != 10 || date[4] != '-' || date[7] != '-') return NO_VALUE;
    const uint8_t *month = date + 5, *day = date + 8;
    int done = DONE;
    if (memcmp(date, "0000", 4)) {
        const uint8_t slipped[4] = {date[0], date[1], '.', date[3]};
        done = set_copies(tokeniser, "Y", date, 4, "", YEAR);
        if (done == DONE) done = set_copies(tokeniser, "Y", date, 3, ".", DIGIT_OF_YEAR);
        if (done == DONE) done = set_copies(tokeniser, "Y", slipped, 4, "", DIGIT_OF_YEAR);
    }
    if (done == DONE && memcmp(month, "00", 2)) {
        done = set_copies(tokeniser, "M", month, 2, "", MONTH);
        if (done == DONE) done = set_copies(tokeniser, "X", month, 2, "", EXCHANGED);
    }
    if (done == DONE && memcmp(day, "00", 2)) {
        done = set_copies(tokeniser, "D", day, 2, "", DAY);
        if (done == DONE) done = set_copies(tokeniser, "D", day, 1, ".", DIGIT_OF_DAY);
        if (done == DONE) done = set_copies(tokeniser, "D.", day + 1, 1, "", DIGIT_OF_DAY);
        if (done == DONE) done = set_copies(tokeniser, "X", day, 2, memcmp(day, month, 2) ? "" : " twice", EXCHANGED);
    }
    return done;
}

static int is_digit(uint8_t letter) { return letter >= '0' && letter <= '9'; }

static int is_letter(uint8_t letter) { return letter >= 'A' && letter <= 'Z'; }

static int is_whole(const uint8_t *code, size_t n) {
    return n >= 5 && is_digit(code[n - 3]) && is_letter(code[n - 2]) && is_letter(code[n - 1]);
}

/* whether postcodes are read to this letter: area, district, sector, unit; of what is no whole one, any */
static int is_prefix(const uint8_t *code, size_t n, size_t length) {
    const size_t inward = n - 3, area = n > 1 && is_letter(code[1]) ? 2 : 1;
    return !is_whole(code, n) || length == area || length == inward || length == inward + 1 || length == n;
}

static int set_postcode(Tokeniser *tokeniser, const uint8_t *code, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!is_digit(code[i]) && !is_letter(code[i])) return NO_VALUE;
    const size_t inward = is_whole(code, n) ? n - 3 : n;
    int done = DONE;
    for (size_t i = 0; i < n && done == DONE; i++)
        done = i < inward ? set_place(tokeniser, 'O', i, code[i]) : set_place(tokeniser, 'I', i - inward, code[i]);
    for (size_t length = 1; length <= n && done == DONE; length++)
        if (is_prefix(code, n, length)) done = set_piece(tokeniser, "P", code, length, "");
    return done;
}

static int set_neighbours(Tokeniser *tokeniser, int reach, const uint8_t *value, size_t n) {
    const int negative = value[0] == '-';
    int64_t middle = 0;
    if (n - (size_t)negative < 1 || n > 18) return NO_VALUE;
    for (size_t i = (size_t)negative; i < n; i++) {
        if (!is_digit(value[i])) return NO_VALUE;
        middle = 10 * middle + (value[i] - '0');
    }
    if (negative) middle = -middle;
    for (int64_t step = middle - reach; step <= middle + reach; step++) {
        Draft token = draft(tokeniser);
        put_letter(&token, 'N');
        put_number(&token, step);
        const int done = set(tokeniser, &token);
        if (done != DONE) return done;
    }
    return DONE;
}

static int64_t letters(const uint8_t *text, size_t n) {
    int64_t found = 0;
    for (size_t at = 0; at < n; at += letter_bytes(text + at, n - at)) found++;
    return found;
}

static int64_t date_tokens(const uint8_t *date, size_t n) {
    if (n != 10) return 0;
    return (memcmp(date, "0000", 4) ? YEAR + 2 * DIGIT_OF_YEAR : 0) + (memcmp(date + 5, "00", 2) ? MONTH + EXCHANGED : 0) +
           (memcmp(date + 8, "00", 2) ? DAY + 2 * DIGIT_OF_DAY + EXCHANGED : 0);
}

/* how many tokens a value has, one that comes twice counted twice */
static int64_t count_tokens(int kind, int number, const uint8_t *value, size_t n) {
    int64_t words = 1, prefixes = 0;
    switch (kind) {
        case QGRAMS:
            for (size_t i = 0; i < n; i++) words += value[i] == ' ';
            return letters(value, n) - (words - 1) + words * (number - 1);
        case POSITIONAL_QGRAMS: return letters(value, n) + number - 1;
        case DATE_PARTS: return date_tokens(value, n);
        case POSTCODE_LEVELS:
            for (size_t length = 1; length <= n; length++) prefixes += is_prefix(value, n, length);
            return (int64_t)n + prefixes;
        case NEIGHBOURS: return 2 * (int64_t)number + 1;
        default: return 1;
    }
}

int set_tokens(Tokeniser *tokeniser, int kind, int number, const uint8_t *value, size_t n) {
    if (!n) return DONE;
    tokeniser->place = 0;
    if (tokeniser->shared) tokeniser->n_tokens = count_tokens(kind, number, value, n);
    switch (kind) {
        case QGRAMS: return set_words(tokeniser, number, value, n);
        case POSITIONAL_QGRAMS: return set_qgrams(tokeniser, number, 1, value, n);
        case DATE_PARTS: return set_date(tokeniser, value, n);
        case POSTCODE_LEVELS: return set_postcode(tokeniser, value, n);
        case NEIGHBOURS: return set_neighbours(tokeniser, number, value, n);
        case EXACT: return set_piece(tokeniser, "=", value, n, "");
        default: return NO_VALUE;
    }
}
