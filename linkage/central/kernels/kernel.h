/* What the compiled kernels share: rows, bit slices, and one table of functions per instruction set.

   The right side of a comparison is held as bit slices. A block is 512 rows; for each bit position it keeps one cache
   line with that bit of every row. The overlap of one left row with all 512 is then the column sum of the slices of its
   set bits, added up by carry-save adders: about two instructions a set bit for 512 pairs, on any processor that has
   wide registers, with no population count. Order of positions and row order inside a block are the caller's. */
#ifndef LINKAGE_KERNEL_H
#define LINKAGE_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#define BLOCK 512           /* rows of a block */
#define LINE (BLOCK / 64)   /* 64-bit words of a slice: one cache line */
#define MOST_STEPS 1008     /* slices one sum takes: ten planes count to 1023 */
#define PLANES 10
#define MOST_PLANES 14     /* for rows of all 8,192 bits a field may have */
#define MOST_SIFTED 4080    /* slices a sieve takes: half of the bits of hardened rows are set */
#define WIDE_PLANES 12
#define MOST_CUTS 32
#define ACCUMULATORS 2      /* of 16 bits, in which a cell's number is told */

#define FULL (-1)           /* more was found than there is room for */
#define NO_MEMORY (-2)

/* n rows of so many words, and the bits set in each */
typedef struct {
    const uint64_t *words;
    const uint32_t *counts;
    int64_t n, width;
} Rows;

/* rows[order] as slices: (blocks, positions + 1, LINE); the last slice of a block is all zero and pads lists.
   `bits` lies on a cache line. */
typedef struct {
    const uint64_t *bits;
    const int32_t *order;
    int64_t n, positions;
} Slices;

/* ---- pairs whose overlap reaches what is needed ---- */

typedef struct {
    Rows left, right;
    Slices slices;            /* of the right rows that have bits, by count; slices in the order of `rarest` */
    const int32_t *order;     /* left rows that have bits, by count */
    int64_t n_order;
    const uint32_t *rarest;   /* positions, those with fewest bits on the right first */
    const float *missing;     /* share of right rows without that bit, in the same order */
    const uint32_t *need;     /* least overlap by sum of counts, never falling */
    int64_t diagonal;         /* of `best`: only pairs with column != row + diagonal */
    int itself;               /* of `overlaps`: left is right, in one order; each pair once, row below column */
} Search;

typedef struct {
    int32_t *row, *column;
    uint32_t *overlap;
    int64_t room;
} Found;

/* the best of a row: overlap and count of the right row, best first */
typedef struct {
    int64_t k;
    int by_difference;        /* rank by overlap less half the sum (Hamming), else by overlap to sum (Dice, Jaccard) */
    int32_t *column;          /* (left rows, k), -1 where there are fewer */
    uint32_t *overlap;
} Best;

/* ---- levels of agreement, several filters a row ---- */

/* one filter against one filter. Level 0: either has no bits; else 1 and one more for each cut that is reached.
   Cut c is reached at an overlap of need[c * sums + sum of counts]; where `scale` is given, exactly when the overlap
   is above (sum * scale[c]) >> 16. */
typedef struct {
    int32_t left, right, cuts;
    int64_t sums;
    const uint32_t *need;
    const uint16_t *scale;
} Product;

/* the levels of one or more products together, as value[level of the first * stride + ...] */
typedef struct {
    int32_t n_products, accumulator, size;
    const int32_t *products;
    const int32_t *strides;
    const int16_t *value;     /* (size,) what the block loop adds */
    const uint8_t *level;     /* (size,) the outcome's level */
    int32_t last;             /* its highest level */
    const int32_t *weight;    /* (last + 1,) exact, or NULL */
    const int32_t *bonus;     /* (left rows,) added to the weight of the highest level, or NULL */
} Outcome;

typedef struct {
    int32_t n_lefts, n_rights, n_products, n_outcomes;
    const Rows *left, *right;      /* by filter */
    const Slices *slices;          /* of the right filters; all of one order */
    const Product *products;
    const Outcome *outcomes;
    int64_t diagonal;
} Fields;

/* cells = one accumulator's + low_size * another's; several such histograms */
typedef struct {
    int32_t n;
    int32_t low[8], high[8];       /* accumulators; high -1 where there is none */
    int32_t low_size[8];
    int64_t size[8];
    uint32_t *cells[8];
} Histograms;

typedef struct {
    int32_t *row, *column, *weight;
    int64_t room;
} Heavy;

typedef struct {
    const char *name;
    int64_t (*overlaps)(const Search *, Found *);
    int64_t (*best)(const Search *, Best *);
    int64_t (*histograms)(const Fields *, Histograms *);
    int64_t (*heavy)(const Fields *, int32_t bound, Heavy *);
    void (*pair_overlaps)(const Rows *, const Rows *, const int32_t *, const int32_t *, int64_t, uint32_t *);
} Kernel;

extern const Kernel kernel_generic;
#ifdef LINKAGE_X86
extern const Kernel kernel_popcnt, kernel_avx2, kernel_avx512;
#endif

/* the levels this processor can run, best first; NULL-terminated */
const Kernel *const *runnable_kernels(void);

void slice_rows(const Rows *rows, const int32_t *order, int64_t n, const uint32_t *place, uint64_t *out);
void reorder_bits(const Rows *rows, const int32_t *order, int64_t n, const uint32_t *from, uint64_t *columns, uint64_t *out);
void count_columns(const Rows *rows, int64_t step, uint32_t *out);

#endif
