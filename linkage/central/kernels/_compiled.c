/* The compiled kernel as Python sees it. compiled.py makes the arrays and documents the calls; here every array is
   checked, the lock is released, and the chosen instruction set does the work. */
#include "fields.h"

#include <string.h>

static PyObject *py_levels(PyObject *self, PyObject *nothing) {
    (void)self, (void)nothing;
    PyObject *names = PyList_New(0);
    for (const Kernel *const *kernel = runnable_kernels(); names && *kernel; kernel++) {
        PyObject *name = PyUnicode_FromString((*kernel)->name);
        if (!name || PyList_Append(names, name)) Py_CLEAR(names);
        Py_XDECREF(name);
    }
    return names;
}

static PyObject *py_slice_rows(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *words, *counts, *order, *places, *out, *result = NULL;
    Held held = {.n = 0};
    Rows rows;
    Slices slices;
    Py_ssize_t shape[3], n;
    if (!PyArg_ParseTuple(args, "OOOOO", &words, &counts, &order, &places, &out)) return NULL;
    if (!take_rows(&held, words, counts, "rows", &rows) || !take_slices(&held, out, order, &rows, &slices)) goto done;
    const uint32_t *place = take_own(&held, places, "place", U32, 1, &n);
    if (!place || !within((const int32_t *)place, n, slices.positions, "place")) goto done;
    if (n != slices.positions) {
        complain("place: not one a position");
        goto done;
    }
    uint64_t *bits = take(&held, out, "slices", U64, 3, 1, shape);
    if (!bits) goto done;
    Py_BEGIN_ALLOW_THREADS
    slice_rows(&rows, slices.order, slices.n, place, bits);
    Py_END_ALLOW_THREADS
    result = Py_NewRef(Py_None);
done:
    release(&held);
    return result;
}

static PyObject *py_count_columns(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *words, *counts, *out, *result = NULL;
    Held held = {.n = 0};
    Rows rows;
    Py_ssize_t step, n;
    if (!PyArg_ParseTuple(args, "OOnO", &words, &counts, &step, &out)) return NULL;
    if (!take_rows(&held, words, counts, "rows", &rows)) goto done;
    uint32_t *columns = take(&held, out, "columns", U32, 1, 1, &n);
    if (!columns || step < 1 || n != rows.width * 64) {
        if (columns) complain("columns: not one a position, or no step");
        goto done;
    }
    if (step > rows.n) step = rows.n > 0 ? rows.n : 1; /* the first row alone; 64 steps must not overflow */
    Py_BEGIN_ALLOW_THREADS
    count_columns(&rows, step, columns);
    Py_END_ALLOW_THREADS
    result = Py_NewRef(Py_None);
done:
    release(&held);
    return result;
}

/* args of both searches: left (words, counts, order), right (words, counts, slices, order), rarest, missing, need,
   diagonal */
static int take_search(Held *held, PyObject *args, Search *s) {
    PyObject *left, *right, *words, *counts, *order, *right_words, *right_counts, *bits, *right_order;
    PyObject *rarest, *missing, *need;
    Py_ssize_t n, n_missing, n_need;
    long long diagonal;
    if (!PyTuple_Check(args)) return complain("search: not a tuple");
    if (!PyArg_ParseTuple(args, "OOOOOL", &left, &right, &rarest, &missing, &need, &diagonal)) return 0;
    /* tuples alone hold what they are made of: another sequence may make its items anew, and they are gone at once */
    if (!PyTuple_Check(left) || !PyTuple_Check(right)) return complain("search: a side is not a tuple");
    if (!PyArg_ParseTuple(left, "OOO", &words, &counts, &order)) return 0;
    if (!PyArg_ParseTuple(right, "OOOO", &right_words, &right_counts, &bits, &right_order)) return 0;
    s->diagonal = diagonal < -INT32_MAX ? -(int64_t)INT32_MAX : diagonal > INT32_MAX ? INT32_MAX : diagonal;
    if (!take_rows(held, words, counts, "left", &s->left)) return 0;
    if (!take_rows(held, right_words, right_counts, "right", &s->right)) return 0;
    if (!take_slices(held, bits, right_order, &s->right, &s->slices)) return 0;
    s->order = take_own(held, order, "order", I32, 1, &n);
    if (!s->order || !within(s->order, n, s->left.n, "order")) return 0;
    s->n_order = n;
    s->rarest = take_own(held, rarest, "rarest", U32, 1, &n);
    if (!s->rarest || !within((const int32_t *)s->rarest, n, s->slices.positions, "rarest")) return 0;
    s->missing = take_own(held, missing, "missing", F32, 1, &n_missing);
    s->need = s->missing ? take_own(held, need, "need", U32, 1, &n_need) : NULL;
    if (!s->need) return 0;
    if (s->left.width != s->right.width || n != s->slices.positions || n_missing != n)
        return complain("left, right and positions differ in width");
    if ((int64_t)most_bits(&s->left) + most_bits(&s->right) >= n_need) return complain("need: shorter than the counts ask");
    return 1;
}

static PyObject *answer(int64_t status) {
    return status == NO_MEMORY ? PyErr_NoMemory() : PyLong_FromLongLong(status);
}

static PyObject *py_overlaps(PyObject *self, PyObject *args) {
    (void)self;
    const char *name;
    PyObject *search, *row, *column, *overlap, *result = NULL;
    Held held = {.n = 0};
    Search s;
    Found found;
    Py_ssize_t room[3];
    if (!PyArg_ParseTuple(args, "sOpOOO", &name, &search, &s.itself, &row, &column, &overlap)) return NULL;
    const Kernel *kernel = kernel_named(name);
    if (!kernel || !take_search(&held, search, &s)) goto done;
    if (s.itself && (s.n_order != s.slices.n || memcmp(s.order, s.slices.order, (size_t)s.n_order * sizeof *s.order))) {
        complain("itself: left and right are not in one order");
        goto done;
    }
    if (!(found.row = take(&held, row, "row", I32, 1, 1, &room[0])) ||
        !(found.column = take(&held, column, "column", I32, 1, 1, &room[1])) ||
        !(found.overlap = take(&held, overlap, "overlap", U32, 1, 1, &room[2])))
        goto done;
    found.room = room[0] < room[1] ? room[0] : room[1];
    if (room[2] < found.room) found.room = room[2];
    int64_t status;
    Py_BEGIN_ALLOW_THREADS
    status = kernel->overlaps(&s, &found);
    Py_END_ALLOW_THREADS
    result = answer(status);
done:
    release(&held);
    return result;
}

static PyObject *py_best(PyObject *self, PyObject *args) {
    (void)self;
    const char *name;
    PyObject *search, *column, *overlap, *result = NULL;
    Held held = {.n = 0};
    Search s;
    Best best;
    Py_ssize_t shape[2], other[2];
    if (!PyArg_ParseTuple(args, "sOpOO", &name, &search, &best.by_difference, &column, &overlap)) return NULL;
    const Kernel *kernel = kernel_named(name);
    if (!kernel || !take_search(&held, search, &s)) goto done;
    if (!(best.column = take(&held, column, "column", I32, 2, 1, shape)) ||
        !(best.overlap = take(&held, overlap, "overlap", U32, 2, 1, other)))
        goto done;
    best.k = shape[1];
    if (shape[0] != s.left.n || other[0] != shape[0] || other[1] != shape[1] || best.k < 1) {
        complain("best: not (left rows, k)");
        goto done;
    }
    for (Py_ssize_t i = 0; i < shape[0] * shape[1]; i++) best.column[i] = -1;
    int64_t status;
    Py_BEGIN_ALLOW_THREADS
    status = kernel->best(&s, &best);
    Py_END_ALLOW_THREADS
    result = answer(status);
done:
    release(&held);
    return result;
}

/* histograms(level, plan, which, cells): which (n, 3) int64 low and high accumulator and size of the low one; cells a
   tuple of arrays that are added to */
static PyObject *py_histograms(PyObject *self, PyObject *args) {
    (void)self;
    const char *name;
    PyObject *plan, *which, *cells, *result = NULL;
    Held held = {.n = 0};
    Fields f = {0};
    Histograms h = {0};
    int64_t highest[ACCUMULATORS] = {0};
    Py_ssize_t shape[2], n;
    if (!PyArg_ParseTuple(args, "sOOO", &name, &plan, &which, &cells)) return NULL;
    const Kernel *kernel = kernel_named(name);
    if (!kernel || !take_fields(&held, plan, &f, highest, 0)) goto done;
    const int64_t *rows = take_own(&held, which, "which", I64, 2, shape);
    if (!rows) goto done;
    if (shape[0] < 1 || shape[0] > 8 || shape[1] != 3 || !PyTuple_Check(cells) || PyTuple_Size(cells) != shape[0]) {
        complain("histograms: 1 to 8, each with its cells");
        goto done;
    }
    if ((double)f.left[0].n * (double)f.right[0].n >= 4294967296.0) {
        complain("histograms: as many pairs as a cell cannot count");
        goto done;
    }
    h.n = (int32_t)shape[0];
    uint32_t used = 0; /* one that no outcome adds to is never set */
    for (int i = 0; i < f.n_outcomes; i++) used |= 1u << f.outcomes[i].accumulator;
    for (int i = 0; i < h.n; i++, rows += 3) {
        h.cells[i] = take(&held, PyTuple_GetItem(cells, i), "cells", U32, 1, 1, &n);
        if (!h.cells[i]) goto done;
        if (rows[0] < 0 || rows[0] >= ACCUMULATORS || rows[1] < -1 || rows[1] >= ACCUMULATORS || rows[2] < 1 || rows[2] > n ||
            !(used >> rows[0] & 1) || (rows[1] >= 0 && !(used >> rows[1] & 1)) || highest[rows[0]] > 65535 ||
            (rows[1] >= 0 && highest[rows[1]] > 65535) || highest[rows[0]] + (rows[1] < 0 ? 0 : rows[2] * highest[rows[1]]) >= n) {
            complain("histograms: too few cells");
            goto done;
        }
        h.size[i] = n;
        h.low[i] = (int32_t)rows[0];
        h.high[i] = (int32_t)rows[1];
        h.low_size[i] = (int32_t)rows[2];
    }
    int64_t status;
    Py_BEGIN_ALLOW_THREADS
    status = kernel->histograms(&f, &h);
    Py_END_ALLOW_THREADS
    result = answer(status);
done:
    drop_fields(&f);
    release(&held);
    return result;
}

static PyObject *py_heavy(PyObject *self, PyObject *args) {
    (void)self;
    const char *name;
    PyObject *plan, *row, *column, *weight, *result = NULL;
    Held held = {.n = 0};
    Fields f = {0};
    Heavy found;
    int64_t highest[ACCUMULATORS] = {0};
    int bound;
    Py_ssize_t room[3];
    if (!PyArg_ParseTuple(args, "sOiOOO", &name, &plan, &bound, &row, &column, &weight)) return NULL;
    const Kernel *kernel = kernel_named(name);
    if (!kernel || !take_fields(&held, plan, &f, highest, 1)) goto done;
    if (!(found.row = take(&held, row, "row", I32, 1, 1, &room[0])) ||
        !(found.column = take(&held, column, "column", I32, 1, 1, &room[1])) ||
        !(found.weight = take(&held, weight, "weight", I32, 1, 1, &room[2])))
        goto done;
    found.room = room[0] < room[1] ? room[0] : room[1];
    if (room[2] < found.room) found.room = room[2];
    int64_t status;
    Py_BEGIN_ALLOW_THREADS
    status = kernel->heavy(&f, bound, &found);
    Py_END_ALLOW_THREADS
    result = answer(status);
done:
    drop_fields(&f);
    release(&held);
    return result;
}

static PyObject *py_pair_overlaps(PyObject *self, PyObject *args) {
    (void)self;
    const char *name;
    PyObject *own, *other, *words, *counts, *right_words, *right_counts, *rows, *columns, *out, *result = NULL;
    Held held = {.n = 0};
    Rows left, right;
    Py_ssize_t n[3];
    if (!PyArg_ParseTuple(args, "sOOOOO", &name, &own, &other, &rows, &columns, &out)) return NULL;
    if (!PyTuple_Check(own) || !PyTuple_Check(other)) {
        complain("pairs: a side is not a tuple");
        return NULL;
    }
    if (!PyArg_ParseTuple(own, "OO", &words, &counts) || !PyArg_ParseTuple(other, "OO", &right_words, &right_counts))
        return NULL;
    const Kernel *kernel = kernel_named(name);
    if (!kernel || !take_rows(&held, words, counts, "left", &left) ||
        !take_rows(&held, right_words, right_counts, "right", &right))
        goto done;
    const int32_t *row = take_own(&held, rows, "rows", I32, 1, &n[0]);
    const int32_t *column = row ? take_own(&held, columns, "columns", I32, 1, &n[1]) : NULL;
    uint32_t *overlap = column ? take(&held, out, "overlap", U32, 1, 1, &n[2]) : NULL;
    if (!overlap || !within(row, n[0], left.n, "rows") || !within(column, n[1], right.n, "columns")) goto done;
    if (n[0] != n[1] || n[0] != n[2] || left.width != right.width) {
        complain("rows, columns and overlap differ in length, or the sides in width");
        goto done;
    }
    Py_BEGIN_ALLOW_THREADS
    kernel->pair_overlaps(&left, &right, row, column, n[0], overlap);
    Py_END_ALLOW_THREADS
    result = Py_NewRef(Py_None);
done:
    release(&held);
    return result;
}

static PyMethodDef methods[] = {
    {"levels", py_levels, METH_NOARGS, "Names of the instruction sets this processor can run, best first."},
    {"slice_rows", py_slice_rows, METH_VARARGS, "Rows in an order, as bit slices."},
    {"count_columns", py_count_columns, METH_VARARGS, "How many of every so many rows have each bit."},
    {"overlaps", py_overlaps, METH_VARARGS, "Pairs that reach the overlap they need; how many, or -1 for no room."},
    {"best", py_best, METH_VARARGS, "The best right rows of each left row."},
    {"histograms", py_histograms, METH_VARARGS, "How many pairs have which levels."},
    {"heavy", py_heavy, METH_VARARGS, "Pairs whose weight reaches a bound; how many, or -1 for no room."},
    {"pair_overlaps", py_pair_overlaps, METH_VARARGS, "Shared bits of listed pairs."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
#ifdef Py_GIL_DISABLED
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, .m_name = "_compiled", .m_methods = methods, .m_slots = slots};

PyMODINIT_FUNC PyInit__compiled(void) { return PyModuleDef_Init(&module); }
