/* Which lanes of a block are at which level of a product. High cuts are reached by few pairs: those after the first that no
   lane reaches are not looked at. Names, dates and postcodes repeat, so left rows with equal bits share what is found. */
#ifndef LINKAGE_AGREE_H
#define LINKAGE_AGREE_H

#include "bars.h"
#include "lists.h"

/* Lanes of a block that are at level 1, 2, ... of a product, or above: (highest level, LINE). What reaches a cut reaches
   those before it, by force: the codes of levels are told by what changes from one to the next, and a lane that left one
   out would have the code of none, and count in a cell that isn't. */
typedef struct {
    int32_t value;   /* of the left rows that this was found for */
    int levels;      /* so many have any lane, or 1; the masks of the others are not written */
    uint64_t *masks;
} Agreement;

/* what a pass keeps, and the block that it is at */
typedef struct {
    const Fields *fields;
    Lists *lists;
    Bar **bars;                    /* (products,): (cuts,), or NULL where no scale is given */
    Agreement **agreement;         /* (products,): (slots of the left filter,) */
    uint64_t *masks;
    uint32_t (*counts)[BLOCK];     /* (right filters,) */
    uint64_t (*present)[LINE];     /* (right filters,): rows that have bits */
    int64_t block;
} Block;

INLINE uint32_t most_of(const Rows *rows) {
    uint32_t most = 0;
    for (int64_t row = 0; row < rows->n; row++)
        if (rows->counts[row] > most) most = rows->counts[row];
    return most;
}

static void leave(Block *b) {
    const Fields *f = b->fields;
    drop_lists(b->lists, f->n_lefts);
    for (int i = 0; b->bars && i < f->n_products; i++) {
        for (int c = 0; b->bars[i] && c < f->products[i].cuts; c++) drop_bar(&b->bars[i][c]);
        free(b->bars[i]);
    }
    free(b->bars);
    for (int i = 0; b->agreement && i < f->n_products; i++) free(b->agreement[i]);
    free(b->agreement);
    free(b->masks);
    free(b->counts);
    free(b->present);
}

/* whether there was memory; `leave` frees it in either case */
static int prepare_blocks(const Fields *f, Block *b) {
    *b = (Block){.fields = f, .lists = make_lists(f)};
    b->bars = calloc((size_t)f->n_products, sizeof *b->bars);
    b->agreement = calloc((size_t)f->n_products, sizeof *b->agreement);
    int64_t levels = 0;
    for (int i = 0; b->lists && i < f->n_products; i++) levels += (f->products[i].cuts + 1) * b->lists[f->products[i].left].slots;
    b->masks = malloc((size_t)(levels * LINE) * sizeof *b->masks);
    b->counts = malloc((size_t)f->n_rights * sizeof *b->counts);
    b->present = malloc((size_t)f->n_rights * sizeof *b->present);
    if (!b->lists || !b->bars || !b->agreement || !b->masks || !b->counts || !b->present) return 0;
    uint64_t *masks = b->masks;
    for (int i = 0; i < f->n_products; i++) {
        const Product *p = &f->products[i];
        int64_t slots = b->lists[p->left].slots;
        if (!(b->agreement[i] = malloc((size_t)slots * sizeof **b->agreement))) return 0;
        for (int64_t k = 0; k < slots; k++, masks += (p->cuts + 1) * LINE) b->agreement[i][k] = (Agreement){.masks = masks};
        if (!p->scale || !p->cuts) continue;
        if (!(b->bars[i] = calloc((size_t)p->cuts, sizeof **b->bars))) return 0;
        uint32_t most_left = most_of(&f->left[p->left]), most_right = most_of(&f->right[p->right]);
        for (int c = 0; c < p->cuts; c++)
            if (!make_bar(p->scale[c], most_left, most_right, &b->bars[i][c])) return 0;
    }
    return 1;
}

static void enter(Block *b, int64_t block) {
    const Fields *f = b->fields;
    b->block = block;
    for (int i = 0; i < f->n_rights; i++) {
        const Rows *rows = &f->right[i];
        for (int64_t j = 0; j < BLOCK; j++)
            b->counts[i][j] = block * BLOCK + j < rows->n ? rows->counts[block * BLOCK + j] : 0;
        uint32_t present[BLOCK];
        for (int j = 0; j < BLOCK; j++) present[j] = b->counts[i][j] != 0;
        to_planes(present, BLOCK, 1, b->present[i], LINE);
    }
    for (int i = 0; i < f->n_products; i++) {
        for (int64_t k = 0; k < b->lists[f->products[i].left].slots; k++) b->agreement[i][k].value = -1;
        for (int c = 0; b->bars[i] && c < f->products[i].cuts; c++)
            enter_bar(&b->bars[i][c], b->counts[f->products[i].right]);
    }
}

/* shared bits of one row with the lanes of each part; in how many planes */
INLINE int sum_slices(const uint64_t *base, const uint32_t *steps, int64_t n, int planes, VEC (*sum)[MOST_PLANES]) {
    for (int part = 0; part < PARTS; part++) { /* one after the other: the slices' lines are at hand still */
        VEC plane[MOST_PLANES];
        for (int k = 0; k < planes; k++) plane[k] = ZERO();
        add_slices(plane, base + part * VEC_WORDS, steps, 0, n, planes);
        for (int k = 0; k < planes; k++) sum[part][k] = plane[k];
    }
    return planes;
}

static int block_overlaps(const Block *b, const Product *p, int32_t value, VEC (*sum)[MOST_PLANES]) {
    const Slices *slices = &b->fields->slices[p->right];
    const uint64_t *base = slices->bits + b->block * (slices->positions + 1) * LINE;
    const Lists *lists = &b->lists[p->left];
    const uint32_t *steps = lists->steps + value * lists->stride;
    int64_t n = (lists->n[value] + STEPS - 1) / STEPS * STEPS;
    if (n <= 112) return sum_slices(base, steps, n, 7, sum); /* seven planes count to 127, in steps of 16; and so on */
    if (n <= 240) return sum_slices(base, steps, n, 8, sum);
    if (n <= MOST_STEPS) return sum_slices(base, steps, n, PLANES, sum);
    return sum_slices(base, steps, n, MOST_PLANES, sum);
}

/* lanes that reach a cut without a scale, by its table */
static void by_table(const Product *p, int cut, uint32_t count, const uint32_t *counts, VEC (*overlap)[MOST_PLANES],
                     int planes, VEC *reached) {
    uint32_t lanes[BLOCK];
    uint64_t bar[LANE_BITS][LINE];
    for (int j = 0; j < BLOCK; j++) {
        uint32_t need = p->need[cut * p->sums + count + counts[j]];
        lanes[j] = ~(need < 65535 ? need : 65535); /* more than there are bits */
    }
    to_planes(lanes, BLOCK, LANE_BITS, bar[0], LINE);
    for (int part = 0; part < PARTS; part++) {
        reached[part] = LOAD(CHOICE[1]); /* overlap + ~need + 1 carries */
        for (int k = 0; k < LANE_BITS; k++) {
            VEC plane = LOAD(bar[k] + part * VEC_WORDS);
            reached[part] = k < planes ? MAJ(overlap[part][k], plane, reached[part]) : AND(plane, reached[part]);
        }
    }
}

/* how a row agrees in a product with the block's; found once, whichever outcomes ask, for all rows with its bits */
static const Agreement *agree(const Block *b, int product, int64_t row) {
    const Product *p = &b->fields->products[product];
    int32_t value = b->lists[p->left].value[row];
    Agreement *found = &b->agreement[product][b->lists[p->left].slot[value]];
    if (found->value == value) return found;
    uint32_t count = b->fields->left[p->left].counts[row];
    found->value = value;
    found->levels = 1;
    memcpy(found->masks, count ? b->present[p->right] : CHOICE[0], sizeof *b->present);
    if (!count || !p->cuts) return found;
    VEC overlap[PARTS][MOST_PLANES], lanes[PARTS], reached[PARTS];
    int planes = block_overlaps(b, p, value, overlap);
    for (int part = 0; part < PARTS; part++) lanes[part] = LOAD(found->masks + part * VEC_WORDS);
    for (int c = 0; c < p->cuts; c++) {
        int any = 0;
        if (b->bars[product])
            above(&b->bars[product][c], b->bars[product][c].left[count], overlap, planes, reached);
        else
            by_table(p, c, count, b->counts[p->right], overlap, planes, reached);
        for (int part = 0; part < PARTS; part++) {
            lanes[part] = AND(lanes[part], reached[part]);
            STORE(found->masks + (c + 1) * LINE + part * VEC_WORDS, lanes[part]);
            any |= ANY(lanes[part]);
        }
        if (!any) break;
        found->levels = c + 2;
    }
    return found;
}

/* lanes of the block whose pair with this row counts: from the first to the last, end excluded */
INLINE void lanes_of(const Block *b, int64_t row, int64_t *first, int64_t *last) {
    int64_t start = b->block * BLOCK, n = b->fields->right[0].n - start;
    *last = n < BLOCK ? n : BLOCK;
    *first = row + b->fields->diagonal + 1 - start;
    if (*first < 0) *first = 0;
}

#endif
