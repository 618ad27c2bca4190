/* Texts from Python, as Arrow has them, checked before anything is read. */
#ifndef LINKAGE_AGENCY_TEXTS_H
#define LINKAGE_AGENCY_TEXTS_H

#include "../../arrays/arrays.h"

/* one after the other: text i is bytes[offsets[i]] to bytes[offsets[i + 1]] */
typedef struct {
    const int32_t *offsets;
    const uint8_t *bytes;
    Py_ssize_t n;
    const uint8_t *end; /* of the bytes */
} Texts;

/* 0 with an exception set if the offsets fall or leave the bytes. `own`: the bytes are parsed, so that a letter which
   another thread makes a longer one meanwhile would lead beyond its text */
int take_texts(Held *held, PyObject *offsets, PyObject *bytes, int own, Texts *texts);

#endif
