/* Levels of agreement of several filters a row: how many pairs have which, and which pairs weigh enough.
   Included once by each instruction set's file, which may have to_lanes of its own (OWN_PLANES), and take_steps and
   lanes_at_least as well (OWN_LANES).

   Per left row and block, each lane has a 16-bit accumulator. Every product adds to it what its level is worth, as
   steps: step[0] where a side is missing, step[1] more at level 1, step[c + 2] more for each cut c that is reached. */
#include <stdlib.h>
#include <string.h>

#define UNIT 64         /* of the accumulators that sum weights, in units of the weights */
#define MOST_LANES 16   /* so few are weighed one by one rather than by a further outcome */
#define ACCUMULATORS 8

/* the slices of every row of a left filter */
typedef struct {
    uint32_t *steps;
    int64_t stride, *n;
} Lists;

static void drop_lists(Lists *lists, int n) {
    for (int i = 0; lists && i < n; i++) {
        free(lists[i].steps);
        free(lists[i].n);
    }
    free(lists);
}

static Lists *make_lists(const Fields *f) {
    Lists *lists = calloc((size_t)f->n_lefts, sizeof *lists);
    if (!lists) return NULL;
    for (int i = 0; i < f->n_lefts; i++) {
        const Rows *rows = &f->left[i];
        int64_t most = 0;
        for (int64_t row = 0; row < rows->n; row++) {
            int64_t bits = 0; /* not the given count: what is written below must fit whatever was given */
            for (int64_t word = 0; word < rows->width; word++) bits += POPCOUNT(rows->words[row * rows->width + word]);
            if (bits > most) most = bits;
        }
        lists[i].stride = (most + STEPS - 1) / STEPS * STEPS;
        lists[i].steps = malloc((size_t)(rows->n * lists[i].stride + 1) * sizeof *lists[i].steps);
        lists[i].n = malloc((size_t)(rows->n + 1) * sizeof *lists[i].n);
        if (!lists[i].steps || !lists[i].n) {
            drop_lists(lists, f->n_lefts);
            return NULL;
        }
        for (int64_t row = 0; row < rows->n; row++)
            lists[i].n[row] = list_slices(rows->words + row * rows->width, rows->width, lists[i].steps + row * lists[i].stride);
    }
    return lists;
}

#if !defined(OWN_LANES) && !defined(OWN_PLANES)
/* SPREAD[b] holds bit i of b in its byte i */
#define S1(b) ((uint64_t)((b) & 1) | (uint64_t)((b) >> 1 & 1) << 8 | (uint64_t)((b) >> 2 & 1) << 16 | \
               (uint64_t)((b) >> 3 & 1) << 24 | (uint64_t)((b) >> 4 & 1) << 32 | (uint64_t)((b) >> 5 & 1) << 40 | \
               (uint64_t)((b) >> 6 & 1) << 48 | (uint64_t)((b) >> 7 & 1) << 56)
#define S4(b) S1(b), S1((b) + 1), S1((b) + 2), S1((b) + 3)
#define S16(b) S4(b), S4((b) + 4), S4((b) + 8), S4((b) + 12)
#define S64(b) S16(b), S16((b) + 16), S16((b) + 32), S16((b) + 48)
static const uint64_t SPREAD[256] = {S64(0), S64(64), S64(128), S64(192)};

/* the sums that planes hold, added to the lanes */
INLINE void to_lanes(const VEC *plane, int planes, uint16_t *lanes) {
    uint64_t bits[PLANES][VEC_WORDS];
    uint8_t low[64 * VEC_WORDS], high[64 * VEC_WORDS];
    for (int k = 0; k < planes; k++) STORE(bits[k], plane[k]);
    for (int byte = 0; byte < 8 * VEC_WORDS; byte++) {
        uint64_t sum = 0, over = 0;
        for (int k = 0; k < planes; k++) {
            uint64_t spread = SPREAD[bits[k][byte / 8] >> byte % 8 * 8 & 0xFF];
            if (k < 8)
                sum |= spread << k;
            else
                over |= spread << (k - 8);
        }
        memcpy(low + byte * 8, &sum, 8);
        memcpy(high + byte * 8, &over, 8);
    }
    for (int j = 0; j < 64 * VEC_WORDS; j++) lanes[j] = (uint16_t)(lanes[j] + low[j] + 256 * high[j]);
}
#endif

#ifndef OWN_LANES

INLINE void take_steps(uint16_t *to, const uint16_t *overlap, const uint16_t *counts, uint32_t count,
                       const uint16_t *scale, int cuts, const uint16_t *step) {
    const uint16_t absent = step[0], present = step[1]; /* read in the loop they might change with what is written */
    for (int j = 0; j < BLOCK; j++) to[j] = (uint16_t)(to[j] + absent + (counts[j] ? present : 0));
    for (int c = 0; c < cuts; c++) {
        uint16_t by = scale[c], worth = step[c + 2];
        for (int j = 0; j < BLOCK; j++) {
            int16_t bar = (int16_t)((uint32_t)(uint16_t)(counts[j] + count) * by >> 16);
            to[j] = (uint16_t)(to[j] + ((int16_t)overlap[j] > bar ? worth : 0));
        }
    }
}

INLINE void lanes_at_least(const uint16_t *sums, int least, uint64_t *lanes) {
    for (int word = 0; word < LINE; word++) {
        uint64_t bits = 0;
        for (int j = 0; j < 64; j++) bits |= (uint64_t)((int16_t)sums[word * 64 + j] >= least) << j;
        lanes[word] = bits;
    }
}
#endif

/* shared bits of one row with each row of a block */
INLINE void block_overlaps(const uint64_t *base, const uint32_t *steps, int64_t n, uint16_t *lanes) {
    memset(lanes, 0, BLOCK * sizeof *lanes);
    for (int64_t from = 0; from < n; from += MOST_STEPS) {
        int64_t to = n - from < MOST_STEPS ? n : from + MOST_STEPS;
        for (int part = 0; part < LINE / VEC_WORDS; part++) {
            VEC plane[PLANES];
            for (int k = 0; k < PLANES; k++) plane[k] = ZERO();
            if (to - from <= 112) {
                add_slices(plane, base + part * VEC_WORDS, steps, from, to, 7);
                to_lanes(plane, 7, lanes + part * VEC_WORDS * 64);
            } else {
                add_slices(plane, base + part * VEC_WORDS, steps, from, to, PLANES);
                to_lanes(plane, PLANES, lanes + part * VEC_WORDS * 64);
            }
        }
    }
}

/* the state of one block: the counts of its rows, by right filter */
typedef struct {
    const Fields *fields;
    const Lists *lists;
    uint16_t (*counts)[BLOCK];
    int64_t block;
} Block;

static void enter(Block *b, int64_t block) {
    b->block = block;
    for (int i = 0; i < b->fields->n_rights; i++) {
        const Rows *rows = &b->fields->right[i];
        for (int64_t j = 0; j < BLOCK; j++)
            b->counts[i][j] = block * BLOCK + j < rows->n ? (uint16_t)rows->counts[block * BLOCK + j] : 0;
    }
}

/* to[lane] += what the product's level is worth there */
static void add_product(const Block *b, const Product *p, int64_t row, const uint16_t *step, uint16_t *to) {
    const Fields *f = b->fields;
    uint32_t count = f->left[p->left].counts[row];
    if (!count) {
        for (int j = 0; j < BLOCK; j++) to[j] = (uint16_t)(to[j] + step[0]);
        return;
    }
    const Slices *slices = &f->slices[p->right];
    const Lists *lists = &b->lists[p->left];
    uint16_t overlap[BLOCK];
    block_overlaps(slices->bits + b->block * (slices->positions + 1) * LINE, lists->steps + row * lists->stride,
                   (lists->n[row] + STEPS - 1) / STEPS * STEPS, overlap);
    const uint16_t *counts = b->counts[p->right];
    if (p->scale) {
        take_steps(to, overlap, counts, count, p->scale, p->cuts, step);
        return;
    }
    for (int j = 0; j < BLOCK; j++) {
        uint16_t worth = step[0];
        if (counts[j]) {
            worth = (uint16_t)(worth + step[1]);
            for (int c = 0; c < p->cuts; c++)
                if (overlap[j] >= p->need[c * p->sums + count + counts[j]]) worth = (uint16_t)(worth + step[c + 2]);
        }
        to[j] = (uint16_t)(to[j] + worth);
    }
}

/* to[lane] += the outcome's value there, and `bonus` more at its highest level */
static void add_outcome(const Block *b, const Outcome *o, int64_t row, int bonus, uint16_t *to) {
    uint16_t step[MOST_CUTS + 2];
    const Product *products = b->fields->products;
    if (o->n_products == 1) {
        const Product *p = &products[o->products[0]];
        uint16_t before = 0;
        for (int level = 0; level < p->cuts + 2; level++) {
            uint16_t value = (uint16_t)(o->value[level] + (o->level[level] == o->last ? bonus : 0));
            step[level] = (uint16_t)(value - before);
            before = value;
        }
        add_product(b, p, row, step, to);
        return;
    }
    uint16_t joint[BLOCK] = {0};
    for (int i = 0; i < o->n_products; i++) {
        const Product *p = &products[o->products[i]];
        step[0] = 0;
        for (int level = 1; level < p->cuts + 2; level++) step[level] = (uint16_t)o->strides[i];
        add_product(b, p, row, step, joint);
    }
    for (int j = 0; j < BLOCK; j++)
        to[j] = (uint16_t)(to[j] + o->value[joint[j]] + (o->level[joint[j]] == o->last ? bonus : 0));
}

/* lanes of the block whose pair with this row counts: from the first to the last, end excluded */
INLINE void lanes_of(const Block *b, int64_t row, int64_t *first, int64_t *last) {
    int64_t start = b->block * BLOCK, n = b->fields->right[0].n - start;
    *last = n < BLOCK ? n : BLOCK;
    *first = row + b->fields->diagonal + 1 - start;
    if (*first < 0) *first = 0;
}

/* most pairs fall into few cells, and adding to one again must wait for the last time: so each lane in COPIES has its own */
#define COPIES 4

INLINE void count_lanes(uint32_t *cells, const uint16_t *low, const uint16_t *high, uint32_t low_size, int64_t first,
                        int64_t last) {
    int64_t j = first;
    for (; high == NULL && j + COPIES <= last; j += COPIES)
        for (int copy = 0; copy < COPIES; copy++) cells[low[j + copy] * COPIES + copy]++;
    for (; high == NULL && j < last; j++) cells[low[j] * COPIES]++;
    for (; j < last; j++) cells[(low[j] + low_size * high[j]) * COPIES + j % COPIES]++;
}

static int64_t histograms(const Fields *f, Histograms *h) {
    Block b = {f, make_lists(f), malloc((size_t)f->n_rights * sizeof *b.counts), 0};
    int64_t blocks = (f->right[0].n + BLOCK - 1) / BLOCK, status = b.lists && b.counts ? 0 : NO_MEMORY;
    uint32_t *cells[8] = {NULL};
    for (int i = 0; i < h->n; i++)
        if (!(cells[i] = calloc((size_t)h->size[i] * COPIES, sizeof *cells[i]))) status = NO_MEMORY;
    uint16_t used = 0;
    for (int i = 0; i < f->n_outcomes; i++) used |= (uint16_t)(1u << f->outcomes[i].accumulator);
    for (int64_t block = 0; !status && block < blocks; block++) {
        enter(&b, block);
        for (int64_t row = 0; row < f->left[0].n; row++) {
            int64_t first, last;
            lanes_of(&b, row, &first, &last);
            if (first >= last) continue;
            uint16_t sums[ACCUMULATORS][BLOCK];
            for (int i = 0; i < ACCUMULATORS; i++)
                if (used >> i & 1) memset(sums[i], 0, sizeof sums[i]);
            for (int i = 0; i < f->n_outcomes; i++)
                add_outcome(&b, &f->outcomes[i], row, 0, sums[f->outcomes[i].accumulator]);
            for (int i = 0; i < h->n; i++)
                count_lanes(cells[i], sums[h->low[i]], h->high[i] < 0 ? NULL : sums[h->high[i]], (uint32_t)h->low_size[i],
                            first, last);
        }
    }
    for (int i = 0; i < h->n; i++) {
        for (int64_t cell = 0; !status && cell < h->size[i]; cell++)
            for (int copy = 0; copy < COPIES; copy++) h->cells[i][cell] += cells[i][cell * COPIES + copy];
        free(cells[i]);
    }
    drop_lists((Lists *)b.lists, f->n_lefts);
    free(b.counts);
    return status;
}

/* exactly, pair by pair */
static int64_t weigh(const Fields *f, int64_t row, int64_t column) {
    int64_t weight = 0;
    for (int i = 0; i < f->n_outcomes; i++) {
        const Outcome *o = &f->outcomes[i];
        int64_t joint = 0;
        for (int k = 0; k < o->n_products; k++) {
            const Product *p = &f->products[o->products[k]];
            const Rows *left = &f->left[p->left], *right = &f->right[p->right];
            uint32_t a = left->counts[row], c = right->counts[column];
            if (!a || !c) continue;
            uint32_t shared = OVERLAP(left->words + row * left->width, right->words + column * right->width, left->width);
            int64_t level = 1;
            for (int cut = 0; cut < p->cuts; cut++) level += shared >= p->need[cut * p->sums + a + c];
            joint += level * o->strides[k];
        }
        int level = o->level[joint];
        weight += o->weight[level] + (o->bonus && level == o->last ? o->bonus[row] : 0);
    }
    return weight;
}

INLINE int ceil_units(int64_t weight) { return (int)(weight >= 0 ? (weight + UNIT - 1) / UNIT : -(-weight / UNIT)); }

static int64_t heavy(const Fields *f, int32_t bound, Heavy *found) {
    Block b = {f, make_lists(f), malloc((size_t)f->n_rights * sizeof *b.counts), 0};
    int *bonus = malloc((size_t)f->n_outcomes * sizeof *bonus), *rest = malloc((size_t)(f->n_outcomes + 1) * sizeof *rest);
    int64_t n_found = b.lists && b.counts && bonus && rest ? 0 : NO_MEMORY;
    int64_t blocks = (f->right[0].n + BLOCK - 1) / BLOCK;
    for (int64_t block = 0; n_found >= 0 && block < blocks; block++) {
        enter(&b, block);
        for (int64_t row = 0; n_found >= 0 && row < f->left[0].n; row++) {
            int64_t first, last;
            lanes_of(&b, row, &first, &last);
            if (first >= last) continue;
            rest[f->n_outcomes] = 0; /* the most that the outcomes from here on can add */
            for (int i = f->n_outcomes - 1; i >= 0; i--) {
                const Outcome *o = &f->outcomes[i];
                int most = INT16_MIN;
                bonus[i] = o->bonus ? ceil_units(o->bonus[row]) : 0;
                for (int k = 0; k < o->size; k++) {
                    int value = o->value[k] + (o->level[k] == o->last ? bonus[i] : 0);
                    if (value > most) most = value;
                }
                rest[i] = rest[i + 1] + most;
            }
            uint16_t sums[BLOCK] = {0};
            uint64_t lanes[LINE];
            for (int i = 0; i < f->n_outcomes; i++) {
                add_outcome(&b, &f->outcomes[i], row, bonus[i], sums);
                lanes_at_least(sums, ceil_units(bound) - rest[i + 1], lanes);
                int some = 0;
                for (int word = 0; word < LINE; word++) some += POPCOUNT(lanes[word]);
                if (some <= MOST_LANES) break;
            }
            for (int word = 0; n_found >= 0 && word < LINE; word++)
                for (uint64_t left = lanes[word]; left; left &= left - 1) {
                    int64_t lane = word * 64 + LOWEST(left);
                    if (lane < first || lane >= last) continue;
                    int64_t weight = weigh(f, row, block * BLOCK + lane);
                    if (weight < bound) continue;
                    if (n_found == found->room) {
                        n_found = FULL;
                        break;
                    }
                    found->row[n_found] = (int32_t)row;
                    found->column[n_found] = (int32_t)(block * BLOCK + lane);
                    found->weight[n_found++] = (int32_t)weight;
                }
        }
    }
    drop_lists((Lists *)b.lists, f->n_lefts);
    free(b.counts);
    free(bonus);
    free(rest);
    return n_found;
}
