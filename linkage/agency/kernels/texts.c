/* Texts from Python: see texts.h. */
#include "texts.h"

int take_texts(Held *held, PyObject *offsets, PyObject *bytes, int own, Texts *texts) {
    Py_ssize_t n, n_bytes;
    texts->offsets = take_own(held, offsets, "offsets", I32, 1, &n);
    if (!texts->offsets) return 0;
    texts->bytes = own ? take_own(held, bytes, "bytes", U8, 1, &n_bytes) : take(held, bytes, "bytes", U8, 1, 0, &n_bytes);
    if (!texts->bytes) return 0;
    texts->n = n - 1;
    texts->end = texts->bytes + n_bytes;
    int wrong = n < 1 || texts->offsets[0] < 0 || texts->offsets[n - 1] > n_bytes;
    for (Py_ssize_t i = 1; i < n && !wrong; i++) wrong = texts->offsets[i] < texts->offsets[i - 1];
    return wrong ? complain("offsets: must ascend within the bytes") : 1;
}
