/* Which pairs weigh enough. Included once by each instruction set's file.

   Weights are summed in planes, in units and rounded up, so that no pair is lost; a pair that may reach the bound is then
   weighed exactly. An outcome after which nearly no lane of a block can reach it is a row's last. */
#include "outcomes.h"

#define UNIT 64       /* of the sums, in units of the weights */
#define MOST_LANES 4  /* of a block; so few are weighed one by one rather than by a further outcome */

/* of one pair: read from the masks where the pass has found them, else counted */
static int64_t level_of(const Block *b, int product, int64_t row, int64_t lane) {
    const Product *p = &b->fields->products[product];
    int32_t value = b->lists[p->left].value[row];
    const Agreement *found = &b->agreement[product][b->lists[p->left].slot[value]];
    int64_t level = 0;
    if (found->value == value) {
        for (int k = 0; k < found->levels; k++) level += found->masks[k * LINE + lane / 64] >> lane % 64 & 1;
        return level;
    }
    const Rows *left = &b->fields->left[p->left], *right = &b->fields->right[p->right];
    int64_t column = b->block * BLOCK + lane;
    uint32_t a = left->counts[row], c = right->counts[column];
    if (!a || !c) return 0;
    uint32_t shared = OVERLAP(left->words + row * left->width, right->words + column * right->width, left->width);
    for (level = 1; level <= p->cuts && shared >= p->need[(level - 1) * p->sums + a + c]; level++) continue;
    return level;
}

/* exactly, pair by pair */
static int64_t weigh(const Block *b, int64_t row, int64_t lane) {
    int64_t weight = 0;
    for (int i = 0; i < b->fields->n_outcomes; i++) {
        const Outcome *o = &b->fields->outcomes[i];
        int64_t joint = 0;
        for (int k = 0; k < o->n_products; k++) joint += level_of(b, o->products[k], row, lane) * o->strides[k];
        int level = o->level[joint];
        weight += o->weight[level] + (o->bonus && level == o->last ? o->bonus[row] : 0);
    }
    return weight;
}

INLINE int ceil_units(int64_t weight) { return (int)(weight >= 0 ? (weight + UNIT - 1) / UNIT : -(-weight / UNIT)); }

/* of a row: what its sums can still become */
typedef struct {
    int64_t least, rest, most;  /* a pair's codes must sum to `least`; later outcomes add at most `rest`; most so far */
    int done;                   /* few lanes are left */
    uint64_t lanes[LINE];       /* that may reach it */
} Sifted;

static void sift_rows(const Block *b, Worth *worth, int64_t top, int64_t n, int64_t least, Sums *sums, Sifted *sifted) {
    const Fields *f = b->fields;
    for (int64_t i = 0; i < n; i++) {
        sifted[i] = (Sifted){.least = least};
        clear(sums[i], LANE_BITS);
        for (int k = 0; k < f->n_outcomes; k++) {
            if (f->outcomes[k].bonus) bound_codes(&worth[k], ceil_units(f->outcomes[k].bonus[top + i]));
            sifted[i].least -= worth[k].least;
            sifted[i].rest += worth[k].above;
        }
    }
    for (int k = 0; k < f->n_outcomes; k++)
        for (int64_t i = 0; i < n; i++) {
            Sifted *s = &sifted[i];
            if (s->done) continue;
            if (f->outcomes[k].bonus) {
                bound_codes(&worth[k], ceil_units(f->outcomes[k].bonus[top + i]));
                make_steps(f, &worth[k]);
            }
            s->rest -= worth[k].above;
            s->most += worth[k].above;
            int planes = planes_for(s->most), some = 0;
            add_worth(b, &worth[k], top + i, sums[i], planes);
            if (s->least <= s->rest && k + 1 < f->n_outcomes) continue; /* any lane may */
            for (int part = 0; part < PARTS; part++)
                STORE(s->lanes + part * VEC_WORDS, at_least(sums[i][part], planes, s->least - s->rest));
            for (int word = 0; word < LINE; word++) some += POPCOUNT(s->lanes[word]);
            s->done = some <= MOST_LANES;
        }
}

static int64_t heavy(const Fields *f, int32_t bound, Heavy *found) {
    Block b;
    int ready = prepare_blocks(f, &b);
    Worth *worth = malloc((size_t)f->n_outcomes * sizeof *worth);
    void *sums = malloc((TOGETHER + 1) * sizeof(Sums));
    Sifted *sifted = malloc(TOGETHER * sizeof *sifted);
    int64_t n_found = ready && worth && sums && sifted ? 0 : NO_MEMORY;
    int64_t blocks = (f->right[0].n + BLOCK - 1) / BLOCK;
    for (int i = 0; n_found >= 0 && i < f->n_outcomes; i++) make_worth(f, &f->outcomes[i], 1, &worth[i]);
    for (int64_t block = 0; n_found >= 0 && block < blocks; block++) {
        enter(&b, block);
        for (int64_t row = 0; n_found >= 0 && row < f->left[0].n; row++) {
            int64_t first, last, n = f->left[0].n - row;
            lanes_of(&b, row, &first, &last);
            if (first >= last) break; /* nor does a row further on meet any */
            if (row % TOGETHER == 0)
                sift_rows(&b, worth, row, n < TOGETHER ? n : TOGETHER, ceil_units(bound), in_line(sums), sifted);
            const uint64_t *lanes = sifted[row % TOGETHER].lanes;
            for (int word = 0; n_found >= 0 && word < LINE; word++)
                for (uint64_t left = lanes[word]; left; left &= left - 1) {
                    int64_t lane = word * 64 + LOWEST(left);
                    if (lane < first || lane >= last) continue;
                    int64_t weight = weigh(&b, row, lane);
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
    leave(&b);
    free(worth);
    free(sums);
    free(sifted);
    return n_found;
}
