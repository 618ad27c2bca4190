/* Record ids: HMAC-SHA256 of many texts under one key, several at a time. */
#include "hashes.h"
#include "sha256.h"

#include <string.h>

#if defined(LINKAGE_X86) && defined(_MSC_VER)
#include <intrin.h>
#elif defined(LINKAGE_X86)
#include <cpuid.h>
#endif

#define MOST_LANES 16

const uint32_t ROUND[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static const uint32_t START[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                  0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

#define LANES 1
#define COMPRESS compress_1
#define TARGET
#include "lanes.h"

#if defined(__GNUC__) || defined(__clang__)
#define LANES 4 /* every processor of 64 bits has registers of four words */
#define COMPRESS compress_4
#define TARGET
#include "lanes.h"
#if defined(__x86_64__) && !defined(_MSC_VER) /* clang-cl does not link what __builtin_cpu_supports reads */
#define WIDE
#define LANES 8
#define COMPRESS compress_8
#define TARGET __attribute__((target("avx2")))
#include "lanes.h"
#define LANES 16
#define COMPRESS compress_16
#define TARGET __attribute__((target("avx512f")))
#include "lanes.h"
#endif
#endif

typedef struct {
    const char *name;
    int lanes;
    void (*compress)(uint32_t *state, const uint32_t *block); /* word i of message l at [i * lanes + l] */
} Level;

static const Level LEVELS[] = {
#ifdef WIDE
    {"avx512", 16, compress_16},
#endif
#ifdef LINKAGE_X86
    {"sha_ni", 2, compress_sha_ni},
#endif
#ifdef WIDE
    {"avx2", 8, compress_8},
#endif
#if defined(__GNUC__) || defined(__clang__)
    {"generic", 4, compress_4},
#endif
    {"single", 1, compress_1},
};

#define N_LEVELS (int)(sizeof LEVELS / sizeof *LEVELS)

#ifdef LINKAGE_X86
/* SHA, SSSE3 and SSE4.1: __builtin_cpu_supports knows the first in new compilers only */
static int has_sha_ni(void) {
#ifdef _MSC_VER
    int one[4], seven[4];
    __cpuid(one, 0);
    if (one[0] < 7) return 0;
    __cpuidex(one, 1, 0);
    __cpuidex(seven, 7, 0);
    const int old = one[2], new = seven[1];
#else
    unsigned a, c, d, old, new;
    if (!__get_cpuid(1, &a, &new, &old, &d) || !__get_cpuid_count(7, 0, &a, &new, &c, &d)) return 0;
#endif
    return old >> 9 & old >> 19 & new >> 29 & 1;
}
#endif

static int runs(const Level *level) {
#ifdef LINKAGE_X86
    if (level->compress == compress_sha_ni) return has_sha_ni();
#endif
#ifdef WIDE
    if (level->lanes == 16) return __builtin_cpu_supports("avx512f");
    if (level->lanes == 8) return __builtin_cpu_supports("avx2");
#endif
    return level->lanes > 0;
}

const char *const *lane_levels(void) {
    static const char *names[N_LEVELS + 1];
    int n = 0;
    for (int i = 0; i < N_LEVELS; i++)
        if (runs(&LEVELS[i])) names[n++] = LEVELS[i].name;
    return names;
}

int register_words(const char *level) {
    int lanes = 0;
    for (int i = 0; i < N_LEVELS; i++) {
        if (!runs(&LEVELS[i])) continue;
        if (!lanes) {
            if (strcmp(LEVELS[i].name, level)) continue;
            lanes = LEVELS[i].lanes;
        } else if (lanes == 2) /* instructions for one hash: any width will do, and those after it are by width */
            lanes = LEVELS[i].lanes;
    }
    return lanes > 1 ? lanes / 2 : lanes;
}

void wipe(void *secret, size_t n) {
    volatile uint8_t *bytes = secret;
    while (n--) *bytes++ = 0;
}

static uint32_t word_at(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void word_to(uint8_t out[4], uint32_t word) {
    for (int i = 0; i < 4; i++) out[i] = (uint8_t)(word >> (24 - 8 * i));
}

static void compress_bytes(uint32_t state[8], const uint8_t block[64]) {
    uint32_t words[16];
    for (int i = 0; i < 16; i++) words[i] = word_at(block + 4 * i);
    compress_1(state, words);
    wipe(words, sizeof words);
}

/* the two states that a key leaves behind: before the message, and before the message's digest */
static void keyed(const uint8_t *key, size_t n_key, uint32_t inner[8], uint32_t outer[8]) {
    uint8_t padded[64];
    memcpy(inner, START, sizeof START);
    memcpy(outer, START, sizeof START);
    for (int i = 0; i < 64; i++) padded[i] = ((size_t)i < n_key ? key[i] : 0) ^ 0x36;
    compress_bytes(inner, padded);
    for (int i = 0; i < 64; i++) padded[i] ^= 0x36 ^ 0x5c;
    compress_bytes(outer, padded);
    wipe(padded, sizeof padded);
}

/* prefix, length, text, and what SHA-256 pads with, behind the one block of the key */
typedef struct {
    const uint8_t *prefix, *text;
    uint64_t n_prefix, n_text;
} Message;

static uint64_t n_blocks(const Message *message) { return (message->n_prefix + 8 + message->n_text + 9 + 63) / 64; }

static void high_first(uint8_t out[8], uint64_t number) {
    for (int i = 0; i < 8; i++) out[i] = (uint8_t)(number >> (56 - 8 * i));
}

/* what of `part`, which begins `at` bytes into the message, falls into the block that begins at `from` */
static void lay(uint8_t block[64], uint64_t from, uint64_t at, const uint8_t *part, uint64_t n) {
    const uint64_t first = at > from ? at : from, last = at + n < from + 64 ? at + n : from + 64;
    if (first < last) memcpy(block + (first - from), part + (first - at), (size_t)(last - first));
}

/* block `which` of the message; `begun` is what all first blocks have: the prefix, then zero */
static void block_of(const Message *message, const uint8_t begun[64], uint64_t which, uint8_t block[64]) {
    static const uint8_t end = 0x80;
    const uint64_t from = 64 * which, text_at = message->n_prefix + 8, n = text_at + message->n_text;
    if (n_blocks(message) == 1) { /* most are, and then nothing has to be cut */
        memcpy(block, begun, 64);
        high_first(block + message->n_prefix, message->n_text);
        memcpy(block + text_at, message->text, (size_t)message->n_text);
        block[n] = end;
        high_first(block + 56, (n + 64) * 8);
        return;
    }
    uint8_t number[8];
    memset(block, 0, 64);
    lay(block, from, 0, message->prefix, message->n_prefix);
    high_first(number, message->n_text);
    lay(block, from, message->n_prefix, number, 8);
    lay(block, from, text_at, message->text, message->n_text);
    lay(block, from, n, &end, 1);
    high_first(number, (n + 64) * 8);
    lay(block, from, 64 * n_blocks(message) - 8, number, 8);
}

int record_ids(const char *level, const uint8_t *key, size_t n_key, const uint8_t *prefix, size_t n_prefix,
               const int32_t *offsets, const uint8_t *bytes, ptrdiff_t n, uint8_t *out) {
    const Level *chosen = NULL;
    for (int i = 0; i < N_LEVELS; i++)
        if (!strcmp(LEVELS[i].name, level) && runs(&LEVELS[i])) chosen = &LEVELS[i];
    if (!chosen || n_key > 64) return 0;
    const int lanes = chosen->lanes;
    uint32_t inner[8], outer[8], state[8 * MOST_LANES], kept[8 * MOST_LANES], words[16 * MOST_LANES];
    uint8_t block[64], begun[64] = {0};
    lay(begun, 0, 0, prefix, n_prefix);
    keyed(key, n_key, inner, outer);
    for (ptrdiff_t start = 0; start < n; start += lanes) {
        Message messages[MOST_LANES];
        uint64_t most = 0;
        for (int lane = 0; lane < lanes; lane++) {
            const ptrdiff_t row = start + lane < n ? start + lane : start; /* the last few: the first again */
            const int32_t at = offsets[row];
            messages[lane] = (Message){prefix, bytes + at, n_prefix, (uint64_t)(offsets[row + 1] - at)};
            if (n_blocks(&messages[lane]) > most) most = n_blocks(&messages[lane]);
            for (int i = 0; i < 8; i++) state[i * lanes + lane] = inner[i];
        }
        for (uint64_t which = 0; which < most; which++) {
            if (which) memcpy(kept, state, sizeof kept); /* all messages have a first block */
            for (int lane = 0; lane < lanes; lane++) {
                block_of(&messages[lane], begun, which, block);
                for (int i = 0; i < 16; i++) words[i * lanes + lane] = word_at(block + 4 * i);
            }
            chosen->compress(state, words);
            for (int lane = 0; lane < lanes; lane++) /* a shorter message was done before */
                if (which && which >= n_blocks(&messages[lane]))
                    for (int i = 0; i < 8; i++) state[i * lanes + lane] = kept[i * lanes + lane];
        }
        memcpy(words, state, sizeof(uint32_t) * 8 * (size_t)lanes);
        for (int lane = 0; lane < lanes; lane++) {
            words[8 * lanes + lane] = 0x80000000;
            for (int i = 9; i < 15; i++) words[i * lanes + lane] = 0;
            words[15 * lanes + lane] = (64 + 32) * 8;
            for (int i = 0; i < 8; i++) state[i * lanes + lane] = outer[i];
        }
        chosen->compress(state, words);
        for (int lane = 0; lane < lanes && start + lane < n; lane++)
            for (int i = 0; i < ID_BYTES / 4; i++)
                word_to(out + (start + lane) * ID_BYTES + 4 * i, state[i * lanes + lane]);
    }
    wipe(inner, sizeof inner);
    wipe(outer, sizeof outer);
    wipe(state, sizeof state);
    wipe(kept, sizeof kept);
    wipe(words, sizeof words);
    wipe(block, sizeof block);
    return 1;
}
