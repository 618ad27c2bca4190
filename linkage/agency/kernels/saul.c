/* Rows of SAUL: each bit the exclusive or of several majorities over the votes of a record's tokens. See ../saul.py. */
#include "saul.h"

#include <stdlib.h>
#include <string.h>

#include "hashes.h"

#define LINE 8          /* words of a slice of votes: a cache line */
#define MOST_PLANES 32
#define MOST_FIELDS 64
#define MOST_VOTES (1u << 30)
#define MOST_EACH 65535
#define TOGETHER 1024   /* records that meet a slice of all tokens' votes in turn, while it lies in a near cache */

/* of one field in one record */
typedef struct {
    const uint64_t *lines;  /* votes of each token in the slice; those of token 0 are none */
    const int32_t *tokens;  /* (n,), n a multiple of four */
    int64_t n;
    uint32_t each;          /* votes a token has */
    int planes;             /* binary digits of the number of tokens */
} Voters;

typedef struct {
    Voters fields[MOST_FIELDS];
    int n_fields, planes;
    uint32_t votes;         /* of all tokens */
} Cast;

#define WIDTH 1
#define MAJORITY majority_1
#define TARGET
#include "majority.h"

#if defined(__GNUC__) || defined(__clang__)
#define WIDTH 2
#define MAJORITY majority_2
#define TARGET
#include "majority.h"
#if defined(__x86_64__)
#define WIDTH 4
#define MAJORITY majority_4
#define TARGET __attribute__((target("avx2")))
#include "majority.h"
#define WIDTH 8
#define MAJORITY majority_8
#define TARGET __attribute__((target("avx512f")))
#include "majority.h"
#endif
#endif

typedef void (*Majority)(const Cast *, const uint64_t *, uint64_t *);

/* NULL if this processor has no such level */
static Majority majority_of(const char *level) {
    switch (register_words(level)) {
    case 1:
        return majority_1;
#if defined(__GNUC__) || defined(__clang__)
    case 2:
        return majority_2;
#if defined(__x86_64__)
    case 4:
        return majority_4;
    case 8:
        return majority_8;
#endif
#endif
    default:
        return NULL;
    }
}

/* a field of all records */
typedef struct {
    const uint64_t *spans;  /* (values, 3): tokens of a value are flat[first] to flat[last - 1], of so many votes each */
    const int32_t *text;    /* (records,) its value, -1 for none */
    const int32_t *flat;
    const uint64_t *votes;  /* (slices, room, LINE) */
    Py_ssize_t n_values, n_flat, room;
} Voting;

static int take_voting(Held *held, PyObject *item, Py_ssize_t records, Py_ssize_t slices, Voting *voting) {
    PyObject *spans, *text, *flat, *votes;
    Py_ssize_t shape[2], n_text;
    if (!item || !PyTuple_Check(item)) return complain("fields: not tuples");
    if (!PyArg_ParseTuple(item, "OOOO", &spans, &text, &flat, &votes)) return 0;
    if (!(voting->spans = take_own(held, spans, "spans", U64, 2, shape))) return 0;
    voting->n_values = shape[0];
    if (shape[1] != 3) return complain("spans: not a first, a last and votes for each value");
    if (!(voting->text = take_own(held, text, "text", I32, 1, &n_text))) return 0;
    if (!(voting->flat = take_own(held, flat, "flat", I32, 1, &voting->n_flat))) return 0;
    if (!(voting->votes = take(held, votes, "votes", U64, 2, 0, shape))) return 0;
    if (n_text != records || shape[0] != slices || shape[1] < LINE || shape[1] % LINE)
        return complain("fields: sizes that do not fit each other");
    voting->room = shape[1] / LINE;
    return 1;
}

static int digits(uint64_t number) {
    int n = 0;
    for (; number; number >>= 1) n++;
    return n;
}

enum { FITS, BEYOND, NO_MEMORY };

/* the tokens of some records, those of one field of one record after the other: what `first` says begin there */
typedef struct {
    int32_t *tokens;
    int64_t room, *first; /* (TOGETHER * fields + 1,) */
} Room;

static int list_tokens(const Voting *fields, int n_fields, Py_ssize_t start, Py_ssize_t n, Room *room) {
    int64_t taken = 0;
    for (Py_ssize_t i = 0; i < n; i++) {
        uint64_t votes = 0;
        for (int k = 0; k < n_fields; k++) {
            const Voting *field = &fields[k];
            const int32_t value = field->text[start + i];
            room->first[i * n_fields + k] = taken;
            if (value < -1 || value >= field->n_values) return BEYOND;
            if (value < 0) continue;
            const uint64_t *span = field->spans + 3 * value, first = span[0], last = span[1], each = span[2];
            if (first > last || last > (uint64_t)field->n_flat || !each || each > MOST_EACH) return BEYOND;
            votes += (last - first) * each;
            if (last - first >= MOST_VOTES || votes >= MOST_VOTES) return BEYOND;
            const int64_t padded = (int64_t)(last - first + 3) / 4 * 4;
            if (taken + padded > room->room) {
                const int64_t larger = 2 * (taken + padded);
                int32_t *moved = realloc(room->tokens, (size_t)larger * sizeof *moved);
                if (!moved) return NO_MEMORY;
                room->tokens = moved;
                room->room = larger;
            }
            for (uint64_t at = first; at < last; at++) {
                if (field->flat[at] < 0 || field->flat[at] >= field->room) return BEYOND;
                room->tokens[taken++] = field->flat[at] * LINE;
            }
            while (taken % 4) room->tokens[taken++] = 0;
        }
    }
    room->first[n * n_fields] = taken;
    return FITS;
}

static void cast_of(const Voting *fields, int n_fields, Py_ssize_t record, const int64_t *first, const int32_t *tokens,
                    Py_ssize_t slice, Cast *cast) {
    cast->n_fields = 0;
    cast->votes = 0;
    for (int k = 0; k < n_fields; k++) {
        const int32_t value = fields[k].text[record];
        if (value < 0) continue;
        const uint64_t *span = fields[k].spans + 3 * value, n = span[1] - span[0];
        if (!n) continue;
        cast->votes += (uint32_t)n * (uint32_t)span[2];
        cast->fields[cast->n_fields++] = (Voters){
            .lines = fields[k].votes + slice * fields[k].room * LINE,
            .tokens = tokens + first[k],
            .n = first[k + 1] - first[k],
            .each = (uint32_t)span[2],
            .planes = digits(n),
        };
    }
    cast->planes = digits(cast->votes);
}

static int majorities(Majority majority, const Voting *fields, int n_fields, const uint64_t *ties, Py_ssize_t slices,
                      Py_ssize_t lines, Py_ssize_t records, uint64_t *out) {
    Room room = {.first = malloc((size_t)(TOGETHER * n_fields + 1) * sizeof *room.first)};
    int done = room.first ? FITS : NO_MEMORY;
    memset(out, 0, (size_t)(records * lines * LINE) * sizeof *out);
    for (Py_ssize_t start = 0; done == FITS && start < records; start += TOGETHER) {
        const Py_ssize_t n = records - start < TOGETHER ? records - start : TOGETHER;
        done = list_tokens(fields, n_fields, start, n, &room);
        for (Py_ssize_t slice = 0; done == FITS && slice < slices; slice++)
            for (Py_ssize_t i = 0; i < n; i++) {
                Cast cast;
                cast_of(fields, n_fields, start + i, room.first + i * n_fields, room.tokens, slice, &cast);
                if (cast.votes)
                    majority(&cast, ties + slice * LINE, out + ((start + i) * lines + slice % lines) * LINE);
            }
    }
    free(room.tokens);
    free(room.first);
    return done;
}

PyObject *py_majorities(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *list, *given_ties, *given_out, *result = NULL;
    const char *level;
    Voting fields[MOST_FIELDS];
    Py_ssize_t shape[2], n_ties;
    int done = FITS;
    Held held = {.n = 0};
    if (!PyArg_ParseTuple(args, "sOOO", &level, &list, &given_ties, &given_out)) return NULL;
    const Majority majority = majority_of(level);
    const Py_ssize_t n = PyList_Check(list) ? PyList_Size(list) : -1;
    if (!majority || n < 0 || n > MOST_FIELDS) {
        complain("not a level of this processor, or fields not a list of at most 64");
        return NULL;
    }
    const uint64_t *ties = take(&held, given_ties, "ties", U64, 1, 0, &n_ties);
    if (!ties) goto end;
    uint64_t *out = take(&held, given_out, "out", U64, 2, 1, shape);
    if (!out) goto end;
    if (shape[1] < LINE || shape[1] % LINE || n_ties < shape[1] || n_ties % shape[1]) {
        complain("ties or out: not whole lines of eight words");
        goto end;
    }
    for (Py_ssize_t i = 0; i < n; i++)
        if (!take_voting(&held, PyList_GetItem(list, i), shape[0], n_ties / LINE, &fields[i])) goto end;
    Py_BEGIN_ALLOW_THREADS
    done = majorities(majority, fields, (int)n, ties, n_ties / LINE, shape[1] / LINE, shape[0], out);
    Py_END_ALLOW_THREADS
    if (done == NO_MEMORY)
        PyErr_NoMemory();
    else if (done == BEYOND)
        complain("fields: a value or a token beyond its arrays, or more votes than can be counted");
    else
        result = Py_NewRef(Py_None);
end:
    release(&held);
    return result;
}
