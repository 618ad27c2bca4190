/* The left rows of each filter: the slices of their bits, and which have equal bits. */
#ifndef LINKAGE_LISTS_H
#define LINKAGE_LISTS_H

#include <stdlib.h>

#include "sums.h"

#define TOGETHER 32    /* left rows that meet a filter's slices in turn, while those lie in the nearest cache */
#define MOST_KEPT 2048 /* values that repeat, of which what is found is kept as long as the block */
#define MOST_PROBES 32 /* so far a row is looked for; beyond, it counts as a value of its own */

/* one filter's. A value is what rows with equal bits have; what is found for it lies in its slot until another value of
   that slot is met. */
typedef struct {
    int64_t stride, values, slots;
    uint32_t *steps; /* (values, stride) */
    int64_t *n;      /* (values,) */
    int32_t *value;  /* (rows,) */
    int32_t *slot;   /* (values,): values of one row share the first TOGETHER */
} Lists;

static void drop_lists(Lists *lists, int n) {
    for (int i = 0; lists && i < n; i++) {
        free(lists[i].steps);
        free(lists[i].n);
        free(lists[i].value);
        free(lists[i].slot);
    }
    free(lists);
}

INLINE uint64_t hash_of(const uint64_t *row, int64_t width) {
    uint64_t hash = 0;
    for (int64_t word = 0; word < width; word++) {
        hash = (hash ^ row[word]) * 0x9E3779B97F4A7C15u; /* 2**64 over the golden ratio (Knuth, TAOCP 3, 6.4) */
        hash ^= hash >> 32;
    }
    return hash;
}

/* numbers the values, by open addressing, in order of their first rows, which `first` gets; how many, or NO_MEMORY */
static int64_t number_values(const Rows *rows, int32_t *value, int32_t *first) {
    uint64_t size = 64;
    while (size < 2 * (uint64_t)rows->n) size *= 2;
    int32_t *table = malloc((size_t)size * sizeof *table);
    if (!table) return NO_MEMORY;
    memset(table, 0xFF, (size_t)size * sizeof *table);
    int64_t values = 0;
    for (int64_t row = 0; row < rows->n; row++) {
        const uint64_t *words = rows->words + row * rows->width;
        uint64_t at = hash_of(words, rows->width);
        int32_t found = -1;
        for (int probe = 0; found < 0 && probe < MOST_PROBES; probe++, at++) {
            int32_t *place = &table[at & (size - 1)];
            if (*place < 0) {
                *place = (int32_t)values;
                break;
            }
            int64_t other = first[*place];
            if (rows->counts[row] == rows->counts[other] &&
                !memcmp(words, rows->words + other * rows->width, (size_t)rows->width * sizeof *words))
                found = *place;
        }
        if (found < 0) {
            found = (int32_t)values;
            first[values++] = (int32_t)row;
        }
        value[row] = found;
    }
    free(table);
    return values;
}

/* values that repeat have a slot of their own; how many slots there are */
static int64_t share_slots(const int32_t *value, const int32_t *first, int64_t n, int32_t *slot) {
    int32_t next = TOGETHER;
    for (int64_t row = 0; row < n; row++) {
        int32_t *mine = &slot[value[row]];
        if (first[value[row]] == row)
            *mine = (int32_t)(row % TOGETHER);
        else if (*mine < TOGETHER && next < TOGETHER + MOST_KEPT)
            *mine = next++;
    }
    return next;
}

static int make_list(const Rows *rows, Lists *list) {
    list->value = malloc((size_t)(rows->n + 1) * sizeof *list->value);
    list->slot = malloc((size_t)(rows->n + 1) * sizeof *list->slot);
    int32_t *first = malloc((size_t)(rows->n + 1) * sizeof *first);
    list->values = list->value && list->slot && first ? number_values(rows, list->value, first) : NO_MEMORY;
    if (list->values < 0) {
        free(first);
        return 0;
    }
    list->slots = share_slots(list->value, first, rows->n, list->slot);
    int64_t most = 0;
    for (int64_t value = 0; value < list->values; value++) {
        int64_t bits = 0; /* not the given count: what is written below must fit whatever was given */
        for (int64_t word = 0; word < rows->width; word++) bits += POPCOUNT(rows->words[first[value] * rows->width + word]);
        if (bits > most) most = bits;
    }
    list->stride = (most + STEPS - 1) / STEPS * STEPS;
    list->steps = malloc((size_t)(list->values * list->stride + 1) * sizeof *list->steps);
    list->n = malloc((size_t)(list->values + 1) * sizeof *list->n);
    for (int64_t value = 0; list->steps && list->n && value < list->values; value++)
        list->n[value] = list_slices(rows->words + first[value] * rows->width, rows->width, list->stride,
                                     list->steps + value * list->stride);
    free(first);
    return list->steps && list->n;
}

static Lists *make_lists(const Fields *f) {
    Lists *lists = calloc((size_t)f->n_lefts, sizeof *lists);
    for (int i = 0; lists && i < f->n_lefts; i++)
        if (!make_list(&f->left[i], &lists[i])) {
            drop_lists(lists, f->n_lefts);
            return NULL;
        }
    return lists;
}

#endif
