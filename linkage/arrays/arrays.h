/* Arrays from Python, by the buffer protocol of the stable ABI, checked before anything is read: compiled into both
   rooms' extensions. */
#ifndef LINKAGE_ARRAYS_H
#define LINKAGE_ARRAYS_H

#if !defined(Py_GIL_DISABLED) && !defined(Py_LIMITED_API)
#define Py_LIMITED_API 0x030b0000
#endif
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>

#define MOST_ARRAYS 256

/* what a call holds; `release` gives all of it back */
typedef struct {
    Py_buffer views[MOST_ARRAYS];
    void *own[MOST_ARRAYS];
    int n, n_own;
} Held;

/* kinds of items, named as NumPy does */
enum { U8 = 'B', U16 = 'H', I16 = 'h', U32 = 'I', I32 = 'i', U64 = 'Q', I64 = 'q', F32 = 'f' };

/* the items of a C-contiguous array of so many axes, its lengths in `shape`; NULL with an exception set */
void *take(Held *held, PyObject *from, const char *name, int kind, int axes, int writable, Py_ssize_t *shape);
/* the same as a copy that nobody else can change: for what is an index, a length or a bound. The lock is released while
   a kernel works, and then another thread may write into any array; what it writes among bits makes a wrong answer, what
   it writes among indices would be followed out of the arrays. */
void *take_own(Held *held, PyObject *from, const char *name, int kind, int axes, Py_ssize_t *shape);
void release(Held *held);

int complain(const char *message); /* ValueError; 0 */

#endif
