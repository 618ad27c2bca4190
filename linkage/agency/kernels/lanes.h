/* SHA-256 (FIPS 180-4, section 6.2.2) of several messages side by side: included once for each width of register, with
   LANES, COMPRESS and TARGET defined. A message is one item of a `Lane`, so every line does its step for all. */
#if LANES == 1
typedef uint32_t Lane1;
#define LANE Lane1
#elif LANES == 4
typedef uint32_t Lane4 __attribute__((vector_size(16)));
#define LANE Lane4
#elif LANES == 8
typedef uint32_t Lane8 __attribute__((vector_size(32)));
#define LANE Lane8
#else
typedef uint32_t Lane16 __attribute__((vector_size(64)));
#define LANE Lane16
#endif

#define TURN(x, by) ((x) >> (by) | (x) << (32 - (by)))

TARGET static void COMPRESS(uint32_t *state, const uint32_t *block) {
    LANE w[16], s[8];
    memcpy(w, block, sizeof w);
    memcpy(s, state, sizeof s);
    LANE a = s[0], b = s[1], c = s[2], d = s[3], e = s[4], f = s[5], g = s[6], h = s[7];
    for (int round = 0; round < 64; round += 16)
        for (int i = 0; i < 16; i++) {
            if (round) {
                const LANE early = w[(i + 1) & 15], late = w[(i + 14) & 15];
                w[i] += (TURN(early, 7) ^ TURN(early, 18) ^ early >> 3) + w[(i + 9) & 15] +
                        (TURN(late, 17) ^ TURN(late, 19) ^ late >> 10);
            }
            const LANE one = h + (TURN(e, 6) ^ TURN(e, 11) ^ TURN(e, 25)) + (g ^ (e & (f ^ g))) + ROUND[round + i] + w[i];
            const LANE two = (TURN(a, 2) ^ TURN(a, 13) ^ TURN(a, 22)) + ((a & b) | (c & (a | b)));
            h = g, g = f, f = e, e = d + one, d = c, c = b, b = a, a = one + two;
        }
    s[0] += a, s[1] += b, s[2] += c, s[3] += d, s[4] += e, s[5] += f, s[6] += g, s[7] += h;
    memcpy(state, s, sizeof s);
}

#undef TURN
#undef LANE
#undef LANES
#undef COMPRESS
#undef TARGET
