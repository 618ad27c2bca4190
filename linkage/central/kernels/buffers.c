/* Arrays from Python: see buffers.h. */
#include "buffers.h"

#include <string.h>

int complain(const char *message) {
    PyErr_SetString(PyExc_ValueError, message);
    return 0;
}

void release(Held *held) {
    while (held->n) PyBuffer_Release(&held->views[--held->n]);
}

static int is_kind(const Py_buffer *view, int kind) {
    static const struct {
        char kind, *formats;
        Py_ssize_t size;
    } known[] = {{U8, "B", 1},  {U16, "H", 2},  {I16, "h", 2},  {U32, "IL", 4},
                 {I32, "il", 4}, {U64, "LQ", 8}, {I64, "lq", 8}, {F32, "f", 4}};
    const char *format = view->format ? view->format : "B";
    if (*format == '@' || *format == '=') format++;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].kind == kind)
            return view->itemsize == known[i].size && format[0] && !format[1] && strchr(known[i].formats, format[0]);
    return 0;
}

void *take(Held *held, PyObject *from, const char *name, int kind, int axes, int writable, Py_ssize_t *shape) {
    static uint64_t nothing[LINE]; /* an empty array may have no address */
    if (held->n == MOST_BUFFERS) {
        PyErr_SetString(PyExc_ValueError, "too many arrays");
        return NULL;
    }
    Py_buffer *view = &held->views[held->n];
    if (PyObject_GetBuffer(from, view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0))) return NULL;
    held->n++;
    if (view->ndim != axes || !is_kind(view, kind) || (uintptr_t)view->buf % (size_t)view->itemsize) {
        PyErr_Format(PyExc_TypeError, "%s: not an aligned array of %d axes and items of kind '%c'", name, axes, kind);
        return NULL;
    }
    for (int axis = 0; axis < axes; axis++) shape[axis] = view->shape[axis];
    return view->buf ? view->buf : nothing;
}

int take_rows(Held *held, PyObject *words, PyObject *counts, const char *name, Rows *rows) {
    Py_ssize_t shape[2], n;
    rows->words = take(held, words, name, U64, 2, 0, shape);
    if (!rows->words) return 0;
    rows->counts = take(held, counts, name, U32, 1, 0, &n);
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
    slices->order = take(held, order, "order", I32, 1, 0, &n);
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
