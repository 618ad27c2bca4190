/* Pairs whose overlap reaches what is needed, and the best of each row. Included once by each instruction set's file.

   Most pairs fall at a sieve: of a left row's bits, those that fewest right rows have come first, and a right row that
   lacks more of them than the need allows is out. What passes is counted whole, so the outcome is exact. */
#include <stdlib.h>
#include <string.h>

#define FEW 32 /* a sieve goes on while more than one lane in so many passes */

typedef struct {
    uint32_t *steps;      /* (left rows, stride): slices of each row, rarest first */
    int64_t stride, *n;   /* of which so many are real */
    int64_t *enough;      /* steps after which nearly all pairs are decided, by misses allowed */
    int64_t most_misses;
} Sieve;

static void forget(Sieve *sieve) {
    free(sieve->steps);
    free(sieve->n);
    free(sieve->enough);
}

/* the slices of the first `most` set bits of a row whose bits lie rarest first; how many */
INLINE int64_t list_rarest(const uint64_t *row, int64_t width, int64_t most, uint32_t *steps) {
    int64_t n = 0;
    for (int64_t word = 0; word < width && n < most; word++)
        for (uint64_t left = row[word]; left && n < most; left &= left - 1)
            steps[n++] = (uint32_t)((word * 64 + LOWEST(left)) * LINE);
    return n;
}

/* after how many steps nearly all pairs are decided, by misses allowed, from some of the rows */
static void learn(const Search *s, const uint64_t *ranked, Sieve *sieve, double *reach) {
    int64_t every = s->n_order / 64 + 1, sampled = 0;
    for (int64_t i = 0; i < s->n_order; i += every, sampled++) {
        int64_t n = list_rarest(ranked + i * s->left.width, s->left.width, sieve->stride, sieve->steps);
        double misses = 0;
        for (int64_t step = 0; step < n; step++) {
            misses += s->missing[sieve->steps[step] / LINE];
            if (step % STEPS == STEPS - 1) reach[step / STEPS + 1] += misses;
        }
    }
    /* judgement: three tenths and fourteen more misses than allowed pass one pair in some thousands of unlike people */
    int64_t at = 1, last = sieve->stride / STEPS;
    for (int64_t misses = 0; misses <= sieve->most_misses; misses++) {
        while (at < last && reach[at] < ((double)misses * 1.3 + 14.0) * (double)sampled) at++;
        sieve->enough[misses] = at * STEPS;
    }
}

/* the most bits of a left row with so many that a right row may lack */
INLINE int64_t most_misses(const Search *s, uint32_t count, uint32_t fewest, uint32_t most) {
    while (fewest < most && s->need[count + fewest] > fewest) fewest++;
    int64_t least = s->need[count + fewest];
    return least < count ? count - least : 0;
}

/* list the slices of each left row, as many as a sieve may take */
static int prepare(const Search *s, Sieve *sieve) {
    int64_t width = s->left.width, most = 1;
    uint32_t fewest = s->slices.n ? s->right.counts[s->slices.order[0]] : 0;
    uint32_t fullest = s->slices.n ? s->right.counts[s->slices.order[s->slices.n - 1]] : 0;
    for (int64_t i = 0; i < s->n_order; i++)
        if (s->left.counts[s->order[i]] > most) most = s->left.counts[s->order[i]];
    sieve->most_misses = most;
    if (most > MOST_SIFTED) most = MOST_SIFTED;
    sieve->stride = (most + STEPS - 1) / STEPS * STEPS;
    sieve->steps = malloc((size_t)((s->n_order + 1) * sieve->stride) * sizeof *sieve->steps);
    sieve->n = malloc((size_t)(s->n_order + 1) * sizeof *sieve->n);
    sieve->enough = malloc((size_t)(sieve->most_misses + 1) * sizeof *sieve->enough);
    double *reach = calloc((size_t)(sieve->stride / STEPS + 1), sizeof *reach);
    uint64_t *ranked = malloc((size_t)((s->n_order + 64) * width) * sizeof *ranked);
    int ready = sieve->steps && sieve->n && sieve->enough && reach && ranked;
    if (ready) {
        reorder_bits(&s->left, s->order, s->n_order, s->rarest, ranked + s->n_order * width, ranked);
        learn(s, ranked, sieve, reach);
        for (int64_t i = 0; i < s->n_order; i++) {
            uint32_t *steps = sieve->steps + i * sieve->stride;
            int64_t wanted = sieve->enough[most_misses(s, s->left.counts[s->order[i]], fewest, fullest)] + 4 * STEPS;
            int64_t n = list_rarest(ranked + i * width, width, wanted < sieve->stride ? wanted : sieve->stride, steps);
            sieve->n[i] = n;
            for (; n % STEPS; n++) steps[n] = (uint32_t)(s->slices.positions * LINE);
        }
    } else
        forget(sieve);
    free(reach);
    free(ranked);
    return ready;
}

/* lanes of a block that may still lack no more than `misses` bits of left row i; whether there are any */
INLINE int sift(const Sieve *sieve, int64_t i, const uint64_t *base, int64_t misses, uint64_t *lanes) {
    const uint32_t *steps = sieve->steps + i * sieve->stride;
    int64_t n = sieve->n[i], end = (n + STEPS - 1) / STEPS * STEPS;
    uint64_t any = 0;
    for (int part = 0; part < LINE / VEC_WORDS; part++) {
        VEC plane[WIDE_PLANES];
        for (int k = 0; k < WIDE_PLANES; k++) plane[k] = ZERO();
        uint64_t *mask = lanes + part * VEC_WORDS;
        for (int64_t from = 0, to = sieve->enough[misses];; from = to, to += 2 * STEPS) {
            if (to > end) to = end;
            if (to <= 112)
                add_slices(plane, base + part * VEC_WORDS, steps, from, to, 7);
            else if (to <= MOST_STEPS)
                add_slices(plane, base + part * VEC_WORDS, steps, from, to, PLANES);
            else
                add_slices(plane, base + part * VEC_WORDS, steps, from, to, WIDE_PLANES);
            int64_t least = (to < n ? to : n) - misses;
            STORE(mask, to <= MOST_STEPS ? at_least(plane, PLANES, least) : at_least(plane, WIDE_PLANES, least));
            uint64_t some = 0, passed = 0;
            for (int word = 0; word < VEC_WORDS; word++) some |= mask[word];
            any |= some;
            if (!some || to == end) break;
            for (int word = 0; word < VEC_WORDS; word++) passed += POPCOUNT(mask[word]);
            if (passed * FEW <= 64 * VEC_WORDS) break;
        }
    }
    return any != 0;
}

static int64_t overlaps(const Search *s, Found *found) {
    Sieve sieve;
    if (!prepare(s, &sieve)) return NO_MEMORY;
    int64_t n_found = 0, width = s->right.width;
    for (int64_t first = 0; first < s->slices.n; first += BLOCK) {
        const int32_t *order = s->slices.order + first;
        int64_t n = s->slices.n - first < BLOCK ? s->slices.n - first : BLOCK;
        const uint64_t *base = s->slices.bits + first / BLOCK * (s->slices.positions + 1) * LINE;
        uint32_t fewest = s->right.counts[order[0]], most = s->right.counts[order[n - 1]];
        /* in one order, the pairs of a row with those before it were met as theirs */
        int64_t end = s->itself && first + n - 1 < s->n_order ? first + n - 1 : s->n_order;
        for (int64_t i = 0; i < end; i++) {
            int32_t row = s->order[i];
            uint32_t count = s->left.counts[row], least = s->need[count + fewest];
            if (least > count || least > most) continue;
            uint64_t lanes[LINE];
            if (!sift(&sieve, i, base, count - least, lanes)) continue;
            const uint64_t *words = s->left.words + row * width;
            for (int word = 0; word < LINE; word++)
                for (uint64_t rest = lanes[word]; rest; rest &= rest - 1) {
                    int64_t lane = word * 64 + LOWEST(rest);
                    if (lane >= n) break;
                    int32_t column = order[lane];
                    if (s->itself && first + lane <= i) continue;
                    uint32_t shared = OVERLAP(words, s->right.words + column * width, width);
                    if (shared < s->need[count + s->right.counts[column]]) continue;
                    if (n_found == found->room) {
                        forget(&sieve);
                        return FULL;
                    }
                    found->row[n_found] = s->itself && column < row ? column : row;
                    found->column[n_found] = s->itself && column < row ? row : column;
                    found->overlap[n_found++] = shared;
                }
        }
    }
    forget(&sieve);
    return n_found;
}

/* whether (overlap a, sum a, column a) ranks before b: Dice and Jaccard order alike, and no float decides */
INLINE int before(int by_difference, int64_t a, int64_t sum_a, int32_t column_a, int64_t b, int64_t sum_b, int32_t column_b) {
    int64_t left = by_difference ? 2 * a - sum_a : a * sum_b, right = by_difference ? 2 * b - sum_b : b * sum_a;
    return left != right ? left > right : column_a < column_b;
}

/* the least overlap at this sum that could rank with the one given */
INLINE int64_t to_rank(int by_difference, int64_t overlap, int64_t sum, int64_t at_sum) {
    if (by_difference) {
        int64_t twice = 2 * overlap - sum + at_sum;
        return twice > 0 ? (twice + 1) / 2 : 0;
    }
    return sum ? (overlap * at_sum + sum - 1) / sum : 0;
}

/* the bits of a right row that an earlier block put into the list, which others can write into too */
INLINE int64_t bits_listed(const Search *s, int32_t column) {
    return column >= 0 && column < s->right.n ? s->right.counts[column] : 0;
}

static int64_t best(const Search *s, Best *best) {
    Sieve sieve;
    if (!prepare(s, &sieve)) return NO_MEMORY;
    int64_t width = s->right.width, k = best->k, blocks = (s->slices.n + BLOCK - 1) / BLOCK;
    int64_t middle = 0;
    if (s->n_order) /* blocks of counts like the left's first: they fill the lists with what ranks high */
        while (middle + 1 < blocks && s->right.counts[s->slices.order[(middle + 1) * BLOCK]] <=
                                          s->left.counts[s->order[s->n_order / 2]])
            middle++;
    for (int64_t turn = 0; turn < 2 * blocks; turn++) {
        int64_t block = middle + (turn % 2 ? -(turn + 1) / 2 : turn / 2);
        if (block < 0 || block >= blocks) continue;
        const int32_t *order = s->slices.order + block * BLOCK;
        int64_t n = s->slices.n - block * BLOCK < BLOCK ? s->slices.n - block * BLOCK : BLOCK;
        const uint64_t *base = s->slices.bits + block * (s->slices.positions + 1) * LINE;
        uint32_t fewest = s->right.counts[order[0]], most = s->right.counts[order[n - 1]];
        for (int64_t i = 0; i < s->n_order; i++) {
            int32_t row = s->order[i];
            int32_t *columns = best->column + row * k;
            uint32_t *shared = best->overlap + row * k;
            int64_t count = s->left.counts[row], least = s->need[count + fewest];
            if (columns[k - 1] >= 0) {
                int64_t rival = to_rank(best->by_difference, shared[k - 1], count + bits_listed(s, columns[k - 1]),
                                        count + fewest);
                if (rival > least) least = rival;
            }
            if (least > count || least > most) continue;
            uint64_t lanes[LINE];
            if (!sift(&sieve, i, base, count - least, lanes)) continue;
            const uint64_t *words = s->left.words + row * width;
            for (int word = 0; word < LINE; word++)
                for (uint64_t rest = lanes[word]; rest; rest &= rest - 1) {
                    int64_t lane = word * 64 + LOWEST(rest);
                    if (lane >= n) break;
                    int32_t column = order[lane];
                    if (column == row + s->diagonal) continue; /* a row is not its own neighbour */
                    int64_t sum = count + s->right.counts[column];
                    uint32_t overlap = OVERLAP(words, s->right.words + column * width, width);
                    if (overlap < s->need[sum]) continue;
                    int64_t place = k;
                    while (place && (columns[place - 1] < 0 ||
                                     before(best->by_difference, overlap, sum, column, shared[place - 1],
                                            count + bits_listed(s, columns[place - 1]), columns[place - 1])))
                        place--;
                    if (place == k) continue;
                    memmove(columns + place + 1, columns + place, (size_t)(k - 1 - place) * sizeof *columns);
                    memmove(shared + place + 1, shared + place, (size_t)(k - 1 - place) * sizeof *shared);
                    columns[place] = column;
                    shared[place] = overlap;
                }
        }
    }
    forget(&sieve);
    return 0;
}

static void pair_overlaps(const Rows *left, const Rows *right, const int32_t *rows, const int32_t *columns, int64_t n,
                          uint32_t *out) {
    for (int64_t i = 0; i < n; i++)
        out[i] = OVERLAP(left->words + rows[i] * left->width, right->words + columns[i] * right->width, left->width);
}
