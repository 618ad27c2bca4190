/* Arrays from Python: see arrays.h. */
#include "arrays.h"

#include <stdlib.h>
#include <string.h>

int complain(const char *message) {
    PyErr_SetString(PyExc_ValueError, message);
    return 0;
}

void release(Held *held) {
    while (held->n) PyBuffer_Release(&held->views[--held->n]);
    while (held->n_own) free(held->own[--held->n_own]);
}

static int is_kind(const Py_buffer *view, int kind) {
    /* NumPy writes a type of C, and which of them has 64 bits differs by system */
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
    static uint64_t nothing[8]; /* an empty array may have no address */
    if (held->n == MOST_ARRAYS) {
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

void *take_own(Held *held, PyObject *from, const char *name, int kind, int axes, Py_ssize_t *shape) {
    const void *items = take(held, from, name, kind, axes, 0, shape);
    if (!items) return NULL;
    Py_buffer *view = &held->views[held->n - 1];
    if (held->n_own == MOST_ARRAYS) {
        PyErr_SetString(PyExc_ValueError, "too many arrays");
        return NULL;
    }
    void *own = malloc(view->len ? (size_t)view->len : 1);
    if (!own) return PyErr_NoMemory();
    held->own[held->n_own++] = own;
    memcpy(own, items, (size_t)view->len);
    PyBuffer_Release(view);
    held->n--;
    return own;
}
