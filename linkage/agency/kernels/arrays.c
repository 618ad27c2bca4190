/* Arrays from Python: see arrays.h. */
#include "arrays.h"

#include <string.h>

void let_go(Holding *holding) {
    while (holding->n) PyBuffer_Release(&holding->views[--holding->n]);
}

/* NumPy writes a type of C, and which of them has 64 bits differs by system */
static int fits(const Py_buffer *view, int kind) {
    const char *format = view->format ? view->format : "B";
    const char *of_kind = kind == BYTES    ? "B"
                          : kind == INT32  ? "il"
                          : kind == UINT32 ? "IL"
                          : kind == INT64  ? "lq"
                                           : "LQ";
    const Py_ssize_t size = kind == BYTES ? 1 : kind == INT32 || kind == UINT32 ? 4 : 8;
    if (*format == '@' || *format == '=') format++;
    return view->itemsize == size && *format && !format[1] && strchr(of_kind, *format);
}

void *hold(Holding *holding, PyObject *array, const char *name, int kind, int axes, int writable, Py_ssize_t *shape) {
    static uint64_t nothing; /* an empty array may have no address */
    if (holding->n == MOST_HELD) {
        PyErr_SetString(PyExc_ValueError, "too many arrays in one call");
        return NULL;
    }
    Py_buffer *view = &holding->views[holding->n];
    if (PyObject_GetBuffer(array, view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0))) return NULL;
    holding->n++;
    if (view->ndim != axes || !fits(view, kind) || (uintptr_t)view->buf % (size_t)view->itemsize) {
        PyErr_Format(PyExc_TypeError, "%s: must be an aligned array of %d axes, of kind '%c'", name, axes, kind);
        return NULL;
    }
    for (int axis = 0; axis < axes; axis++) shape[axis] = view->shape[axis];
    return view->buf ? view->buf : &nothing;
}

int hold_texts(Holding *holding, PyObject *offsets, PyObject *bytes, Texts *texts) {
    Py_ssize_t n, n_bytes;
    texts->offsets = hold(holding, offsets, "offsets", INT32, 1, 0, &n);
    if (!texts->offsets) return 0;
    texts->bytes = hold(holding, bytes, "bytes", BYTES, 1, 0, &n_bytes);
    if (!texts->bytes) return 0;
    texts->n = n - 1;
    int wrong = n < 1 || texts->offsets[0] < 0 || texts->offsets[n - 1] > n_bytes;
    for (Py_ssize_t i = 1; i < n && !wrong; i++) wrong = texts->offsets[i] < texts->offsets[i - 1];
    if (wrong) PyErr_SetString(PyExc_ValueError, "offsets: must ascend within the bytes");
    return !wrong;
}
