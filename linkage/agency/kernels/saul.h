/* The call of the extension that makes rows of SAUL. */
#ifndef LINKAGE_AGENCY_SAUL_H
#define LINKAGE_AGENCY_SAUL_H

#include "../../arrays/arrays.h"

PyObject *py_majorities(PyObject *self, PyObject *args);

#endif
