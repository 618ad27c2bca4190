/* The kernel in plain C: 128-bit vectors where the compiler has them (SSE2 on x86-64, NEON on 64-bit ARM), else words.
   popcnt.c includes this file to compile it again with the POPCNT instruction. */
#include "kernel.h"

#ifndef KERNEL
#define KERNEL kernel_generic
#if defined(__aarch64__) || defined(_M_ARM64)
#define KERNEL_NAME "neon"
#else
#define KERNEL_NAME "generic"
#endif
#endif

#if defined(__GNUC__) || defined(__clang__) /* clang-cl is not GNU, and has the vectors */
typedef uint64_t VEC __attribute__((vector_size(16)));
typedef uint64_t UNALIGNED __attribute__((vector_size(16), aligned(8)));
#define VEC_WORDS 2
#define LOAD(p) ((VEC) * (const UNALIGNED *)(p))
#define STORE(p, v) (*(UNALIGNED *)(p) = (UNALIGNED)(v))
#define ZERO() ((VEC){0, 0})
#define LOWEST(x) __builtin_ctzll(x)
#define ANY(a) (((a)[0] | (a)[1]) != 0)
#else
#include <intrin.h>
typedef uint64_t VEC;
#define VEC_WORDS 1
#define LOAD(p) (*(const uint64_t *)(p))
#define STORE(p, v) (*(uint64_t *)(p) = (v))
#define ZERO() 0
#define ANY(a) ((a) != 0)
static __forceinline int LOWEST(uint64_t x) {
    unsigned long at;
#if defined(_M_X64) || defined(_M_ARM64)
    _BitScanForward64(&at, x);
#else /* registers of 32 bits */
    if (_BitScanForward(&at, (unsigned long)x)) return (int)at;
    _BitScanForward(&at, (unsigned long)(x >> 32));
    at += 32;
#endif
    return (int)at;
}
#endif

#define AND(a, b) ((a) & (b))
#define XOR(a, b) ((a) ^ (b))
#define XOR3(a, b, c) ((a) ^ (b) ^ (c))
#define MAJ(a, b, c) (((a) & (b)) | (((a) ^ (b)) & (c)))

#if defined(__POPCNT__) || defined(__aarch64__)
#define POPCOUNT(x) __builtin_popcountll(x)
#elif defined(HAS_POPCNT) && defined(_MSC_VER)
#define POPCOUNT(x) ((int)__popcnt64(x))
#else
/* counted in parallel, by twos, fours and bytes (Warren, Hacker's Delight, section 5-1) */
static inline int POPCOUNT(uint64_t x) {
    x -= x >> 1 & 0x5555555555555555u;
    x = (x & 0x3333333333333333u) + (x >> 2 & 0x3333333333333333u);
    return (int)(((x + (x >> 4)) & 0x0F0F0F0F0F0F0F0Fu) * 0x0101010101010101u >> 56);
}
#endif

static inline uint32_t OVERLAP(const uint64_t *a, const uint64_t *b, int64_t words) {
    uint32_t shared = 0;
    for (int64_t word = 0; word < words; word++) shared += (uint32_t)POPCOUNT(a[word] & b[word]);
    return shared;
}

#include "sums.h"
#include "search.h"
#include "histograms.h"
#include "heavy.h"

const Kernel KERNEL = {KERNEL_NAME, overlaps, best, histograms, heavy, pair_overlaps};
