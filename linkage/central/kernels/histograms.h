/* How many pairs have which levels together. Included once by each instruction set's file. */
#include "outcomes.h"

/* most pairs fall into few cells, and adding to one again must wait for the last time: so each lane in COPIES has its own */
#define COPIES 4

INLINE void count_lanes(uint32_t *cells, const uint32_t *cell, int64_t first, int64_t last) {
    int64_t j = first;
    for (; j + COPIES <= last; j += COPIES)
        for (int copy = 0; copy < COPIES; copy++) cells[cell[j + copy] * COPIES + copy]++;
    for (; j < last; j++) cells[cell[j] * COPIES]++;
}

/* what the rows from `top` on have in one block */
static void count_rows(const Block *b, const Worth *worth, int64_t top, Sums *all_sums, const Histograms *h,
                       uint32_t *const *cells) {
    const Fields *f = b->fields;
    int64_t n = f->left[0].n - top < TOGETHER ? f->left[0].n - top : TOGETHER;
    Sums (*sums)[ACCUMULATORS] = (Sums (*)[ACCUMULATORS])all_sums;
    int64_t total[ACCUMULATORS] = {0};
    int planes[ACCUMULATORS] = {0};
    for (int64_t i = 0; i < n; i++)
        for (int to = 0; to < ACCUMULATORS; to++) clear(sums[i][to], LANE_BITS);
    for (int i = f->n_outcomes - 1; i >= 0; i--) { /* the last vary fastest: few planes at first */
        int to = f->outcomes[i].accumulator;
        total[to] += worth[i].above;
        planes[to] = planes_for(total[to]);
        for (int64_t row = top; row < top + n; row++) add_worth(b, &worth[i], row, sums[row - top][to], planes[to]);
    }
    for (int64_t row = top; row < top + n; row++) {
        uint16_t lanes[ACCUMULATORS][BLOCK];
        for (int to = 0; to < ACCUMULATORS; to++)
            for (int part = 0; part < PARTS; part++) to_lanes(sums[row - top][to][part], planes[to], lanes[to] + part * LANES);
        int64_t first, last;
        lanes_of(b, row, &first, &last);
        for (int i = 0; i < h->n; i++) {
            const uint16_t *low = lanes[h->low[i]], *high = lanes[h->high[i] < 0 ? 0 : h->high[i]];
            uint32_t cell[BLOCK], stride = h->high[i] < 0 ? 0 : (uint32_t)h->low_size[i];
            for (int j = 0; j < BLOCK; j++) cell[j] = low[j] + stride * high[j];
            count_lanes(cells[i], cell, first, last);
        }
    }
}

static int64_t histograms(const Fields *f, Histograms *h) {
    Block b;
    int ready = prepare_blocks(f, &b);
    Worth *worth = malloc((size_t)f->n_outcomes * sizeof *worth);
    void *sums = malloc((TOGETHER * ACCUMULATORS + 1) * sizeof(Sums));
    uint32_t *cells[8] = {NULL};
    for (int i = 0; i < h->n; i++)
        if (!(cells[i] = calloc((size_t)h->size[i] * COPIES, sizeof *cells[i]))) ready = 0;
    ready = ready && worth && sums;
    for (int i = 0; ready && i < f->n_outcomes; i++) make_worth(f, &f->outcomes[i], 0, &worth[i]);
    for (int64_t block = 0; ready && block < (f->right[0].n + BLOCK - 1) / BLOCK; block++) {
        enter(&b, block);
        for (int64_t top = 0; top < f->left[0].n; top += TOGETHER) {
            int64_t first, last;
            lanes_of(&b, top, &first, &last);
            if (first >= last) break; /* nor does a row further on meet any */
            count_rows(&b, worth, top, in_line(sums), h, cells);
        }
    }
    for (int i = 0; i < h->n; i++) {
        for (int64_t cell = 0; ready && cell < h->size[i]; cell++)
            for (int copy = 0; copy < COPIES; copy++) h->cells[i][cell] += cells[i][cell * COPIES + copy];
        free(cells[i]);
    }
    leave(&b);
    free(worth);
    free(sums);
    return ready ? 0 : NO_MEMORY;
}
