/* Arrays from Python, by the buffer protocol of the stable ABI, checked before anything is read. */
#ifndef LINKAGE_BUFFERS_H
#define LINKAGE_BUFFERS_H

#if !defined(Py_GIL_DISABLED) && !defined(Py_LIMITED_API)
#define Py_LIMITED_API 0x030b0000
#endif
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "kernel.h"

#define MOST_BUFFERS 256

/* what a call holds; `release` gives all of it back */
typedef struct {
    Py_buffer views[MOST_BUFFERS];
    int n;
} Held;

/* kinds of items, named as NumPy does */
enum { U8 = 'B', U16 = 'H', I16 = 'h', U32 = 'I', I32 = 'i', U64 = 'Q', I64 = 'q', F32 = 'f' };

/* the items of a C-contiguous array of so many axes, its lengths in `shape`; NULL with an exception set */
void *take(Held *held, PyObject *from, const char *name, int kind, int axes, int writable, Py_ssize_t *shape);
void release(Held *held);

int take_rows(Held *held, PyObject *words, PyObject *counts, const char *name, Rows *rows);
int take_slices(Held *held, PyObject *bits, PyObject *order, const Rows *rows, Slices *slices);

/* whether all are in [0, end); else an exception */
int within(const int32_t *items, Py_ssize_t n, int64_t end, const char *name);
uint32_t most_bits(const Rows *rows);
const Kernel *kernel_named(const char *name);
int complain(const char *message); /* ValueError; 0 */

#endif
