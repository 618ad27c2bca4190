/* What the ways to compute SHA-256 share: see sha256.c. */
#ifndef LINKAGE_AGENCY_SHA256_H
#define LINKAGE_AGENCY_SHA256_H

#include <stdint.h>

/* FIPS 180-4, section 4.2.2 */
extern const uint32_t ROUND[64];

#ifdef LINKAGE_X86
/* one block of each of two messages: word i of message l is block[2 * i + l], and of its state, state[2 * i + l] */
void compress_sha_ni(uint32_t *state, const uint32_t *block);
#endif

#endif
