/* Rows to bit slices, and how many rows have each bit. */
#include <string.h>

#include "kernel.h"

/* a 64 x 64 bit matrix, turned about its diagonal in six rounds of swaps (Warren, Hacker's Delight, section 7-3) */
static void transpose(uint64_t m[64]) {
    uint64_t mask = 0x00000000FFFFFFFFu;
    for (int j = 32; j; j >>= 1, mask ^= mask << j)
        for (int k = 0; k < 64; k = ((k | j) + 1) & ~j) {
            uint64_t t = ((m[k] >> j) ^ m[k | j]) & mask;
            m[k] ^= t << j;
            m[k | j] ^= t;
        }
}

/* position p of a row is bit p % 64, from the lowest, of its word p / 64; `place` says where its slice goes */
void slice_rows(const Rows *rows, const int32_t *order, int64_t n, const uint32_t *place, uint64_t *out) {
    int64_t positions = rows->width * 64, blocks = (n + BLOCK - 1) / BLOCK;
    for (int64_t block = 0; block < blocks; block++) {
        uint64_t *base = out + block * (positions + 1) * LINE;
        memset(base + positions * LINE, 0, LINE * sizeof *base);
        for (int lane = 0; lane < LINE; lane++) {
            int64_t first = block * BLOCK + lane * 64;
            for (int64_t word = 0; word < rows->width; word++) {
                uint64_t m[64] = {0};
                for (int i = 0; i < 64 && first + i < n; i++)
                    m[i] = rows->words[order[first + i] * rows->width + word];
                transpose(m);
                for (int bit = 0; bit < 64; bit++) base[place[word * 64 + bit] * LINE + lane] = m[bit];
            }
        }
    }
}

/* rows[order] with their bits in another order, 64 rows at a time: bit r is the row's bit at from[r].
   `columns` has room for 64 words a word of a row. */
void reorder_bits(const Rows *rows, const int32_t *order, int64_t n, const uint32_t *from, uint64_t *columns, uint64_t *out) {
    int64_t width = rows->width;
    for (int64_t first = 0; first < n; first += 64) {
        int64_t some = n - first < 64 ? n - first : 64;
        for (int64_t word = 0; word < width; word++) {
            uint64_t *m = columns + word * 64;
            for (int64_t i = 0; i < 64; i++) m[i] = i < some ? rows->words[order[first + i] * width + word] : 0;
            transpose(m);
        }
        for (int64_t word = 0; word < width; word++) {
            uint64_t m[64];
            for (int bit = 0; bit < 64; bit++) m[bit] = columns[from[word * 64 + bit]];
            transpose(m);
            for (int64_t i = 0; i < some; i++) out[(first + i) * width + word] = m[i];
        }
    }
}

/* the bits set in a word, in plain C (Warren, Hacker's Delight, section 5-1): this file has no instruction set */
static uint32_t ones(uint64_t x) {
    x -= x >> 1 & 0x5555555555555555u;
    x = (x & 0x3333333333333333u) + (x >> 2 & 0x3333333333333333u);
    return (uint32_t)(((x + (x >> 4)) & 0x0F0F0F0F0F0F0F0Fu) * 0x0101010101010101u >> 56);
}

/* of every `step`th row, 64 of them at a time */
void count_columns(const Rows *rows, int64_t step, uint32_t *out) {
    memset(out, 0, (size_t)rows->width * 64 * sizeof *out);
    for (int64_t first = 0; first < rows->n; first += 64 * step)
        for (int64_t word = 0; word < rows->width; word++) {
            uint64_t m[64] = {0};
            for (int64_t i = 0, row = first; i < 64 && row < rows->n; i++, row += step)
                m[i] = rows->words[row * rows->width + word];
            transpose(m);
            for (int bit = 0; bit < 64; bit++) out[word * 64 + bit] += ones(m[bit]);
        }
}
