/* A comparison plan from Python: see kernels/flat.py, which flattens it.

   plan = (left, right, products, needs, scales, outcomes, references, strides, values, levels, weights, bonus, diagonal)
   left         tuple of (words, counts); right: tuple of (words, counts, slices, order)
   products     (n, 6) int64: left filter, right filter, cuts, sums, offset of needs, offset of scales or -1
   outcomes     (n, 7) int64: products, offset of references and strides, accumulator, size, offset of values and
                levels, highest level, offset of weights
   bonus        tuple of None or (left rows,) int32 */
#include "fields.h"

#include <stdlib.h>

void drop_fields(Fields *f) {
    free((void *)f->left);
    free((void *)f->right);
    free((void *)f->slices);
    free((void *)f->products);
    free((void *)f->outcomes);
}

static int take_sides(Held *held, PyObject *left, PyObject *right, Fields *f) {
    if (!PyTuple_Check(left) || !PyTuple_Check(right)) return complain("sides: not tuples");
    f->n_lefts = (int32_t)PyTuple_Size(left);
    f->n_rights = (int32_t)PyTuple_Size(right);
    if (f->n_lefts < 1 || f->n_lefts > 16 || f->n_rights < 1 || f->n_rights > 16) return complain("1 to 16 filters");
    Rows *lefts = calloc(16, sizeof *lefts), *rights = calloc(16, sizeof *rights);
    Slices *slices = calloc(16, sizeof *slices);
    f->left = lefts;
    f->right = rights;
    f->slices = slices;
    if (!lefts || !rights || !slices) return PyErr_NoMemory(), 0;
    for (int i = 0; i < f->n_lefts; i++) {
        PyObject *words, *counts;
        if (!PyArg_ParseTuple(PyTuple_GetItem(left, i), "OO", &words, &counts)) return 0;
        if (!take_rows(held, words, counts, "left", &lefts[i])) return 0;
        if (lefts[i].n != lefts[0].n) return complain("left filters differ in length");
    }
    for (int i = 0; i < f->n_rights; i++) {
        PyObject *words, *counts, *bits, *order;
        if (!PyArg_ParseTuple(PyTuple_GetItem(right, i), "OOOO", &words, &counts, &bits, &order)) return 0;
        if (!take_rows(held, words, counts, "right", &rights[i])) return 0;
        if (!take_slices(held, bits, order, &rights[i], &slices[i])) return 0;
        if (rights[i].n != rights[0].n || slices[i].n != rights[0].n) return complain("right filters differ in length");
        for (int64_t row = 0; row < slices[i].n; row++)
            if (slices[i].order[row] != row) return complain("slices of several filters keep the order of the rows");
    }
    return 1;
}

static int take_products(Held *held, PyObject *table, PyObject *needs, PyObject *scales, Fields *f) {
    Py_ssize_t shape[2], n_needs, n_scales;
    const int64_t *rows = take_own(held, table, "products", I64, 2, shape);
    const uint32_t *need = rows ? take_own(held, needs, "needs", U32, 1, &n_needs) : NULL;
    const uint16_t *scale = need ? take_own(held, scales, "scales", U16, 1, &n_scales) : NULL;
    if (!scale) return 0;
    if (shape[0] < 1 || shape[0] > 64 || shape[1] != 6) return complain("products: not (1 to 64, 6)");
    Product *products = calloc((size_t)shape[0], sizeof *products);
    f->products = products;
    if (!products) return PyErr_NoMemory(), 0;
    f->n_products = (int32_t)shape[0];
    for (int i = 0; i < f->n_products; i++, rows += 6) {
        if (rows[0] < 0 || rows[0] >= f->n_lefts || rows[1] < 0 || rows[1] >= f->n_rights)
            return complain("products: no such filter");
        const Rows *left = &f->left[rows[0]], *right = &f->right[rows[1]];
        if (left->width != right->width || left->width > 128) return complain("products: filters differ or are too wide");
        if (rows[2] < 0 || rows[2] > MOST_CUTS || rows[3] < 1 || rows[3] > INT32_MAX || rows[4] < 0 ||
            rows[4] + rows[2] * rows[3] > n_needs || rows[5] < -1 || (rows[5] >= 0 && rows[5] + rows[2] > n_scales))
            return complain("products: cuts outside their table");
        if ((int64_t)most_bits(left) + most_bits(right) >= rows[3]) return complain("products: counts outside the table");
        if ((int64_t)most_bits(left) + most_bits(right) > INT16_MAX) return complain("products: too many bits");
        products[i] = (Product){(int32_t)rows[0], (int32_t)rows[1], (int32_t)rows[2], rows[3], need + rows[4],
                                rows[5] < 0 ? NULL : scale + rows[5]};
    }
    return 1;
}

typedef struct {
    const int32_t *references, *strides, *weights;
    const int16_t *values;
    const uint8_t *levels;
    Py_ssize_t n_references, n_strides, n_values, n_levels, n_weights;
} Parts;

/* whether every level of the products has its place in the outcome's table */
static int fits(const Fields *f, const Outcome *o, int weighted) {
    int64_t highest = 0;
    for (int i = 0; i < o->n_products; i++) {
        if (o->products[i] < 0 || o->products[i] >= f->n_products || o->strides[i] < 1 || o->strides[i] > 65535)
            return complain("outcomes: no such product or stride");
        highest += (int64_t)o->strides[i] * (f->products[o->products[i]].cuts + 1);
    }
    if (highest >= o->size || (o->n_products == 1 && o->strides[0] != 1)) return complain("outcomes: table too small");
    for (int i = 0; weighted && i < o->size; i++)
        if (o->level[i] > o->last) return complain("outcomes: a level without weight");
    return 1;
}

static int take_outcomes(Held *held, PyObject *table, const Parts *parts, PyObject *bonus, Fields *f, int64_t *cells_of,
                         int weighted) {
    Py_ssize_t shape[2], n;
    const int64_t *rows = take_own(held, table, "outcomes", I64, 2, shape);
    if (!rows) return 0;
    if (shape[0] < 1 || shape[0] > 64 || shape[1] != 7) return complain("outcomes: not (1 to 64, 7)");
    if (!PyTuple_Check(bonus) || PyTuple_Size(bonus) != shape[0]) return complain("bonus: not one an outcome");
    Outcome *outcomes = calloc((size_t)shape[0], sizeof *outcomes);
    f->outcomes = outcomes;
    if (!outcomes) return PyErr_NoMemory(), 0;
    f->n_outcomes = (int32_t)shape[0];
    for (int i = 0; i < f->n_outcomes; i++, rows += 7) {
        if (rows[0] < 1 || rows[0] > 64 || rows[1] < 0 || rows[1] + rows[0] > parts->n_references ||
            rows[1] + rows[0] > parts->n_strides || rows[2] < 0 || rows[2] >= ACCUMULATORS || rows[3] < 1 || rows[3] > 65536 ||
            rows[4] < 0 || rows[4] + rows[3] > parts->n_values || rows[4] + rows[3] > parts->n_levels || rows[5] < 0 ||
            rows[5] > 255 || rows[6] < 0 || (weighted && rows[6] + rows[5] >= parts->n_weights))
            return complain("outcomes: outside their tables");
        outcomes[i] = (Outcome){(int32_t)rows[0], (int32_t)rows[2], (int32_t)rows[3], parts->references + rows[1],
                                parts->strides + rows[1], parts->values + rows[4], parts->levels + rows[4],
                                (int32_t)rows[5], weighted ? parts->weights + rows[6] : NULL, NULL};
        if (!fits(f, &outcomes[i], weighted)) return 0;
        PyObject *more = PyTuple_GetItem(bonus, i);
        if (weighted && more != Py_None) {
            outcomes[i].bonus = take_own(held, more, "bonus", I32, 1, &n);
            if (!outcomes[i].bonus) return 0;
            if (n != f->left[0].n) return complain("bonus: not one a left row");
        }
        int32_t most = 0;
        for (int k = 0; k < outcomes[i].size; k++) {
            if (!weighted && outcomes[i].value[k] < 0 && f->n_outcomes > 1) return complain("outcomes: a cell below 0");
            if ((uint16_t)outcomes[i].value[k] > most) most = (uint16_t)outcomes[i].value[k];
        }
        cells_of[rows[2]] += most;
    }
    return 1;
}

int take_fields(Held *held, PyObject *plan, Fields *f, int64_t *cells_of, int weighted) {
    PyObject *left, *right, *products, *needs, *scales, *outcomes, *references, *strides, *values, *levels, *weights, *bonus;
    long long diagonal;
    Parts parts;
    if (!PyTuple_Check(plan)) return complain("plan: not a tuple");
    if (!PyArg_ParseTuple(plan, "OOOOOOOOOOOOL", &left, &right, &products, &needs, &scales, &outcomes, &references, &strides,
                          &values, &levels, &weights, &bonus, &diagonal))
        return 0;
    f->diagonal = diagonal < -INT32_MAX ? -(int64_t)INT32_MAX : diagonal > INT32_MAX ? INT32_MAX : diagonal;
    return take_sides(held, left, right, f) && take_products(held, products, needs, scales, f) &&
           (parts.references = take_own(held, references, "references", I32, 1, &parts.n_references)) &&
           (parts.strides = take_own(held, strides, "strides", I32, 1, &parts.n_strides)) &&
           (parts.values = take_own(held, values, "values", I16, 1, &parts.n_values)) &&
           (parts.levels = take_own(held, levels, "levels", U8, 1, &parts.n_levels)) &&
           (parts.weights = take_own(held, weights, "weights", I32, 1, &parts.n_weights)) &&
           take_outcomes(held, outcomes, &parts, bonus, f, cells_of, weighted);
}
