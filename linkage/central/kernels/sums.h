/* Column sums of bit slices in carry-save form. Included by each instruction set's file after its vectors:

   VEC, VEC_WORDS                        a register and how many 64-bit words it holds
   LOAD STORE ZERO AND XOR               as the names say
   XOR3(a, b, c), MAJ(a, b, c)           sum and carry of three bits
   ANY(a)                                whether a bit is set
   POPCOUNT(word)
   OVERLAP(a, b, words)                  shared bits of two rows

   Muła, Kurz and Lemire 2018, "Faster population counts using AVX2 instructions", section 3, has the adder. */
#ifndef LINKAGE_SUMS_H
#define LINKAGE_SUMS_H

#if defined(_MSC_VER) && !defined(__clang__)
#define INLINE static __forceinline
#else
#define INLINE static inline __attribute__((always_inline))
#endif

#define STEPS 16 /* slices added at a time; lists are padded to a multiple */

/* a bit as a constant to all lanes: read, not made */
static const uint64_t CHOICE[2][LINE] = {{0}, {~0ull, ~0ull, ~0ull, ~0ull, ~0ull, ~0ull, ~0ull, ~0ull}};

/* s + a + b: the low bit stays in s, the carry comes out */
INLINE VEC carry(VEC *s, VEC a, VEC b) {
    VEC before = *s;
    *s = XOR3(before, a, b);
    return MAJ(before, a, b);
}

/* a bit of weight 16 joins the planes from 4 upwards */
INLINE void ripple(VEC *plane, VEC bit, int planes) {
    for (int k = 4; k < planes; k++) {
        VEC next = AND(plane[k], bit);
        plane[k] = XOR(plane[k], bit);
        bit = next;
    }
}

/* add the slices at steps[from], ..., steps[to - 1] to so many planes; a step is an offset in words */
INLINE void add_slices(VEC *plane, const uint64_t *base, const uint32_t *steps, int64_t from, int64_t to, int planes) {
    VEC p[MOST_PLANES];
    for (int k = 0; k < planes; k++) p[k] = plane[k];
    for (const uint32_t *at = steps + from, *end = steps + to; at < end; at += STEPS) {
#define SLICE(i) LOAD(base + at[i])
        VEC a = carry(&p[0], SLICE(0), SLICE(1)), b = carry(&p[0], SLICE(2), SLICE(3));
        VEC c = carry(&p[1], a, b);
        a = carry(&p[0], SLICE(4), SLICE(5));
        b = carry(&p[0], SLICE(6), SLICE(7));
        VEC e = carry(&p[2], c, carry(&p[1], a, b));
        a = carry(&p[0], SLICE(8), SLICE(9));
        b = carry(&p[0], SLICE(10), SLICE(11));
        c = carry(&p[1], a, b);
        a = carry(&p[0], SLICE(12), SLICE(13));
        b = carry(&p[0], SLICE(14), SLICE(15));
        VEC f = carry(&p[2], c, carry(&p[1], a, b));
        ripple(p, carry(&p[3], e, f), planes);
#undef SLICE
    }
    for (int k = 0; k < planes; k++) plane[k] = p[k];
}

/* lanes whose sum is at least `least`: a comparison bit by bit from the lowest */
INLINE VEC at_least(const VEC *plane, int planes, int64_t least) {
    if (least <= 0) return LOAD(CHOICE[1]);
    if (least >> planes) return ZERO();
    VEC reached = ZERO();
    for (int k = 0; k < planes; k++) reached = MAJ(plane[k], LOAD(CHOICE[~(least - 1) >> k & 1]), reached);
    return reached;
}

/* offsets of a row's slices, `most` at the most (a row may have become fuller since they were counted), padded with the
   all-zero one to a multiple of STEPS; how many are real */
INLINE int64_t list_slices(const uint64_t *row, int64_t width, int64_t most, uint32_t *steps) {
    int64_t n = 0;
    for (int64_t word = 0; word < width; word++)
        for (uint64_t left = row[word]; left && n < most; left &= left - 1)
            steps[n++] = (uint32_t)((word * 64 + LOWEST(left)) * LINE);
    for (int64_t at = n; at % STEPS; at++) steps[at] = (uint32_t)(width * 64 * LINE);
    return n;
}

#endif
