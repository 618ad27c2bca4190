/* Distinct texts and their numbers, in arrays that the caller makes larger when they are full. */
#ifndef LINKAGE_AGENCY_STORE_H
#define LINKAGE_AGENCY_STORE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Another thread may write into the arrays while they are in use, and a caller may have filled them with anything: what
   is read from them is held against their lengths before it is followed. */
typedef struct {
    int64_t *slots; /* a power of two of them: the hash's upper half and the number of a text, or -1 */
    ptrdiff_t n_slots;
    uint64_t *hashes; /* of each text */
    int64_t *ends;    /* text i is bytes[ends[i]] to bytes[ends[i + 1]] */
    ptrdiff_t room;   /* texts */
    uint8_t *bytes;
    ptrdiff_t n_bytes;
    ptrdiff_t n; /* texts so far */
    uint64_t seed;
} Store;

#define FULL (-1)

/* asks for memory that is needed soon; tables are larger than a core's cache */
#if defined(__GNUC__) || defined(__clang__)
#define SOON(address) __builtin_prefetch(address)
#else
#define SOON(address) ((void)(address))
#endif

/* the first 8 bytes of a text, or all n of them, as a number, the first lowest. Bytes up to `end` may be read: most texts
   are short, and of no known length, so nothing here depends on it but at the end of the memory */
static inline uint64_t word_of(const uint8_t *text, size_t n, const uint8_t *end) {
    const uint16_t one = 1;
    uint64_t word = 0;
    if (*(const uint8_t *)&one && end - text >= 8) {
        memcpy(&word, text, 8);
        return n ? word & ~(uint64_t)0 >> (n < 8 ? 64 - 8 * n : 0) : 0;
    }
    for (size_t i = 0; i < n && i < 8; i++) word |= (uint64_t)text[i] << (8 * i);
    return word;
}

/* seeded anew for each call of `encode`, so that no one can prepare texts that all fall into one slot */
static inline uint64_t text_hash(const uint8_t *text, size_t n, const uint8_t *end, uint64_t seed) {
    const uint64_t by = 0x9e3779b97f4a7c15;
    uint64_t hash = seed ^ (n * by);
    for (; n > 8; n -= 8, text += 8) {
        hash = (hash ^ word_of(text, 8, end)) * by;
        hash ^= hash >> 29;
    }
    hash = (hash ^ word_of(text, n, end) ^ seed >> 7) * by;
    hash ^= hash >> 32;
    return hash * by ^ hash >> 27;
}

static inline int64_t slot_of(uint64_t hash, int32_t number) {
    return (int64_t)(hash >> 33 << 32 | (uint32_t)number); /* never negative */
}

static inline int is_text(const Store *store, ptrdiff_t number, const uint8_t *text, size_t n, const uint8_t *end) {
    if (number < 0 || number >= store->n) return 0;
    const int64_t start = store->ends[number], stop = store->ends[number + 1];
    if (start < 0 || stop < start || stop > store->n_bytes || stop - start != (int64_t)n) return 0;
    const uint8_t *held = store->bytes + start, *held_end = store->bytes + store->n_bytes;
    for (; n > 8; n -= 8, text += 8, held += 8)
        if (word_of(text, 8, end) != word_of(held, 8, held_end)) return 0;
    return word_of(text, n, end) == word_of(held, n, held_end);
}

/* the number of a text, which may lie in the store's own free bytes; FULL if it is new and there is no room */
static inline int32_t numbered(Store *store, const uint8_t *text, size_t n, const uint8_t *end, uint64_t hash) {
    const uint64_t mask = (uint64_t)store->n_slots - 1;
    uint64_t slot = hash & mask, tried = 0;
    for (; store->slots[slot] >= 0; slot = (slot + 1) & mask) {
        if (tried++ > mask) return FULL; /* without a free slot, which there was when the call began */
        if ((store->slots[slot] ^ slot_of(hash, 0)) >> 32) continue;
        const int32_t found = (int32_t)store->slots[slot];
        if (is_text(store, found, text, n, end)) return found;
    }
    const int64_t start = store->ends[store->n];
    if (start < 0 || store->n >= store->room || 2 * (store->n + 1) > store->n_slots || (int64_t)n > store->n_bytes - start)
        return FULL;
    memmove(store->bytes + start, text, n);
    store->hashes[store->n] = hash;
    store->ends[store->n + 1] = start + (int64_t)n;
    store->slots[slot] = slot_of(hash, (int32_t)store->n);
    return (int32_t)store->n++;
}

#endif
