/* The compiled kernel as Python sees it. compiled.py makes the arrays and documents the calls; here every array is
   checked and the interpreter's lock released. */
#include "arrays.h"
#include "tokens.h"

static PyObject *refused(const char *message) {
    PyErr_SetString(PyExc_ValueError, message);
    return NULL;
}

static PyObject *py_levels(PyObject *self, PyObject *nothing) {
    (void)self, (void)nothing;
    PyObject *names = PyList_New(0);
    for (const char *const *level = lane_levels(); names && *level; level++) {
        PyObject *name = PyUnicode_FromString(*level);
        if (!name || PyList_Append(names, name)) Py_CLEAR(names);
        Py_XDECREF(name);
    }
    return names;
}

static PyObject *py_record_ids(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *offsets, *bytes, *out, *result = NULL;
    const char *level, *key, *prefix;
    Py_ssize_t n_key, n_prefix, shape[2];
    Texts texts;
    Holding held = {.n = 0};
    int done = 0;
    if (!PyArg_ParseTuple(args, "sy#y#OOO", &level, &key, &n_key, &prefix, &n_prefix, &offsets, &bytes, &out)) return NULL;
    if (!hold_texts(&held, offsets, bytes, &texts)) goto end;
    uint8_t *ids = hold(&held, out, "out", BYTES, 2, 1, shape);
    if (!ids) goto end;
    if (shape[0] != texts.n || shape[1] != ID_BYTES) {
        refused("out: not an id for each text");
        goto end;
    }
    Py_BEGIN_ALLOW_THREADS
    done = record_ids(level, (const uint8_t *)key, (size_t)n_key, (const uint8_t *)prefix, (size_t)n_prefix, texts.offsets,
                      texts.bytes, texts.n, ids);
    Py_END_ALLOW_THREADS
    result = done ? Py_NewRef(Py_None) : refused("not a level of this processor, or a key beyond 64 bytes");
end:
    let_go(&held);
    return result;
}

/* (slots, hashes, ends, bytes, n, seed) */
static int hold_store(Holding *held, PyObject *parts, Store *store) {
    PyObject *slots, *hashes, *ends, *bytes;
    Py_ssize_t n_ends;
    unsigned long long seed;
    if (!PyTuple_Check(parts)) return refused("store: not a tuple") != NULL;
    if (!PyArg_ParseTuple(parts, "OOOOnK", &slots, &hashes, &ends, &bytes, &store->n, &seed)) return 0;
    store->seed = seed;
    if (!(store->slots = hold(held, slots, "slots", INT64, 1, 1, &store->n_slots))) return 0;
    if (!(store->hashes = hold(held, hashes, "hashes", UINT64, 1, 1, &store->room))) return 0;
    if (!(store->ends = hold(held, ends, "ends", INT64, 1, 1, &n_ends))) return 0;
    if (!(store->bytes = hold(held, bytes, "store", BYTES, 1, 1, &store->n_bytes))) return 0;
    if (store->n_slots < 2 || store->n_slots & (store->n_slots - 1) || n_ends != store->room + 1 || store->n < 0 ||
        store->n > store->room || store->room > INT32_MAX)
        return refused("store: its arrays do not fit each other") != NULL;
    Py_ssize_t taken = 0;
    int32_t last = -1;
    for (Py_ssize_t i = 0; i < store->n_slots; i++) {
        const int32_t number = store->slots[i] < 0 ? -1 : (int32_t)(store->slots[i] & INT32_MAX);
        taken += store->slots[i] >= 0;
        last = number > last ? number : last;
    }
    if (2 * taken > store->n_slots || last >= store->n)
        return refused("store: no free slots, or one beyond its texts") != NULL;
    for (Py_ssize_t i = 0; i <= store->n; i++)
        if (store->ends[i] < (i ? store->ends[i - 1] : 0) || store->ends[i] > store->n_bytes)
            return refused("store: ends beyond its bytes") != NULL;
    return 1;
}

#define AT_ONCE 32

/* the row reached: the store has no room for its text. Some rows at a time: hashes first, then what the slots say,
   then the texts, so that the memory of each step has come when it is needed */
static Py_ssize_t number_texts(Store *store, const Texts *texts, const uint8_t *valid, Py_ssize_t row, int32_t *codes) {
    uint64_t hashes[AT_ONCE];
    for (; row < texts->n; row += AT_ONCE) {
        const int n = texts->n - row < AT_ONCE ? (int)(texts->n - row) : AT_ONCE;
        const int32_t *at = texts->offsets + row;
        for (int i = 0; i < n; i++) {
            hashes[i] = text_hash(texts->bytes + at[i], (size_t)(at[i + 1] - at[i]), store->seed);
            SOON(&store->slots[hashes[i] & ((uint64_t)store->n_slots - 1)]);
        }
        for (int i = 0; i < n; i++) {
            const int64_t slot = store->slots[hashes[i] & ((uint64_t)store->n_slots - 1)];
            if (slot >= 0) SOON(&store->ends[slot & INT32_MAX]);
        }
        for (int i = 0; i < n; i++) {
            codes[row + i] = -1;
            if (valid && !valid[row + i]) continue;
            codes[row + i] = numbered(store, texts->bytes + at[i], (size_t)(at[i + 1] - at[i]), hashes[i]);
            if (codes[row + i] == FULL) return row + i;
        }
    }
    return texts->n;
}

static PyObject *py_number_texts(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *offsets, *bytes, *valid, *parts, *out, *result = NULL;
    Py_ssize_t row, n_valid, n_out;
    Texts texts;
    Store store;
    Holding held = {.n = 0};
    if (!PyArg_ParseTuple(args, "OOOnOO", &offsets, &bytes, &valid, &row, &parts, &out)) return NULL;
    if (!hold_texts(&held, offsets, bytes, &texts) || !hold_store(&held, parts, &store)) goto end;
    const uint8_t *is_valid = hold(&held, valid, "valid", BYTES, 1, 0, &n_valid);
    if (!is_valid) goto end;
    int32_t *codes = hold(&held, out, "out", INT32, 1, 1, &n_out);
    if (!codes) goto end;
    if (n_out != texts.n || (n_valid && n_valid != texts.n) || row < 0) {
        refused("out or valid: not an item for each text");
        goto end;
    }
    Py_BEGIN_ALLOW_THREADS
    row = number_texts(&store, &texts, n_valid ? is_valid : NULL, row, codes);
    Py_END_ALLOW_THREADS
    result = Py_BuildValue("nn", row, store.n);
end:
    let_go(&held);
    return result;
}

static PyObject *py_place(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *hashes, *slots, *result = NULL;
    Py_ssize_t n, room, n_slots;
    Holding held = {.n = 0};
    if (!PyArg_ParseTuple(args, "OnO", &hashes, &n, &slots)) return NULL;
    const uint64_t *hash = hold(&held, hashes, "hashes", UINT64, 1, 0, &room);
    if (!hash) goto end;
    int64_t *slot = hold(&held, slots, "slots", INT64, 1, 1, &n_slots);
    if (!slot) goto end;
    if (n < 0 || n > room || n > INT32_MAX || n_slots < 2 || n_slots & (n_slots - 1) || n > n_slots / 2) {
        refused("place: sizes that do not fit each other");
        goto end;
    }
    Py_BEGIN_ALLOW_THREADS
    memset(slot, 0xff, sizeof *slot * (size_t)n_slots);
    for (Py_ssize_t i = 0; i < n; i++) {
        uint64_t at = hash[i] & ((uint64_t)n_slots - 1);
        while (slot[at] >= 0) at = (at + 1) & ((uint64_t)n_slots - 1);
        slot[at] = slot_of(hash[i], (int32_t)i);
    }
    Py_END_ALLOW_THREADS
    result = Py_NewRef(Py_None);
end:
    let_go(&held);
    return result;
}

static PyObject *py_set_tokens(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *offsets, *bytes, *parts, *positions, *out, *result = NULL;
    const char *key;
    Py_ssize_t row, n_key, shape[2], width[2];
    int kind, number, bits, done = DONE;
    Texts texts;
    Tokeniser tokeniser;
    Holding held = {.n = 0};
    if (!PyArg_ParseTuple(args, "OOniiiy#OOO", &offsets, &bytes, &row, &kind, &number, &bits, &key, &n_key, &parts,
                          &positions, &out))
        return NULL;
    if (!hold_texts(&held, offsets, bytes, &texts) || !hold_store(&held, parts, &tokeniser.store)) goto end;
    if (!(tokeniser.positions = hold(&held, positions, "positions", UINT32, 2, 1, shape))) goto end;
    uint8_t *rows = hold(&held, out, "out", BYTES, 2, 1, width);
    if (!rows) goto end;
    if (n_key != BLAKE_KEY || shape[0] != tokeniser.store.room || shape[1] < 1 || shape[1] > 16 * MOST_BLAKES || bits < 1 ||
        width[1] > INT32_MAX / 8 || bits > 8 * width[1] || width[0] != texts.n || row < 0 || number < 0 || number > 64 ||
        (number < 1 && (kind == QGRAMS || kind == POSITIONAL_QGRAMS))) {
        refused("set_tokens: sizes that do not fit each other");
        goto end;
    }
    tokeniser.hashes = (int)shape[1];
    tokeniser.bits = bits;
    for (Py_ssize_t i = 0; i < tokeniser.store.n * shape[1]; i++)
        if (tokeniser.positions[i] >= (uint32_t)bits) {
            refused("positions: beyond the filter");
            goto end;
        }
    Py_BEGIN_ALLOW_THREADS
    blakes_keyed(&tokeniser.blakes, (const uint8_t *)key, (tokeniser.hashes + 15) / 16);
    for (; row < texts.n; row++) {
        const int32_t at = texts.offsets[row];
        tokeniser.row = rows + row * width[1];
        done = set_tokens(&tokeniser, kind, number, texts.bytes + at, (size_t)(texts.offsets[row + 1] - at));
        if (done != DONE) break;
    }
    wipe(&tokeniser.blakes, sizeof tokeniser.blakes);
    Py_END_ALLOW_THREADS
    result = done == NO_VALUE ? refused("set_tokens: not a cleaned value") : Py_BuildValue("nn", row, tokeniser.store.n);
end:
    let_go(&held);
    return result;
}

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
static Py_ssize_t hold_parts(Holding *held, PyObject *list, Part parts[MOST_PARTS], Py_ssize_t width) {
    const Py_ssize_t n = PyList_Check(list) ? PyList_Size(list) : -1;
    if (n < 0 || n > MOST_PARTS) return refused("parts: a list of at most 64"), -1;
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *rows, *index, *item = PyList_GetItem(list, i);
        Part *part = &parts[i];
        Py_ssize_t shape[2];
        if (!item || !PyTuple_Check(item)) return refused("parts: not tuples"), -1;
        if (!PyArg_ParseTuple(item, "OO", &rows, &index)) return -1;
        if (!(part->rows = hold(held, rows, "rows", BYTES, 2, 0, shape))) return -1;
        if (!(part->index = hold(held, index, "index", INT32, 1, 0, &part->n))) return -1;
        part->stride = shape[1];
        if (shape[1] < width) return refused("rows: narrower than what is made of them"), -1;
        for (Py_ssize_t row = 0; row < part->n; row++)
            if (part->index[row] < -1 || part->index[row] >= shape[0]) return refused("index: beyond the rows"), -1;
    }
    return n;
}

static PyObject *py_or_rows(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *list, *out, *result = NULL;
    Part parts[MOST_PARTS];
    Py_ssize_t offset, width, shape[2];
    int keep;
    Holding held = {.n = 0};
    if (!PyArg_ParseTuple(args, "OOnnp", &list, &out, &offset, &width, &keep)) return NULL;
    uint8_t *rows = hold(&held, out, "out", BYTES, 2, 1, shape);
    if (!rows) goto end;
    if (offset < 0 || width < 0 || offset > shape[1] || width > shape[1] - offset) {
        refused("out: narrower than what goes there");
        goto end;
    }
    const Py_ssize_t n = hold_parts(&held, list, parts, width);
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
    let_go(&held);
    return result;
}

static PyObject *py_gather(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *list, *blocks, *rows, *out, *result = NULL;
    const uint8_t *from[MOST_PARTS];
    Py_ssize_t offset, n_block, n_row, n_of[MOST_PARTS], stride = 0, shape[2];
    Holding held = {.n = 0};
    if (!PyArg_ParseTuple(args, "OnOOO", &list, &offset, &blocks, &rows, &out)) return NULL;
    uint8_t *made = hold(&held, out, "out", BYTES, 2, 1, shape);
    if (!made) goto end;
    const Py_ssize_t width = shape[1], n = shape[0], n_from = PyList_Check(list) ? PyList_Size(list) : -1;
    int wrong = n_from < 0 || n_from > MOST_PARTS;
    for (Py_ssize_t i = 0; i < n_from && !wrong; i++) {
        PyObject *item = PyList_GetItem(list, i);
        if (!item || !(from[i] = hold(&held, item, "block", BYTES, 2, 0, shape))) goto end;
        n_of[i] = shape[0];
        wrong = (i && shape[1] != stride) || offset < 0 || offset > shape[1] || width > shape[1] - offset;
        stride = shape[1];
    }
    const int32_t *block = hold(&held, blocks, "blocks", INT32, 1, 0, &n_block);
    if (!block) goto end;
    const int32_t *row = hold(&held, rows, "rows", INT32, 1, 0, &n_row);
    if (!row) goto end;
    wrong |= n_block != n || n_row != n;
    for (Py_ssize_t i = 0; i < n && !wrong; i++)
        wrong = block[i] < 0 || block[i] >= n_from || row[i] < 0 || row[i] >= n_of[block[i]];
    if (wrong) {
        refused("gather: sizes that do not fit each other, or a row beyond its block");
        goto end;
    }
    Py_BEGIN_ALLOW_THREADS
    for (Py_ssize_t i = 0; i < n; i++) {
        if (i + AHEAD < n) SOON(from[block[i + AHEAD]] + row[i + AHEAD] * stride + offset);
        memcpy(made + i * width, from[block[i]] + row[i] * stride + offset, (size_t)width);
    }
    Py_END_ALLOW_THREADS
    result = Py_NewRef(Py_None);
end:
    let_go(&held);
    return result;
}

static PyObject *py_or_lists(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *from, *items, *first, *out, *result = NULL;
    Py_ssize_t shape[2], n_items, n_first, made[2];
    Holding held = {.n = 0};
    if (!PyArg_ParseTuple(args, "OOOO", &from, &items, &first, &out)) return NULL;
    const uint8_t *rows = hold(&held, from, "rows", BYTES, 2, 0, shape);
    if (!rows) goto end;
    const int64_t *item = hold(&held, items, "items", INT64, 1, 0, &n_items);
    if (!item) goto end;
    const int64_t *ends = hold(&held, first, "first", INT64, 1, 0, &n_first);
    if (!ends) goto end;
    uint8_t *into = hold(&held, out, "out", BYTES, 2, 1, made);
    if (!into) goto end;
    int wrong = n_first < 1 || made[0] != n_first - 1 || made[1] != shape[1] || ends[0] < 0 || ends[n_first - 1] > n_items;
    for (Py_ssize_t i = 1; i < n_first && !wrong; i++) wrong = ends[i] < ends[i - 1];
    for (Py_ssize_t i = 0; i < n_items && !wrong; i++) wrong = item[i] < 0 || item[i] >= shape[0];
    if (wrong) {
        refused("or_lists: sizes that do not fit each other, or an item beyond the rows");
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
    let_go(&held);
    return result;
}

static PyMethodDef methods[] = {
    {"levels", py_levels, METH_NOARGS, "Names of the widths of registers this processor has, best first."},
    {"record_ids", py_record_ids, METH_VARARGS, "HMAC-SHA256 of texts, cut to an id."},
    {"number_texts", py_number_texts, METH_VARARGS, "Texts as their numbers in a store; the row reached, texts stored."},
    {"place", py_place, METH_VARARGS, "A larger table of slots for the same hashes."},
    {"set_tokens", py_set_tokens, METH_VARARGS, "The filters of values; the row reached, tokens stored."},
    {"or_rows", py_or_rows, METH_VARARGS, "Each row the OR of one row of each part."},
    {"gather", py_gather, METH_VARARGS, "Some bytes of listed rows of several blocks."},
    {"or_lists", py_or_lists, METH_VARARGS, "Each row the OR of a list of rows."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
#ifdef Py_GIL_DISABLED
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, .m_name = "_compiled", .m_methods = methods, .m_slots = slots};

PyMODINIT_FUNC PyInit__compiled(void) { return PyModuleDef_Init(&module); }
