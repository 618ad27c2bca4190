/* The compiled kernel as Python sees it. compiled.py makes the arrays and documents the calls; here every array is
   checked and the interpreter's lock released. */
#include "rows.h"
#include "saul.h"
#include "texts.h"
#include "tokens.h"

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
    Held held = {.n = 0};
    int done = 0;
    if (!PyArg_ParseTuple(args, "sy#y#OOO", &level, &key, &n_key, &prefix, &n_prefix, &offsets, &bytes, &out)) return NULL;
    if (!take_texts(&held, offsets, bytes, 0, &texts)) goto end;
    uint8_t *ids = take(&held, out, "out", U8, 2, 1, shape);
    if (!ids) goto end;
    if (shape[0] != texts.n || shape[1] != ID_BYTES) {
        complain("out: not an id for each text");
        goto end;
    }
    Py_BEGIN_ALLOW_THREADS
    done = record_ids(level, (const uint8_t *)key, (size_t)n_key, (const uint8_t *)prefix, (size_t)n_prefix, texts.offsets,
                      texts.bytes, texts.n, ids);
    Py_END_ALLOW_THREADS
    if (done)
        result = Py_NewRef(Py_None);
    else
        complain("not a level of this processor, or a key beyond 64 bytes");
end:
    release(&held);
    return result;
}

/* these look at all of a store in each call: without a branch, so that several items are looked at in one step */
static int slots_fit(const Store *store) {
    int64_t free_slots = 0, beyond = 0;
    for (ptrdiff_t i = 0; i < store->n_slots; i++) {
        const int64_t slot = store->slots[i], is_free = slot >> 63;
        free_slots -= is_free;
        beyond |= (store->n - 1 - (slot & INT32_MAX)) & ~is_free;
    }
    return 2 * free_slots >= store->n_slots && beyond >= 0;
}

static int ends_fit(const Store *store) {
    uint64_t wrong = (uint64_t)store->ends[0] | ((uint64_t)store->n_bytes - (uint64_t)store->ends[store->n]);
    for (ptrdiff_t i = 1; i <= store->n; i++) /* negative itself, or less than the one before */
        wrong |= (uint64_t)store->ends[i] | ((uint64_t)store->ends[i] - (uint64_t)store->ends[i - 1]);
    return !(wrong >> 63);
}

/* (slots, hashes, ends, bytes, n, seed) */
static int take_store(Held *held, PyObject *parts, Store *store) {
    PyObject *slots, *hashes, *ends, *bytes;
    Py_ssize_t n_ends;
    unsigned long long seed;
    if (!PyTuple_Check(parts)) return complain("store: not a tuple");
    if (!PyArg_ParseTuple(parts, "OOOOnK", &slots, &hashes, &ends, &bytes, &store->n, &seed)) return 0;
    store->seed = seed;
    if (!(store->slots = take(held, slots, "slots", I64, 1, 1, &store->n_slots))) return 0;
    if (!(store->hashes = take(held, hashes, "hashes", U64, 1, 1, &store->room))) return 0;
    if (!(store->ends = take(held, ends, "ends", I64, 1, 1, &n_ends))) return 0;
    if (!(store->bytes = take(held, bytes, "store", U8, 1, 1, &store->n_bytes))) return 0;
    if (store->n_slots < 2 || store->n_slots & (store->n_slots - 1) || n_ends != store->room + 1 || store->n < 0 ||
        store->n > store->room || store->room > INT32_MAX)
        return complain("store: its arrays do not fit each other");
    if (!slots_fit(store)) return complain("store: no free slots, or one beyond its texts");
    if (!ends_fit(store)) return complain("store: ends beyond its bytes");
    return 1;
}

#define AT_ONCE 32

/* the row reached: the store has no room for its text. Some rows at a time: hashes first, then what the slots say,
   then the texts, so that the memory of each step has come when it is needed */
static Py_ssize_t number_texts(Store *store, const Texts *texts, const uint8_t *valid, Py_ssize_t row, int32_t *codes) {
    uint64_t hashes[AT_ONCE];
    int64_t numbers[AT_ONCE];
    for (; row < texts->n; row += AT_ONCE) {
        const int n = texts->n - row < AT_ONCE ? (int)(texts->n - row) : AT_ONCE;
        const int32_t *at = texts->offsets + row;
        for (int i = 0; i < n; i++) {
            hashes[i] = text_hash(texts->bytes + at[i], (size_t)(at[i + 1] - at[i]), texts->end, store->seed);
            SOON(&store->slots[hashes[i] & ((uint64_t)store->n_slots - 1)]);
        }
        for (int i = 0; i < n; i++) {
            const int64_t slot = store->slots[hashes[i] & ((uint64_t)store->n_slots - 1)];
            numbers[i] = slot >= 0 && (slot & INT32_MAX) < store->n ? slot & INT32_MAX : 0;
            SOON(&store->ends[numbers[i]]);
        }
        for (int i = 0; i < n; i++) SOON((const void *)((uintptr_t)store->bytes + (uintptr_t)store->ends[numbers[i]]));
        for (int i = 0; i < n; i++) {
            codes[row + i] = -1;
            if (valid && !valid[row + i]) continue;
            codes[row + i] = numbered(store, texts->bytes + at[i], (size_t)(at[i + 1] - at[i]), texts->end, hashes[i]);
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
    Held held = {.n = 0};
    if (!PyArg_ParseTuple(args, "OOOnOO", &offsets, &bytes, &valid, &row, &parts, &out)) return NULL;
    if (!take_texts(&held, offsets, bytes, 0, &texts) || !take_store(&held, parts, &store)) goto end;
    const uint8_t *is_valid = take(&held, valid, "valid", U8, 1, 0, &n_valid);
    if (!is_valid) goto end;
    int32_t *codes = take(&held, out, "out", I32, 1, 1, &n_out);
    if (!codes) goto end;
    if (n_out != texts.n || (n_valid && n_valid != texts.n) || row < 0) {
        complain("out or valid: not an item for each text");
        goto end;
    }
    Py_BEGIN_ALLOW_THREADS
    row = number_texts(&store, &texts, n_valid ? is_valid : NULL, row, codes);
    Py_END_ALLOW_THREADS
    result = Py_BuildValue("nn", row, store.n);
end:
    release(&held);
    return result;
}

static PyObject *py_place(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *hashes, *slots, *result = NULL;
    Py_ssize_t n, room, n_slots;
    Held held = {.n = 0};
    if (!PyArg_ParseTuple(args, "OnO", &hashes, &n, &slots)) return NULL;
    const uint64_t *hash = take(&held, hashes, "hashes", U64, 1, 0, &room);
    if (!hash) goto end;
    int64_t *slot = take(&held, slots, "slots", I64, 1, 1, &n_slots);
    if (!slot) goto end;
    if (n < 0 || n > room || n > INT32_MAX || n_slots < 2 || n_slots & (n_slots - 1) || n > n_slots / 2) {
        complain("place: sizes that do not fit each other");
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
    release(&held);
    return result;
}

static PyObject *py_set_tokens(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *offsets, *bytes, *parts, *positions, *out, *result = NULL;
    const char *key;
    Py_ssize_t row, n_key, shared, shape[2], width[2];
    int kind, number, bits, done = DONE;
    Texts texts;
    Tokeniser tokeniser;
    Held held = {.n = 0};
    if (!PyArg_ParseTuple(args, "OOniiiny#OOO", &offsets, &bytes, &row, &kind, &number, &bits, &shared, &key, &n_key, &parts,
                          &positions, &out))
        return NULL;
    if (!take_texts(&held, offsets, bytes, 1, &texts) || !take_store(&held, parts, &tokeniser.store)) goto end;
    if (!(tokeniser.positions = take(&held, positions, "positions", U32, 2, 1, shape))) goto end;
    uint8_t *rows = take(&held, out, "out", U8, 2, 1, width);
    if (!rows) goto end;
    if (n_key != BLAKE_KEY || shape[0] != tokeniser.store.room || shape[1] < 1 || shape[1] > 16 * MOST_BLAKES || bits < 1 ||
        width[1] > INT32_MAX / 8 || bits > 8 * width[1] || width[0] != texts.n || row < 0 || number < 0 || number > 64 ||
        shared < 0 || shared > 1 << 20 ||
        (number < 1 && (kind == QGRAMS || kind == POSITIONAL_QGRAMS))) {
        complain("set_tokens: sizes that do not fit each other");
        goto end;
    }
    tokeniser.hashes = (int)shape[1];
    tokeniser.bits = bits;
    tokeniser.shared = shared;
    uint32_t highest = 0;
    for (Py_ssize_t i = 0; i < tokeniser.store.n * shape[1]; i++)
        highest = tokeniser.positions[i] > highest ? tokeniser.positions[i] : highest;
    if (highest >= (uint32_t)bits) {
        complain("positions: beyond the filter");
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
    if (done == NO_VALUE)
        complain("set_tokens: not a cleaned value");
    else
        result = Py_BuildValue("nn", row, tokeniser.store.n);
end:
    release(&held);
    return result;
}

static PyMethodDef methods[] = {
    {"levels", py_levels, METH_NOARGS, "Names of the widths of registers this processor has, best first."},
    {"record_ids", py_record_ids, METH_VARARGS, "HMAC-SHA256 of texts, cut to an id."},
    {"number_texts", py_number_texts, METH_VARARGS, "Texts as their numbers in a store; the row reached, texts stored."},
    {"place", py_place, METH_VARARGS, "A larger table of slots for the same hashes."},
    {"set_tokens", py_set_tokens, METH_VARARGS, "The filters of values; the row reached, tokens stored."},
    {"or_rows", py_or_rows, METH_VARARGS, "Each row the OR of one row of each part."},
    {"gather", py_gather, METH_VARARGS, "Some bytes of listed rows of several blocks, into several arrays."},
    {"hex_digits", py_hex_digits, METH_VARARGS, "Numbers as 16 digits each."},
    {"or_lists", py_or_lists, METH_VARARGS, "Each row the OR of a list of rows."},
    {"majorities", py_majorities, METH_VARARGS, "Each row the exclusive or of majorities over the votes of its tokens."},
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
