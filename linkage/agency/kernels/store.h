/* Distinct texts and their numbers, in arrays that the caller makes larger when they are full. */
#ifndef LINKAGE_AGENCY_STORE_H
#define LINKAGE_AGENCY_STORE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

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

/* seeded anew for each call of `encode`, so that no one can prepare texts that all fall into one slot */
static inline uint64_t text_hash(const uint8_t *text, size_t n, uint64_t seed) {
    const uint64_t by = 0x9e3779b97f4a7c15;
    uint64_t hash = seed ^ (n * by), word;
    for (; n >= 8; n -= 8, text += 8) {
        memcpy(&word, text, 8);
        hash = (hash ^ word) * by;
        hash ^= hash >> 29;
    }
    word = 0;
    memcpy(&word, text, n);
    hash = (hash ^ word ^ seed >> 7) * by;
    hash ^= hash >> 32;
    return hash * by ^ hash >> 27;
}

static inline int64_t slot_of(uint64_t hash, int32_t number) {
    return (int64_t)(hash >> 33 << 32 | (uint32_t)number); /* never negative */
}

/* the number of a text, which may lie in the store's own free bytes; FULL if it is new and there is no room */
static inline int32_t numbered(Store *store, const uint8_t *text, size_t n, uint64_t hash) {
    const uint64_t mask = (uint64_t)store->n_slots - 1;
    uint64_t slot = hash & mask;
    for (; store->slots[slot] >= 0; slot = (slot + 1) & mask) {
        if ((store->slots[slot] ^ slot_of(hash, 0)) >> 32) continue;
        const int32_t found = (int32_t)store->slots[slot];
        const int64_t start = store->ends[found];
        if (store->ends[found + 1] - start == (int64_t)n && !memcmp(store->bytes + start, text, n)) return found;
    }
    const int64_t start = store->ends[store->n];
    if (store->n >= store->room || 2 * (store->n + 1) > store->n_slots || (int64_t)n > store->n_bytes - start)
        return FULL;
    memmove(store->bytes + start, text, n);
    store->hashes[store->n] = hash;
    store->ends[store->n + 1] = start + (int64_t)n;
    store->slots[slot] = slot_of(hash, (int32_t)store->n);
    return (int32_t)store->n++;
}

#endif
