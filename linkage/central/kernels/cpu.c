/* What this processor can run. */
#include "kernel.h"

#if defined(LINKAGE_X86) && defined(_MSC_VER) /* clang-cl too: what __builtin_cpu_supports reads is not linked there */
#include <intrin.h>
#include <immintrin.h>

static int has(int leaf, int reg, int bit) {
    int info[4];
    __cpuid(info, 0);
    if (info[0] < leaf) return 0;
    __cpuidex(info, leaf, 0);
    return info[reg] >> bit & 1;
}
static uint64_t saved(void) {
#ifdef __clang__ /* whose _xgetbv asks for a flag of its own */
    uint32_t low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
#else
    return _xgetbv(0);
#endif
}
/* the operating system must save the registers, too: XCR0 bits 1-2 for AVX, 5-7 for AVX-512 */
static int saves(uint64_t state) { return has(1, 2, 27) && (saved() & state) == state; }
static int has_popcnt(void) { return has(1, 2, 23); }
static int has_avx2(void) { return has_popcnt() && has(7, 1, 5) && has(7, 1, 3) && saves(0x6); }
static int has_avx512(void) {
    return has_avx2() && has(7, 1, 16) && has(7, 1, 30) && has(7, 1, 31) && has(7, 2, 14) && saves(0xE6);
}
#elif defined(LINKAGE_X86)
static int has_popcnt(void) { return __builtin_cpu_supports("popcnt"); }
static int has_avx2(void) { return has_popcnt() && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi"); }
static int has_avx512(void) {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vpopcntdq");
}
#endif

const Kernel *const *runnable_kernels(void) {
    static const Kernel *found[5];
    int n = 0;
    const uint16_t one = 1;
    if (*(const uint8_t *)&one) { /* lanes are written as bytes of words, lowest first */
#ifdef LINKAGE_X86
        if (has_avx512()) found[n++] = &kernel_avx512;
        if (has_avx2()) found[n++] = &kernel_avx2;
        if (has_popcnt()) found[n++] = &kernel_popcnt;
#endif
        found[n++] = &kernel_generic;
    }
    found[n] = NULL;
    return found;
}
