/* A cut as a line of the sum of two popcounts, told from bit planes.

   The cut is reached where overlap > (sum * scale) >> 16. With a bits on the left, b on the right, each product parts into
   whole and rest; the wholes add up, and the rests carry one more where together they reach 2**16:

       (a + b) * scale >> 16  =  whole(a) + whole(b) + [rest(a) + rest(b) >= 2**16]

   Of a rest only its rank matters, that is which of the others it carries with: a ratio p/2q has at most 2q ranks, which
   are `fraction` bits where rests have sixteen. So with left(a) and right(b) = whole << fraction | rank

       the cut is reached  <=>  overlap << fraction  >  left(a) + right(b).

   right(b) is a block's, kept as planes; left(a) is a row's, a constant to all lanes. */
#ifndef LINKAGE_BARS_H
#define LINKAGE_BARS_H

#include <stdlib.h>

#include "lanes.h"

#define PARTS (LINE / VEC_WORDS) /* registers to a block */

typedef struct {
    int fraction, whole, planes; /* bits of a rank, of a whole, and of both */
    uint32_t *left, *right;  /* by count, from 0 to the most bits of a side */
    uint64_t *block;         /* (planes, LINE): right(b) of the block's rows, complemented */
} Bar;

static void drop_bar(Bar *bar) {
    free(bar->left);
    free(bar->right);
    free(bar->block);
}

INLINE int bits_of(uint32_t x) {
    int bits = 0;
    for (; x; x >>= 1) bits++;
    return bits;
}

static int by_value(const void *a, const void *b) {
    uint16_t one = *(const uint16_t *)a, other = *(const uint16_t *)b;
    return (one > other) - (one < other);
}

/* how many of n rests in order are below */
INLINE uint32_t rests_below(const uint16_t *rests, uint32_t n, uint32_t bar) {
    uint32_t first = 0;
    while (n) {
        uint32_t half = n / 2;
        if (rests[first + half] < bar) {
            first += half + 1;
            n -= half + 1;
        } else
            n = half;
    }
    return first;
}

/* for lefts and rights of 0 to so many bits; whether there was memory */
static int make_bar(uint32_t scale, uint32_t most_left, uint32_t most_right, Bar *bar) {
    bar->left = malloc((most_left + 1) * sizeof *bar->left);
    bar->right = malloc((most_right + 1) * sizeof *bar->right);
    uint16_t *rests = malloc((most_right + 1) * sizeof *rests);
    uint32_t *rank = calloc(most_right + 2, sizeof *rank); /* first: whether any left carries from so many rests on */
    int ready = bar->left && bar->right && rests && rank;
    if (ready) {
        for (uint32_t b = 0; b <= most_right; b++) rests[b] = (uint16_t)(b * scale);
        qsort(rests, most_right + 1, sizeof *rests, by_value);
        for (uint32_t a = 0; a <= most_left; a++)
            rank[rests_below(rests, most_right + 1, 65536 - (a * scale & 0xFFFF))] = 1;
        uint32_t ranks = 0, whole = (most_left > most_right ? most_left : most_right) * scale >> 16;
        for (uint32_t below = 0; below <= most_right + 1; below++) rank[below] = ranks += rank[below];
        bar->fraction = bits_of(ranks);
        /* the wholes, and the overlap, must fit the planes above */
        uint32_t shared = most_left < most_right ? most_left : most_right;
        bar->whole = bits_of(whole > shared ? whole : shared);
        bar->planes = bar->fraction + bar->whole;
        for (uint32_t a = 0; a <= most_left; a++) {
            uint32_t below = rank[rests_below(rests, most_right + 1, 65536 - (a * scale & 0xFFFF))];
            bar->left[a] = (a * scale >> 16) << bar->fraction | ((1u << bar->fraction) - below);
        }
        for (uint32_t b = 0; b <= most_right; b++)
            bar->right[b] = (b * scale >> 16) << bar->fraction | rank[rests_below(rests, most_right + 1, b * scale & 0xFFFF)];
        bar->block = malloc((size_t)(bar->planes + 1) * LINE * sizeof *bar->block);
        ready = bar->block != NULL;
    }
    free(rests);
    free(rank);
    return ready;
}

/* the right side's planes, for the rows of a block with these counts */
static void enter_bar(const Bar *bar, const uint32_t *counts) {
    uint32_t lanes[BLOCK];
    for (int j = 0; j < BLOCK; j++) lanes[j] = ~bar->right[counts[j]];
    to_planes(lanes, BLOCK, bar->planes, bar->block, LINE);
}

/* lanes whose overlap reaches the cut. Of w planes, a complement is 2**w - 1 less the number; so

       overlap << fraction  +  ~left(a)  +  ~right(b)  +  1  >=  2**(w + 1)

   which is asked of three summands at once: carry-save, then a chain of carries. All parts of a block go together, for a
   chain by itself would wait for each of its carries. */
INLINE void above(const Bar *bar, uint32_t left, VEC (*overlap)[MOST_PLANES], int overlap_planes, VEC *reached) {
    VEC before[PARTS];
    for (int part = 0; part < PARTS; part++) {
        reached[part] = LOAD(CHOICE[1]);
        before[part] = ZERO();
    }
    const uint64_t *theirs = bar->block, *end = theirs + bar->planes * LINE;
    const uint64_t *whole = theirs + bar->fraction * LINE, *counted = whole + overlap_planes * LINE;
    if (counted > end) counted = end;
    for (left = ~left; theirs < whole; theirs += LINE, left >>= 1)
        for (int part = 0; part < PARTS; part++)
            reached[part] = MAJ(LOAD(theirs + part * VEC_WORDS), LOAD(CHOICE[left & 1]), reached[part]);
    for (int k = 0; theirs < counted; theirs += LINE, left >>= 1, k++)
        for (int part = 0; part < PARTS; part++) {
            VEC right = LOAD(theirs + part * VEC_WORDS), mine = LOAD(CHOICE[left & 1]);
            reached[part] = MAJ(XOR3(overlap[part][k], right, mine), before[part], reached[part]);
            before[part] = MAJ(overlap[part][k], right, mine);
        }
    for (; theirs < end; theirs += LINE, left >>= 1)
        for (int part = 0; part < PARTS; part++) {
            VEC right = LOAD(theirs + part * VEC_WORDS), mine = LOAD(CHOICE[left & 1]);
            reached[part] = MAJ(XOR(right, mine), before[part], reached[part]);
            before[part] = AND(right, mine);
        }
    for (int part = 0; part < PARTS; part++) reached[part] = AND(reached[part], before[part]);
}

#endif
