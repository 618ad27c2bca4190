/* The calls of the extension that know nothing of texts or keys. */
#ifndef LINKAGE_AGENCY_ROWS_H
#define LINKAGE_AGENCY_ROWS_H

#include "../../arrays/arrays.h"

PyObject *py_or_rows(PyObject *self, PyObject *args);
PyObject *py_gather(PyObject *self, PyObject *args);
PyObject *py_hex_digits(PyObject *self, PyObject *args);
PyObject *py_or_lists(PyObject *self, PyObject *args);

#endif
