/* The kernel without Python, against plain loops: for processors that the suite does not run on.
   Compiled with the kernel's own files by test_kernels_sanitized.py; says its level, or where it is wrong. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"

#define N 600 /* more than a block */
#define WIDTH 3
#define POSITIONS (WIDTH * 64)
#define CHECK(holds) do { if (!(holds)) { printf("wrong, line %d: %s\n", __LINE__, #holds); return 1; } } while (0)

static uint64_t words[N * WIDTH];
static uint32_t counts[N], rarest[POSITIONS], need[2 * POSITIONS + 1];
static int32_t in_order[N], by_count[N];
static uint64_t columns[64 * WIDTH], reordered[N * WIDTH];

static uint32_t shared_by(int a, int b) {
    uint32_t shared = 0;
    for (int bit = 0; bit < POSITIONS; bit++)
        shared += (uint32_t)(words[a * WIDTH + bit / 64] >> bit % 64 & words[b * WIDTH + bit / 64] >> bit % 64 & 1);
    return shared;
}

static int fuller(const void *a, const void *b) {
    int32_t one = *(const int32_t *)a, other = *(const int32_t *)b;
    return counts[one] != counts[other] ? (counts[one] > counts[other] ? 1 : -1) : one - other;
}

static Slices sliced(const Rows *rows, const int32_t *order, int64_t n) {
    int64_t blocks = (n + BLOCK - 1) / BLOCK;
    uint64_t *bits = aligned_alloc(64, (size_t)(blocks * (POSITIONS + 1) * LINE) * 8);
    slice_rows(rows, order, n, rarest, bits);
    return (Slices){bits, order, n, POSITIONS};
}

int main(void) {
    uint64_t state = 1;
    for (int row = 0; row < N; row++) {
        for (int word = 0; word < WIDTH; word++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            words[row * WIDTH + word] = row % 9 ? (state ^ state >> 29) & (state >> 7 | state << 3) : 0;
            if (row % 4 == 1) words[row * WIDTH + word] = words[(row - 1) * WIDTH + word] ^ (state >> 60) << word;
        }
        counts[row] = shared_by(row, row);
        in_order[row] = by_count[row] = row;
    }
    qsort(by_count, N, sizeof *by_count, fuller);
    int empty = 0;
    while (empty < N && !counts[by_count[empty]]) empty++;
    for (uint32_t position = 0; position < POSITIONS; position++) rarest[position] = position;
    for (uint32_t sum = 0; sum <= 2 * POSITIONS; sum++) need[sum] = 1 + sum * 2 / 5; /* Dice of about 0.8 */
    float missing[POSITIONS];
    for (int position = 0; position < POSITIONS; position++) missing[position] = 0.7f;
    const Kernel *kernel = runnable_kernels()[0];
    const Rows rows = {words, counts, N, WIDTH};

    Search s = {rows, rows, sliced(&rows, by_count + empty, N - empty), by_count + empty, N - empty, rarest, missing, need,
                -1 - N, 0};
    static int32_t row[N * N], column[N * N], listed[N];
    static uint32_t overlap[N * N], each[N];
    Found found = {row, column, overlap, N * N};
    int64_t n = kernel->overlaps(&s, &found), expected = 0;
    for (int a = 0; a < N; a++)
        for (int b = 0; b < N; b++) expected += counts[a] && counts[b] && shared_by(a, b) >= need[counts[a] + counts[b]];
    CHECK(n == expected && n > N);
    for (int64_t i = 0; i < n; i++) CHECK(overlap[i] == shared_by(row[i], column[i]));
    found.room = n - 1;
    CHECK(kernel->overlaps(&s, &found) == FULL);

    static int32_t nearest[N];
    memset(nearest, -1, sizeof nearest);
    Best best = {1, 0, nearest, each};
    CHECK(kernel->best(&s, &best) == 0);
    for (int a = 0; a < N; a++) {
        int64_t top = -1;
        for (int b = 0; b < N && counts[a]; b++) {
            int64_t both = shared_by(a, b), sum = counts[a] + counts[b];
            if (counts[b] && both >= need[sum] && (top < 0 || both * (counts[a] + counts[top]) > shared_by(a, (int)top) * sum))
                top = b;
        }
        CHECK(nearest[a] == top);
    }
    for (int a = 0; a < N; a++) listed[a] = N - 1 - a;
    kernel->pair_overlaps(&rows, &rows, in_order, listed, N, each);
    for (int a = 0; a < N; a++) CHECK(each[a] == shared_by(a, N - 1 - a));

    Slices slices = sliced(&rows, in_order, N);
    const uint16_t scale = 26215; /* two fifths of 2**16, rounded up */
    Product product = {0, 0, 1, 2 * POSITIONS + 1, need, NULL};
    const int32_t first = 0, one = 1, weight[3] = {-64, 0, 128};
    const int16_t cell[3] = {0, 1, 2}, unit[3] = {-1, 0, 2};
    const uint8_t level[3] = {0, 1, 2};
    Outcome outcome = {1, 0, 3, &first, &one, cell, level, 2, weight, NULL};
    Fields fields = {1, 1, 1, 1, &rows, &rows, &slices, &product, &outcome, -N};
    static uint32_t cells[3];
    Histograms histograms = {1, {0}, {-1}, {3}, {3}, {cells}};
    for (int scaled = 0; scaled < 2; scaled++, product.scale = &scale) {
        memset(cells, 0, sizeof cells);
        CHECK(kernel->histograms(&fields, &histograms) == 0);
        CHECK(cells[0] + cells[1] + cells[2] == N * N && cells[2] == expected);
        CHECK(cells[0] == (uint32_t)(N * N - (N - empty) * (N - empty)));
    }
    outcome.value = unit;
    Heavy heavy = {row, column, (int32_t *)overlap, N * N};
    CHECK(kernel->heavy(&fields, 100, &heavy) == expected);
    for (int64_t i = 0; i < expected; i++) CHECK(shared_by(row[i], column[i]) >= need[counts[row[i]] + counts[column[i]]]);
    reorder_bits(&rows, in_order, N, rarest, columns, reordered);
    CHECK(!memcmp(reordered, words, sizeof words));
    free((void *)s.slices.bits);
    free((void *)slices.bits);
    printf("%s: right\n", kernel->name);
    return 0;
}
