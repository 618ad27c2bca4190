/* Positions of tokens: keyed BLAKE2b (RFC 7693) of many short texts; the key's own block is hashed once. */
#include "hashes.h"

#include <string.h>

static const uint64_t START[8] = {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
                                  0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};

static const uint8_t ORDER[10][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4}, {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13}, {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11}, {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5}, {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0}};

static uint64_t low_first(const uint8_t *bytes) {
    uint64_t word = 0;
    for (int i = 7; i >= 0; i--) word = word << 8 | bytes[i];
    return word;
}

static uint64_t turned(uint64_t word, int by) { return word >> by | word << (64 - by); }

static void stir(uint64_t *v, int a, int b, int c, int d, uint64_t x, uint64_t y) {
    v[a] += v[b] + x, v[d] = turned(v[d] ^ v[a], 32);
    v[c] += v[d], v[b] = turned(v[b] ^ v[c], 24);
    v[a] += v[b] + y, v[d] = turned(v[d] ^ v[a], 16);
    v[c] += v[d], v[b] = turned(v[b] ^ v[c], 63);
}

static void compress(uint64_t h[8], const uint8_t block[128], uint64_t count, int last) {
    uint64_t m[16], v[16];
    for (int i = 0; i < 16; i++) m[i] = low_first(block + 8 * i);
    memcpy(v, h, 64);
    memcpy(v + 8, START, 64);
    v[12] ^= count;
    if (last) v[14] = ~v[14];
    for (int round = 0; round < 12; round++) {
        const uint8_t *s = ORDER[round % 10];
        stir(v, 0, 4, 8, 12, m[s[0]], m[s[1]]);
        stir(v, 1, 5, 9, 13, m[s[2]], m[s[3]]);
        stir(v, 2, 6, 10, 14, m[s[4]], m[s[5]]);
        stir(v, 3, 7, 11, 15, m[s[6]], m[s[7]]);
        stir(v, 0, 5, 10, 15, m[s[8]], m[s[9]]);
        stir(v, 1, 6, 11, 12, m[s[10]], m[s[11]]);
        stir(v, 2, 7, 8, 13, m[s[12]], m[s[13]]);
        stir(v, 3, 4, 9, 14, m[s[14]], m[s[15]]);
    }
    for (int i = 0; i < 8; i++) h[i] ^= v[i] ^ v[i + 8];
}

void blakes_keyed(Blakes *blakes, const uint8_t key[BLAKE_KEY], int n) {
    uint8_t block[128] = {0};
    memcpy(block, key, BLAKE_KEY);
    blakes->n = n;
    for (int salt = 0; salt < n; salt++) {
        const uint8_t salted[8] = {(uint8_t)(salt >> 8), (uint8_t)salt};
        uint64_t *h = blakes->states[salt];
        memcpy(h, START, 64);
        h[0] ^= 64 | BLAKE_KEY << 8 | 1 << 16 | 1 << 24; /* bytes of digest, of key; fanout and depth of 1 */
        h[4] ^= low_first(salted);
        compress(h, block, 128, 0);
    }
    wipe(block, sizeof block);
}

void blake(const Blakes *blakes, int which, const uint8_t *text, size_t n, uint8_t digest[64]) {
    uint64_t h[8], count = 128;
    uint8_t block[128];
    memcpy(h, blakes->states[which], 64);
    for (; n > 128; n -= 128, text += 128) compress(h, text, count += 128, 0);
    memset(block, 0, 128);
    memcpy(block, text, n);
    compress(h, block, count + n, 1);
    for (int i = 0; i < 64; i++) digest[i] = (uint8_t)(h[i / 8] >> (i % 8 * 8));
}
