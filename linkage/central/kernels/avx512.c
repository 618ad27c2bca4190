/* The kernel for 512-bit registers with VPOPCNTDQ: sum and carry are one instruction each. */
#include <immintrin.h>
#include <string.h>

#include "kernel.h"

typedef __m512i VEC;
#define VEC_WORDS 8
#define LOAD(p) _mm512_loadu_si512((const void *)(p))
#define STORE(p, v) _mm512_storeu_si512((void *)(p), v)
#define ZERO() _mm512_setzero_si512()
#define AND(a, b) _mm512_and_si512(a, b)
#define XOR(a, b) _mm512_xor_si512(a, b)
#define XOR3(a, b, c) _mm512_ternarylogic_epi64(a, b, c, 0x96)
#define MAJ(a, b, c) _mm512_ternarylogic_epi64(a, b, c, 0xE8)
#define ANY(a) (_mm512_test_epi64_mask(a, a) != 0)
#define POPCOUNT(x) ((int)_mm_popcnt_u64(x))
#define LOWEST(x) ((int)_tzcnt_u64(x))

static inline uint32_t OVERLAP(const uint64_t *a, const uint64_t *b, int64_t words) {
    __m512i sum = _mm512_setzero_si512();
    int64_t word = 0;
    for (; word + 8 <= words; word += 8)
        sum = _mm512_add_epi64(sum, _mm512_popcnt_epi64(AND(LOAD(a + word), LOAD(b + word))));
    if (word < words) {
        __mmask8 rest = (__mmask8)((1u << (words - word)) - 1);
        __m512i both = AND(_mm512_maskz_loadu_epi64(rest, a + word), _mm512_maskz_loadu_epi64(rest, b + word));
        sum = _mm512_add_epi64(sum, _mm512_popcnt_epi64(both));
    }
    return (uint32_t)_mm512_reduce_add_epi64(sum);
}

#include "sums.h"
#include "search.h"

#define OWN_LANES
#include "lanes.h"

/* the numbers that planes hold: each plane's bits are masks */
INLINE void to_lanes(const VEC *plane, int planes, uint16_t *lanes) {
    uint32_t bits[LANE_BITS][LANES / 32];
    for (int k = 0; k < planes; k++) STORE(bits[k], plane[k]);
    for (int group = 0; group < LANES / 32; group++) {
        __m512i sum = ZERO();
        for (int k = 0; k < planes; k++)
            sum = _mm512_mask_add_epi16(sum, bits[k][group], sum, _mm512_set1_epi16((short)(1 << k)));
        STORE(lanes + group * 32, sum);
    }
}

#include "histograms.h"
#include "heavy.h"

const Kernel kernel_avx512 = {"avx512", overlaps, best, histograms, heavy, pair_overlaps};
