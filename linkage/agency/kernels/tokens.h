/* Cleaned values into filters: see tokens.c. */
#ifndef LINKAGE_AGENCY_TOKENS_H
#define LINKAGE_AGENCY_TOKENS_H

#include "hashes.h"
#include "store.h"

enum { EXACT, QGRAMS, POSITIONAL_QGRAMS, DATE_PARTS, POSTCODE_LEVELS, NEIGHBOURS };

typedef struct {
    Store store;         /* the distinct tokens */
    uint32_t *positions; /* (room, hashes): where each token sets bits */
    int hashes, bits;
    int64_t shared; /* positions of a value, shared out among its tokens, each `hashes` at most; 0: `hashes` each */
    int64_t n_tokens, place; /* of the value in hand, and how many of them are set */
    Blakes blakes;
    uint8_t *row; /* the filter in hand */
} Tokeniser;

enum { DONE = 1, NO_ROOM = 0, NO_VALUE = -1 };

/* sets the bits of a value's tokens in `row`; `number` is q, or how far neighbours reach. NO_ROOM: make the store
   larger and do it again; NO_VALUE: not what cleaning gives */
int set_tokens(Tokeniser *tokeniser, int kind, int number, const uint8_t *value, size_t n);

#endif
