/* The two keyed hashes of the encoding, for many short texts at once. */
#ifndef LINKAGE_AGENCY_HASHES_H
#define LINKAGE_AGENCY_HASHES_H

#include <stddef.h>
#include <stdint.h>

#define ID_BYTES 16
#define BLAKE_KEY 64
#define MOST_BLAKES 16

/* names of the widths of registers that this processor has, best first; ends with NULL */
const char *const *lane_levels(void);

/* 64-bit words in the registers of that level; 0 if this processor has no such level */
int register_words(const char *level);

/* the first ID_BYTES of HMAC-SHA256 (RFC 2104) of prefix, length of the text in 8 bytes, text; 0 if no such level */
int record_ids(const char *level, const uint8_t *key, size_t n_key, const uint8_t *prefix, size_t n_prefix,
               const int32_t *offsets, const uint8_t *bytes, ptrdiff_t n, uint8_t *out);

/* keyed BLAKE2b-512 (RFC 7693) with the salts 0, 1, ... in two bytes, high one first: the states after the key */
typedef struct {
    uint64_t states[MOST_BLAKES][8];
    int n;
} Blakes;

void blakes_keyed(Blakes *blakes, const uint8_t key[BLAKE_KEY], int n);
void blake(const Blakes *blakes, int which, const uint8_t *text, size_t n, uint8_t digest[64]);

/* overwrites a secret; no compiler may leave it out */
void wipe(void *secret, size_t n);

#endif
