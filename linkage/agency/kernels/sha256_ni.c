/* SHA-256 (FIPS 180-4, section 6.2.2) by the processor's own instructions, of two messages side by side: each of the
   instructions waits for the one before it, and the other message's run meanwhile. */
#include "sha256.h"

#include <immintrin.h>

#define EVEN(x, y) _mm_castps_si128(_mm_shuffle_ps(_mm_castsi128_ps(x), _mm_castsi128_ps(y), _MM_SHUFFLE(2, 0, 2, 0)))
#define ODD(x, y) _mm_castps_si128(_mm_shuffle_ps(_mm_castsi128_ps(x), _mm_castsi128_ps(y), _MM_SHUFFLE(3, 1, 3, 1)))
#define TURNED(x) _mm_shuffle_epi32(x, _MM_SHUFFLE(0, 1, 2, 3)) /* the instructions have a state's first word highest */
#define HALVES_SWAPPED(x) _mm_shuffle_epi32(x, _MM_SHUFFLE(1, 0, 3, 2))

typedef struct {
    __m128i abef, cdgh;
} State;

static inline State four_rounds(State s, __m128i words, __m128i constants) {
    const __m128i sum = _mm_add_epi32(words, constants);
    s.cdgh = _mm_sha256rnds2_epu32(s.cdgh, s.abef, sum);
    s.abef = _mm_sha256rnds2_epu32(s.abef, s.cdgh, HALVES_SWAPPED(sum));
    return s;
}

/* words 16 to 19 after 0 to 15 */
static inline __m128i next_words(const __m128i w[4], int first) {
    const __m128i late = w[(first + 3) & 3];
    const __m128i early = _mm_sha256msg1_epu32(w[first], w[(first + 1) & 3]);
    return _mm_sha256msg2_epu32(_mm_add_epi32(early, _mm_alignr_epi8(late, w[(first + 2) & 3], 4)), late);
}

static inline __m128i loaded(const uint32_t *from) { return _mm_loadu_si128((const __m128i *)from); }

static inline void stored(uint32_t *to, __m128i words) { _mm_storeu_si128((__m128i *)to, words); }

void compress_sha_ni(uint32_t *state, const uint32_t *block) {
    const __m128i ab = loaded(state), cd = loaded(state + 4), ef = loaded(state + 8), gh = loaded(state + 12);
    const State one_before = {TURNED(EVEN(ab, ef)), TURNED(EVEN(cd, gh))};
    const State two_before = {TURNED(ODD(ab, ef)), TURNED(ODD(cd, gh))};
    State one = one_before, two = two_before;
    __m128i w[4], v[4];
    for (int i = 0; i < 4; i++) {
        const __m128i low = loaded(block + 8 * i), high = loaded(block + 8 * i + 4), constants = loaded(ROUND + 4 * i);
        w[i] = EVEN(low, high);
        v[i] = ODD(low, high);
        one = four_rounds(one, w[i], constants);
        two = four_rounds(two, v[i], constants);
    }
    for (int round = 16; round < 64; round += 16)
        for (int i = 0; i < 4; i++) {
            const __m128i constants = loaded(ROUND + round + 4 * i);
            w[i] = next_words(w, i);
            v[i] = next_words(v, i);
            one = four_rounds(one, w[i], constants);
            two = four_rounds(two, v[i], constants);
        }
    one.abef = _mm_add_epi32(one.abef, one_before.abef), one.cdgh = _mm_add_epi32(one.cdgh, one_before.cdgh);
    two.abef = _mm_add_epi32(two.abef, two_before.abef), two.cdgh = _mm_add_epi32(two.cdgh, two_before.cdgh);
    stored(state, HALVES_SWAPPED(_mm_unpackhi_epi32(one.abef, two.abef)));
    stored(state + 4, HALVES_SWAPPED(_mm_unpackhi_epi32(one.cdgh, two.cdgh)));
    stored(state + 8, HALVES_SWAPPED(_mm_unpacklo_epi32(one.abef, two.abef)));
    stored(state + 12, HALVES_SWAPPED(_mm_unpacklo_epi32(one.cdgh, two.cdgh)));
}
