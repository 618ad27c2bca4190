/* Rows and their slices from Python, checked before anything is read. */
#ifndef LINKAGE_BUFFERS_H
#define LINKAGE_BUFFERS_H

#include "../../arrays/arrays.h"
#include "kernel.h"

int take_rows(Held *held, PyObject *words, PyObject *counts, const char *name, Rows *rows);
int take_slices(Held *held, PyObject *bits, PyObject *order, const Rows *rows, Slices *slices);

/* whether all are in [0, end); else an exception */
int within(const int32_t *items, Py_ssize_t n, int64_t end, const char *name);
uint32_t most_bits(const Rows *rows);
const Kernel *kernel_named(const char *name);

#endif
