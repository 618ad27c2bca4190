/* A comparison plan from Python, checked. */
#ifndef LINKAGE_FIELDS_H
#define LINKAGE_FIELDS_H

#include "buffers.h"

/* the plan, its arrays (in `held`), and the structures made for it; `drop_fields` frees those */
int take_fields(Held *held, PyObject *plan, Fields *fields, int64_t *cells_of, int weighted);
void drop_fields(Fields *fields);

#endif
