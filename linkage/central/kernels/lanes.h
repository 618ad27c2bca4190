/* Between planes and lanes: a plane has one bit of each row, a lane is one row's number. Bytes are read as words, lowest
   first; cpu.c offers no kernel where they lie otherwise. */
#ifndef LINKAGE_LANES_H
#define LINKAGE_LANES_H

#include <string.h>

#include "sums.h"

#define LANES (64 * VEC_WORDS) /* of a register: a bit each */
#define LANE_BITS 16

/* eight bytes as a matrix of bits, turned about its diagonal in three rounds of swaps (Warren, Hacker's Delight, 7-3) */
INLINE uint64_t turn(uint64_t x) {
    uint64_t t = (x ^ x >> 7) & 0x00AA00AA00AA00AAu;
    x ^= t ^ t << 7;
    t = (x ^ x >> 14) & 0x0000CCCC0000CCCCu;
    x ^= t ^ t << 14;
    t = (x ^ x >> 28) & 0x00000000F0F0F0F0u;
    return x ^ t ^ t << 28;
}

/* the lowest bits of n lanes, n a multiple of 64, as planes that lie `apart` words from one another */
INLINE void to_planes(const uint32_t *lanes, int n, int planes, uint64_t *out, int apart) {
    for (int first = 0; first < planes; first += 8)
        for (int group = 0; group < n / 8; group++) {
            uint64_t x = 0;
            for (int i = 0; i < 8; i++) x |= (uint64_t)(lanes[group * 8 + i] >> first & 0xFF) << 8 * i;
            x = turn(x);
            for (int k = first; k < planes && k < first + 8; k++, x >>= 8) ((uint8_t *)(out + k * apart))[group] = (uint8_t)x;
        }
}

#ifndef OWN_LANES
/* the numbers that at most LANE_BITS planes hold */
INLINE void to_lanes(const VEC *plane, int planes, uint16_t *lanes) {
    uint64_t bits[LANE_BITS][VEC_WORDS] = {{0}};
    uint8_t bytes[2][LANES] = {{0}};
    for (int k = 0; k < planes; k++) STORE(bits[k], plane[k]);
    for (int first = 0; first < planes; first += 8)
        for (int group = 0; group < 8 * VEC_WORDS; group++) {
            uint64_t x = 0;
            for (int k = 7; k >= 0; k--) x = x << 8 | ((const uint8_t *)bits[first + k])[group];
            x = turn(x);
            memcpy(bytes[first / 8] + group * 8, &x, 8);
        }
    for (int j = 0; j < LANES; j++) lanes[j] = (uint16_t)(bytes[0][j] | bytes[1][j] << 8);
}
#endif

#endif
