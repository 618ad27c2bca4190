/* Rows of bytes, joined and put in order: see the package's docstring. */
#include "rows.h"

#include "store.h"

static void or_into(uint8_t *into, const uint8_t *from, size_t n) {
    uint64_t one, other;
    for (; n >= 8; n -= 8, into += 8, from += 8) {
        memcpy(&one, into, 8);
        memcpy(&other, from, 8);
        one |= other;
        memcpy(into, &one, 8);
    }
    while (n--) *into++ |= *from++;
}

#define MOST_PARTS 64
#define AHEAD 16

typedef struct {
    const uint8_t *rows;
    const int32_t *index;
    Py_ssize_t n, stride;
} Part;

/* how many parts are in the list; -1 with an exception */
static Py_ssize_t take_parts(Held *held, PyObject *list, Part parts[MOST_PARTS], Py_ssize_t width) {
    const Py_ssize_t n = PyList_Check(list) ? PyList_Size(list) : -1;
    if (n < 0 || n > MOST_PARTS) return complain("parts: a list of at most 64"), -1;
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *rows, *index, *item = PyList_GetItem(list, i);
        Part *part = &parts[i];
        Py_ssize_t shape[2];
        if (!item || !PyTuple_Check(item)) return complain("parts: not tuples"), -1;
        if (!PyArg_ParseTuple(item, "OO", &rows, &index)) return -1;
        if (!(part->rows = take(held, rows, "rows", U8, 2, 0, shape))) return -1;
        if (!(part->index = take_own(held, index, "index", I32, 1, &part->n))) return -1;
        part->stride = shape[1];
        if (shape[1] < width) return complain("rows: narrower than what is made of them"), -1;
        for (Py_ssize_t row = 0; row < part->n; row++)
            if (part->index[row] < -1 || part->index[row] >= shape[0]) return complain("index: beyond the rows"), -1;
    }
    return n;
}

PyObject *py_or_rows(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *list, *out, *result = NULL;
    Part parts[MOST_PARTS];
    Py_ssize_t offset, width, shape[2];
    int keep;
    Held held = {.n = 0};
    if (!PyArg_ParseTuple(args, "OOnnp", &list, &out, &offset, &width, &keep)) return NULL;
    uint8_t *rows = take(&held, out, "out", U8, 2, 1, shape);
    if (!rows) goto end;
    if (offset < 0 || width < 0 || offset > shape[1] || width > shape[1] - offset) {
        complain("out: narrower than what goes there");
        goto end;
    }
    const Py_ssize_t n = take_parts(&held, list, parts, width);
    if (n < 0) goto end;
    Py_BEGIN_ALLOW_THREADS
    for (Py_ssize_t row = 0; row < shape[0]; row++) {
        uint8_t *into = rows + row * shape[1] + offset;
        int begun = keep;
        for (Py_ssize_t i = 0; i < n; i++) {
            const Part *part = &parts[i];
            if (row + AHEAD < part->n && part->index[row + AHEAD] >= 0)
                for (Py_ssize_t at = 0; at < width && at < 256; at += 64)
                    SOON(part->rows + (Py_ssize_t)part->index[row + AHEAD] * part->stride + at);
            if (row >= part->n || part->index[row] < 0) continue;
            const uint8_t *from = part->rows + (Py_ssize_t)part->index[row] * part->stride;
            if (begun)
                or_into(into, from, (size_t)width);
            else
                memcpy(into, from, (size_t)width);
            begun = 1;
        }
        if (!begun) memset(into, 0, (size_t)width);
    }
    Py_END_ALLOW_THREADS
    result = Py_NewRef(Py_None);
end:
    release(&held);
    return result;
}

/* where some bytes of each row go */
typedef struct {
    uint8_t *rows;
    Py_ssize_t offset, width;
} Target;

/* how many targets of n rows are in the list; -1 with an exception */
static Py_ssize_t take_targets(Held *held, PyObject *list, Target targets[MOST_PARTS], Py_ssize_t n, Py_ssize_t stride) {
    const Py_ssize_t count = PyList_Check(list) ? PyList_Size(list) : -1;
    if (count < 0 || count > MOST_PARTS) return complain("outs: a list of at most 64"), -1;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *out, *item = PyList_GetItem(list, i);
        Py_ssize_t shape[2];
        if (!item || !PyTuple_Check(item)) return complain("outs: not tuples"), -1;
        if (!PyArg_ParseTuple(item, "nO", &targets[i].offset, &out)) return -1;
        if (!(targets[i].rows = take(held, out, "out", U8, 2, 1, shape))) return -1;
        targets[i].width = shape[1];
        if (shape[0] != n || targets[i].offset < 0 || targets[i].offset > stride || shape[1] > stride - targets[i].offset)
            return complain("out: not a row for each, or wider than what is taken"), -1;
    }
    return count;
}

/* all of a row at once: it is far from the one before */
PyObject *py_gather(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *list, *blocks, *rows, *outs, *result = NULL;
    const uint8_t *from[MOST_PARTS];
    Target targets[MOST_PARTS];
    Py_ssize_t n, n_row, n_of[MOST_PARTS], stride = 0, shape[2];
    Held held = {.n = 0};
    if (!PyArg_ParseTuple(args, "OOOO", &list, &blocks, &rows, &outs)) return NULL;
    const Py_ssize_t n_from = PyList_Check(list) ? PyList_Size(list) : -1;
    int wrong = n_from < 0 || n_from > MOST_PARTS;
    for (Py_ssize_t i = 0; i < n_from && !wrong; i++) {
        PyObject *item = PyList_GetItem(list, i);
        if (!item || !(from[i] = take(&held, item, "block", U8, 2, 0, shape))) goto end;
        n_of[i] = shape[0];
        wrong = i && shape[1] != stride;
        stride = shape[1];
    }
    const int32_t *block = take_own(&held, blocks, "blocks", I32, 1, &n);
    if (!block) goto end;
    const int32_t *row = take_own(&held, rows, "rows", I32, 1, &n_row);
    if (!row) goto end;
    wrong |= n_row != n;
    for (Py_ssize_t i = 0; i < n && !wrong; i++)
        wrong = block[i] < 0 || block[i] >= n_from || row[i] < 0 || row[i] >= n_of[block[i]];
    if (wrong) {
        complain("gather: sizes that do not fit each other, or a row beyond its block");
        goto end;
    }
    const Py_ssize_t count = take_targets(&held, outs, targets, n, stride);
    if (count < 0) goto end;
    Py_BEGIN_ALLOW_THREADS
    for (Py_ssize_t i = 0; i < n; i++) {
        if (i + AHEAD < n)
            for (Py_ssize_t at = 0; at < stride && at < 512; at += 64)
                SOON(from[block[i + AHEAD]] + row[i + AHEAD] * stride + at);
        const uint8_t *taken = from[block[i]] + row[i] * stride;
        for (Py_ssize_t j = 0; j < count; j++)
            memcpy(targets[j].rows + i * targets[j].width, taken + targets[j].offset, (size_t)targets[j].width);
    }
    Py_END_ALLOW_THREADS
    result = Py_NewRef(Py_None);
end:
    release(&held);
    return result;
}

/* four bytes as eight digits in hexadecimal: a digit to each byte of a word, all at once */
static void digits_of(uint32_t number, uint8_t out[8]) {
    uint64_t word = number;
    word = (word << 16 | word) & 0x0000ffff0000ffff;
    word = (word << 8 | word) & 0x00ff00ff00ff00ff;
    word = (word << 4 | word) & 0x0f0f0f0f0f0f0f0f;
    const uint64_t is_letter = (word + 0x0606060606060606) >> 4 & 0x0101010101010101;
    word += 0x3030303030303030 + is_letter * ('a' - '0' - 10);
    for (int i = 0; i < 8; i++) out[i] = (uint8_t)(word >> (56 - 8 * i));
}

PyObject *py_hex_digits(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *numbers, *out, *result = NULL;
    Py_ssize_t n, n_out;
    Held held = {.n = 0};
    if (!PyArg_ParseTuple(args, "OO", &numbers, &out)) return NULL;
    const uint64_t *number = take(&held, numbers, "numbers", U64, 1, 0, &n);
    if (!number) goto end;
    uint8_t *digits = take(&held, out, "out", U8, 1, 1, &n_out);
    if (!digits) goto end;
    if (n_out / 16 != n || n_out % 16) {
        complain("out: not 16 digits for each number");
        goto end;
    }
    Py_BEGIN_ALLOW_THREADS
    for (Py_ssize_t i = 0; i < n; i++) {
        digits_of((uint32_t)(number[i] >> 32), digits + 16 * i);
        digits_of((uint32_t)number[i], digits + 16 * i + 8);
    }
    Py_END_ALLOW_THREADS
    result = Py_NewRef(Py_None);
end:
    release(&held);
    return result;
}

PyObject *py_or_lists(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *from, *items, *first, *out, *result = NULL;
    Py_ssize_t shape[2], n_items, n_first, made[2];
    Held held = {.n = 0};
    if (!PyArg_ParseTuple(args, "OOOO", &from, &items, &first, &out)) return NULL;
    const uint8_t *rows = take(&held, from, "rows", U8, 2, 0, shape);
    if (!rows) goto end;
    const int64_t *item = take_own(&held, items, "items", I64, 1, &n_items);
    if (!item) goto end;
    const int64_t *ends = take_own(&held, first, "first", I64, 1, &n_first);
    if (!ends) goto end;
    uint8_t *into = take(&held, out, "out", U8, 2, 1, made);
    if (!into) goto end;
    int wrong = n_first < 1 || made[0] != n_first - 1 || made[1] != shape[1] || ends[0] < 0 || ends[n_first - 1] > n_items;
    for (Py_ssize_t i = 1; i < n_first && !wrong; i++) wrong = ends[i] < ends[i - 1];
    for (Py_ssize_t i = 0; i < n_items && !wrong; i++) wrong = item[i] < 0 || item[i] >= shape[0];
    if (wrong) {
        complain("or_lists: sizes that do not fit each other, or an item beyond the rows");
        goto end;
    }
    Py_BEGIN_ALLOW_THREADS
    for (Py_ssize_t row = 0; row < made[0]; row++) {
        uint8_t *target = into + row * made[1];
        memset(target, 0, (size_t)made[1]);
        for (int64_t i = ends[row]; i < ends[row + 1]; i++) or_into(target, rows + item[i] * made[1], (size_t)made[1]);
    }
    Py_END_ALLOW_THREADS
    result = Py_NewRef(Py_None);
end:
    release(&held);
    return result;
}
