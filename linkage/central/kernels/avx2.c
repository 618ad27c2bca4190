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
#define ANY(a) (!_mm256_testz_si256(a, a))
#define POPCOUNT(x) ((int)_mm_popcnt_u64(x))
#define LOWEST(x) ((int)_tzcnt_u64(x))

static inline uint32_t OVERLAP(const uint64_t *a, const uint64_t *b, int64_t words) {
    uint64_t shared = 0;
    for (int64_t word = 0; word < words; word++) shared += (uint64_t)_mm_popcnt_u64(a[word] & b[word]);
    return (uint32_t)shared;
}

#include "sums.h"
#include "search.h"

#define OWN_LANES
#include "lanes.h"

/* eight bytes as a matrix of bits, turned about its diagonal: `turn`, four at a time */
INLINE VEC turn_each(VEC x) {
    VEC t = AND(XOR(x, _mm256_srli_epi64(x, 7)), _mm256_set1_epi64x(0x00AA00AA00AA00AA));
    x = XOR3(x, t, _mm256_slli_epi64(t, 7));
    t = AND(XOR(x, _mm256_srli_epi64(x, 14)), _mm256_set1_epi64x(0x0000CCCC0000CCCC));
    x = XOR3(x, t, _mm256_slli_epi64(t, 14));
    t = AND(XOR(x, _mm256_srli_epi64(x, 28)), _mm256_set1_epi64x(0x00000000F0F0F0F0));
    return XOR3(x, t, _mm256_slli_epi64(t, 28));
}

/* eight planes as a byte a lane: byte i of each plane side by side are eight bytes, to be turned. Unpacking keeps to halves
   of a register: `bytes[i]` has those of lanes 16 i to 16 i + 15 and of lanes 128 + 16 i to 128 + 16 i + 15. */
INLINE void bytes_of(const VEC *plane, VEC *bytes) {
    for (int half = 0; half < 2; half++) {
#define BY(bits, a, b) (half ? _mm256_unpackhi_epi##bits(a, b) : _mm256_unpacklo_epi##bits(a, b))
        VEC pair[4], low[2], high[2];
        for (int i = 0; i < 4; i++) pair[i] = BY(8, plane[2 * i], plane[2 * i + 1]);
#undef BY
        for (int i = 0; i < 2; i++) {
            low[i] = _mm256_unpacklo_epi16(pair[2 * i], pair[2 * i + 1]);
            high[i] = _mm256_unpackhi_epi16(pair[2 * i], pair[2 * i + 1]);
        }
        bytes[half * 4] = turn_each(_mm256_unpacklo_epi32(low[0], low[1]));
        bytes[half * 4 + 1] = turn_each(_mm256_unpackhi_epi32(low[0], low[1]));
        bytes[half * 4 + 2] = turn_each(_mm256_unpacklo_epi32(high[0], high[1]));
        bytes[half * 4 + 3] = turn_each(_mm256_unpackhi_epi32(high[0], high[1]));
    }
}

INLINE void to_lanes(const VEC *plane, int planes, uint16_t *lanes) {
    VEC all[LANE_BITS], low[8], high[8];
    for (int k = 0; k < LANE_BITS; k++) all[k] = k < planes ? plane[k] : ZERO();
    bytes_of(all, low);
    for (int i = 0; i < 8; i++) high[i] = ZERO();
    if (planes > 8) bytes_of(all + 8, high);
    for (int i = 0; i < 8; i++) {
        VEC first = _mm256_unpacklo_epi8(low[i], high[i]), second = _mm256_unpackhi_epi8(low[i], high[i]);
        STORE(lanes + i * 16, _mm256_permute2x128_si256(first, second, 0x20));
        STORE(lanes + 128 + i * 16, _mm256_permute2x128_si256(first, second, 0x31));
    }
}

#include "histograms.h"
#include "heavy.h"

const Kernel kernel_avx2 = {"avx2", overlaps, best, histograms, heavy, pair_overlaps};
