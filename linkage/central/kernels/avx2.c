/* The kernel for 256-bit registers. */
#include <immintrin.h>

#include "kernel.h"

typedef __m256i VEC;
#define VEC_WORDS 4
#define LOAD(p) _mm256_loadu_si256((const __m256i *)(const void *)(p))
#define STORE(p, v) _mm256_storeu_si256((__m256i *)(void *)(p), v)
#define ZERO() _mm256_setzero_si256()
#define AND(a, b) _mm256_and_si256(a, b)
#define XOR(a, b) _mm256_xor_si256(a, b)
#define XOR3(a, b, c) _mm256_xor_si256(_mm256_xor_si256(a, b), c)
#define MAJ(a, b, c) \
    _mm256_or_si256(_mm256_and_si256(a, b), _mm256_and_si256(_mm256_xor_si256(a, b), c))
#define POPCOUNT(x) ((int)_mm_popcnt_u64(x))
#define LOWEST(x) ((int)_tzcnt_u64(x))

static inline uint32_t OVERLAP(const uint64_t *a, const uint64_t *b, int64_t words) {
    uint64_t shared = 0;
    for (int64_t word = 0; word < words; word++) shared += (uint64_t)_mm_popcnt_u64(a[word] & b[word]);
    return (uint32_t)shared;
}

#include "sums.h"
#include "search.h"

#define OWN_PLANES

/* the sums that planes hold, added to the lanes: 32 at a time, a byte each for the lowest eight planes and the others */
INLINE void to_lanes(const VEC *plane, int planes, uint16_t *lanes) {
    const __m256i byte_of = _mm256_set_epi64x(0x0303030303030303, 0x0202020202020202, 0x0101010101010101, 0);
    const __m256i bit_of = _mm256_set1_epi64x((long long)0x8040201008040201);
    uint32_t bits[PLANES][2 * VEC_WORDS];
    for (int k = 0; k < planes; k++) STORE(bits[k], plane[k]);
    for (int group = 0; group < 2 * VEC_WORDS; group++) {
        __m256i sum[2] = {ZERO(), ZERO()};
        for (int k = 0; k < planes; k++) {
            __m256i spread = _mm256_shuffle_epi8(_mm256_set1_epi32((int)bits[k][group]), byte_of);
            __m256i set = _mm256_cmpeq_epi8(AND(spread, bit_of), bit_of);
            sum[k / 8] = _mm256_or_si256(sum[k / 8], AND(set, _mm256_set1_epi8((char)(1 << k % 8))));
        }
        for (int half = 0; half < 2; half++) {
            uint16_t *to = lanes + group * 32 + half * 16;
            __m256i low = _mm256_cvtepu8_epi16(half ? _mm256_extracti128_si256(sum[0], 1) : _mm256_castsi256_si128(sum[0]));
            __m256i high = _mm256_cvtepu8_epi16(half ? _mm256_extracti128_si256(sum[1], 1) : _mm256_castsi256_si128(sum[1]));
            STORE(to, _mm256_add_epi16(LOAD(to), _mm256_add_epi16(low, _mm256_slli_epi16(high, 8))));
        }
    }
}

#include "agree.h"

const Kernel kernel_avx2 = {"avx2", overlaps, best, histograms, heavy, pair_overlaps};
