/* What each lane's levels are worth together, added up in planes. */
#ifndef LINKAGE_OUTCOMES_H
#define LINKAGE_OUTCOMES_H

#include "agree.h"

#define MOST_SETS 8
#define MOST_COMBINATIONS 65536

/* Of an outcome of several products, such as exchanged names, nearly every pair is plain: its value is what the first
   product's level has where the others have none. A pair can be otherwise only where the products of one of `sets` are all
   at their highest level, so only where there is such a lane are the levels joined. Sets are bits, one a product; the set
   of none says that any pair may be. */
typedef struct {
    const Outcome *outcome;
    int is_weight;                  /* values are signed, and coded as what they have above the lowest */
    int lowest[2], most[2];         /* value of any combination, below the highest level and at it */
    int n_sets;
    uint64_t sets[MOST_SETS];
    /* the rest is by row, where there is a bonus */
    int bonus, least, above;        /* code = value + bonus at the highest level - least, and is at most `above` */
    uint16_t start, step[MOST_CUTS + 1]; /* code of a plain pair's level 0; bits that change to level 1, 2, ... */
} Worth;

/* `set` joins those of the outcome, of which none holds another */
static void add_set(Worth *w, uint64_t set) {
    int n = 0;
    for (int i = 0; i < w->n_sets; i++)
        if (!(w->sets[i] & ~set)) return;
    for (int i = 0; i < w->n_sets; i++)
        if (set & ~w->sets[i]) w->sets[n++] = w->sets[i];
    if (n == MOST_SETS) {
        n = 0;
        set = 0;
    }
    w->sets[n++] = set;
    w->n_sets = n;
}

/* which combinations of levels are not worth what the first product's level is worth alone */
static void find_sets(const Fields *f, Worth *w) {
    const Outcome *o = w->outcome;
    int level[64] = {0};
    int64_t combinations = 1;
    for (int i = 0; i < o->n_products && combinations <= MOST_COMBINATIONS; i++)
        combinations *= f->products[o->products[i]].cuts + 2;
    if (combinations > MOST_COMBINATIONS) { /* strides that lay several on one place */
        add_set(w, 0);
        return;
    }
    for (;;) {
        int64_t joint = 0;
        uint64_t highest = 0;
        for (int i = 0; i < o->n_products; i++) {
            joint += (int64_t)level[i] * o->strides[i];
            if (i && level[i] == f->products[o->products[i]].cuts + 1) highest |= 1ull << i;
        }
        int64_t plain = (int64_t)level[0] * o->strides[0];
        if (o->value[joint] != o->value[plain] || (o->level[joint] == o->last) != (o->level[plain] == o->last))
            add_set(w, highest);
        int i = o->n_products - 1;
        while (i >= 0 && level[i] == f->products[o->products[i]].cuts + 1) level[i--] = 0;
        if (i < 0) return;
        level[i]++;
    }
}

INLINE int value_of(const Worth *w, int64_t joint) {
    return w->is_weight ? w->outcome->value[joint] : (uint16_t)w->outcome->value[joint];
}

INLINE int is_highest(const Worth *w, int64_t joint) { return w->outcome->level[joint] == w->outcome->last; }

INLINE uint16_t code_of(const Worth *w, int64_t joint) {
    return (uint16_t)(value_of(w, joint) + (is_highest(w, joint) ? w->bonus : 0) - w->least);
}

/* from the lowest to the highest code of a row */
static void bound_codes(Worth *w, int bonus) {
    int lowest = w->lowest[1] + bonus, most = w->most[1] + bonus;
    w->bonus = bonus;
    w->least = !w->is_weight ? 0 : lowest < w->lowest[0] ? lowest : w->lowest[0];
    w->above = (most > w->most[0] ? most : w->most[0]) - w->least;
}

static void make_steps(const Fields *f, Worth *w) {
    const Outcome *o = w->outcome;
    w->start = code_of(w, 0);
    for (int level = 0; level < f->products[o->products[0]].cuts + 1; level++)
        w->step[level] = code_of(w, (int64_t)level * o->strides[0]) ^ code_of(w, (int64_t)(level + 1) * o->strides[0]);
}

static void make_worth(const Fields *f, const Outcome *o, int is_weight, Worth *w) {
    const int none = 1 << 20; /* beyond every value */
    *w = (Worth){.outcome = o, .is_weight = is_weight, .lowest = {none, none}, .most = {-none, -none}};
    for (int joint = 0; joint < o->size; joint++) {
        int value = value_of(w, joint), highest = is_highest(w, joint);
        if (value < w->lowest[highest]) w->lowest[highest] = value;
        if (value > w->most[highest]) w->most[highest] = value;
    }
    if (o->n_products > 1) find_sets(f, w);
    bound_codes(w, 0);
    make_steps(f, w);
}

/* of a row: sums of codes, in planes. Those of many rows lie where `in_line` puts them, for registers want alignment. */
typedef VEC Sums[PARTS][LANE_BITS];

INLINE Sums *in_line(void *room) { return (Sums *)(((uintptr_t)room + 63) & ~(uintptr_t)63); }

INLINE void clear(Sums sums, int planes) {
    for (int part = 0; part < PARTS; part++)
        for (int k = 0; k < planes; k++) sums[part][k] = ZERO();
}

INLINE int planes_for(int64_t most) { return most > 65535 ? LANE_BITS : bits_of((uint32_t)most); }

/* sums += codes, in so many planes */
INLINE void add_codes(const Agreement *found, uint16_t start, const uint16_t *step, Sums sums, int planes) {
    Sums code;
    for (int part = 0; part < PARTS; part++)
        for (int k = 0; k < planes; k++) code[part][k] = LOAD(CHOICE[start >> k & 1]);
    for (int level = 0; level < found->levels; level++)
        for (uint32_t bits = step[level]; bits; bits &= bits - 1)
            for (int part = 0, k = LOWEST(bits); part < PARTS; part++)
                code[part][k] = XOR(code[part][k], LOAD(found->masks + level * LINE + part * VEC_WORDS));
    VEC carried[PARTS];
    for (int part = 0; part < PARTS; part++) carried[part] = ZERO();
    for (int k = 0; k < planes; k++)
        for (int part = 0; part < PARTS; part++) carried[part] = carry(&sums[part][k], code[part][k], carried[part]);
}

/* whether no lane can be other than plain */
static int all_plain(const Block *b, const Worth *w, int64_t row) {
    const Outcome *o = w->outcome;
    for (int i = 0; i < w->n_sets; i++) {
        uint64_t lanes[LINE], any = ~0ull;
        memcpy(lanes, CHOICE[1], sizeof lanes);
        for (uint64_t rest = w->sets[i]; rest && any; rest &= rest - 1) {
            int product = o->products[LOWEST(rest)], cuts = b->fields->products[product].cuts;
            const Agreement *found = agree(b, product, row);
            const uint64_t *highest = found->levels <= cuts ? CHOICE[0] : found->masks + cuts * LINE;
            any = 0;
            for (int word = 0; word < LINE; word++) any |= lanes[word] &= highest[word];
        }
        if (any) return 0;
    }
    return 1;
}

static void add_joined(const Block *b, const Worth *w, int64_t row, Sums sums, int planes) {
    const Outcome *o = w->outcome;
    Sums joint;
    clear(joint, LANE_BITS);
    for (int i = 0; i < o->n_products; i++) {
        uint16_t step[MOST_CUTS + 1];
        for (int level = 0; level < b->fields->products[o->products[i]].cuts + 1; level++)
            step[level] = (uint16_t)(level * o->strides[i]) ^ (uint16_t)((level + 1) * o->strides[i]);
        add_codes(agree(b, o->products[i], row), 0, step, joint, LANE_BITS);
    }
    uint32_t codes[BLOCK];
    uint64_t bits[LANE_BITS][LINE];
    for (int part = 0; part < PARTS; part++) {
        uint16_t lanes[LANES];
        to_lanes(joint[part], LANE_BITS, lanes);
        for (int j = 0; j < LANES; j++) codes[part * LANES + j] = code_of(w, lanes[j]);
    }
    to_planes(codes, BLOCK, LANE_BITS, bits[0], LINE);
    for (int part = 0; part < PARTS; part++) {
        VEC carried = ZERO();
        for (int k = 0; k < planes; k++) carried = carry(&sums[part][k], LOAD(bits[k] + part * VEC_WORDS), carried);
    }
}

/* sums += the outcome's code in every lane */
static void add_worth(const Block *b, const Worth *w, int64_t row, Sums sums, int planes) {
    if (all_plain(b, w, row))
        add_codes(agree(b, w->outcome->products[0], row), w->start, w->step, sums, planes);
    else
        add_joined(b, w, row, sums, planes);
}

#endif
