/* What comparing takes from Python: see buffers.h. */
#include "buffers.h"

#include <string.h>

int take_rows(Held *held, PyObject *words, PyObject *counts, const char *name, Rows *rows) {
    Py_ssize_t shape[2], n;
    rows->words = take(held, words, name, U64, 2, 0, shape);
    if (!rows->words) return 0;
    rows->counts = take_own(held, counts, name, U32, 1, &n);
    if (!rows->counts) return 0;
    rows->n = shape[0];
    rows->width = shape[1];
    if (n != shape[0]) return complain("rows and counts differ in length");
    if (shape[0] > INT32_MAX || shape[1] < 1 || shape[1] > 1024) return complain("rows: too many, or too wide");
    return 1;
}

int take_slices(Held *held, PyObject *bits, PyObject *order, const Rows *rows, Slices *slices) {
    Py_ssize_t shape[3], n;
    slices->bits = take(held, bits, "slices", U64, 3, 0, shape);
    if (!slices->bits) return 0;
    slices->order = take_own(held, order, "order", I32, 1, &n);
    if (!slices->order) return 0;
    slices->n = n;
    slices->positions = rows->width * 64;
    if (shape[0] != (n + BLOCK - 1) / BLOCK || shape[1] != slices->positions + 1 || shape[2] != LINE)
        return complain("slices: not (blocks, positions + 1, 8)");
    return within(slices->order, n, rows->n, "order");
}

int within(const int32_t *items, Py_ssize_t n, int64_t end, const char *name) {
    for (Py_ssize_t i = 0; i < n; i++)
        if (items[i] < 0 || items[i] >= end) {
            PyErr_Format(PyExc_ValueError, "%s: item %zd is outside 0 to %lld", name, i, (long long)end - 1);
            return 0;
        }
    return 1;
}

uint32_t most_bits(const Rows *rows) {
    uint32_t most = 0;
    for (int64_t row = 0; row < rows->n; row++)
        if (rows->counts[row] > most) most = rows->counts[row];
    return most;
}

const Kernel *kernel_named(const char *name) {
    for (const Kernel *const *kernel = runnable_kernels(); *kernel; kernel++)
        if (!strcmp((*kernel)->name, name)) return *kernel;
    complain("this processor cannot run that kernel");
    return NULL;
}
