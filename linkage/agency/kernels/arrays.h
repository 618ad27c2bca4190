/* Arrays from Python, by the buffer protocol of the stable ABI, checked before anything is read. */
#ifndef LINKAGE_AGENCY_ARRAYS_H
#define LINKAGE_AGENCY_ARRAYS_H

#ifndef Py_GIL_DISABLED
#define Py_LIMITED_API 0x030b0000
#endif
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>

#define MOST_HELD 140

/* what a call holds; `let_go` gives all of it back */
typedef struct {
    Py_buffer views[MOST_HELD];
    int n;
} Holding;

/* kinds of items, named as NumPy does */
enum { BYTES = 'B', INT32 = 'i', UINT32 = 'I', INT64 = 'q', UINT64 = 'Q' };

/* the items of a C-contiguous array of so many axes, its lengths in `shape`; NULL with an exception set */
void *hold(Holding *holding, PyObject *array, const char *name, int kind, int axes, int writable, Py_ssize_t *shape);
void let_go(Holding *holding);

/* texts one after the other, as Arrow has them: text i is bytes[offsets[i]] to bytes[offsets[i + 1]] */
typedef struct {
    const int32_t *offsets;
    const uint8_t *bytes;
    Py_ssize_t n;
} Texts;

/* 0 with an exception set if the offsets fall or leave the bytes */
int hold_texts(Holding *holding, PyObject *offsets, PyObject *bytes, Texts *texts);

#endif
