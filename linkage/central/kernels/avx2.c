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
#include "agree.h"

const Kernel kernel_avx2 = {"avx2", overlaps, best, histograms, heavy, pair_overlaps};
