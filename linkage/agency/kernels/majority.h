/* Majorities of weighted votes, bit by bit, one line of bits at a time: included once for each width of register, with
   WIDTH (64-bit words), MAJORITY and TARGET defined.

   Votes are counted in planes, one binary digit of many counts in each (carry-save adders: Muła, Kurz and Lemire 2018,
   section 3). A field's votes are counted once and added as often as each counts, by the binary digits of that number. */
#if WIDTH == 1
typedef uint64_t Register1;
#define REGISTER Register1
#elif WIDTH == 2
typedef uint64_t Register2 __attribute__((vector_size(16)));
#define REGISTER Register2
#elif WIDTH == 4
typedef uint64_t Register4 __attribute__((vector_size(32)));
#define REGISTER Register4
#else
typedef uint64_t Register8 __attribute__((vector_size(64)));
#define REGISTER Register8
#endif

#define READ(into, from) memcpy(&(into), (from), sizeof(REGISTER))
/* sum += a + b; the carry is left in a */
#define ADD(sum, a, b)                                   \
    do {                                                 \
        const REGISTER b_ = (b), either = (sum) ^ (a);   \
        const REGISTER over = ((sum) & (a)) | (either & b_); \
        (sum) = either ^ b_;                             \
        (a) = over;                                      \
    } while (0)

/* one more of weight 4 in planes from 2 upwards */
#define RISE(plane, planes, bit)                                          \
    for (int k_ = 2; k_ < (planes); k_++) {                               \
        const REGISTER next = (plane)[k_] & (bit);                        \
        (plane)[k_] ^= (bit);                                             \
        (bit) = next;                                                     \
    }

TARGET static void MAJORITY(const Cast *cast, const uint64_t *tie, uint64_t *out) {
    for (int word = 0; word < LINE; word += WIDTH) {
        REGISTER total[MOST_PLANES], into;
        memset(total, 0, sizeof total);
        for (int i = 0; i < cast->n_fields; i++) {
            const Voters *voters = &cast->fields[i];
            REGISTER plane[MOST_PLANES];
            memset(plane, 0, sizeof(REGISTER) * (size_t)(voters->planes < 3 ? 3 : voters->planes));
            for (int64_t at = 0; at < voters->n; at += 4) { /* padded with a line of no votes */
                REGISTER a, b, other;
                READ(a, voters->lines + voters->tokens[at] + word);
                READ(other, voters->lines + voters->tokens[at + 1] + word);
                ADD(plane[0], a, other);
                READ(b, voters->lines + voters->tokens[at + 2] + word);
                READ(other, voters->lines + voters->tokens[at + 3] + word);
                ADD(plane[0], b, other);
                ADD(plane[1], a, b);
                RISE(plane, voters->planes, a);
            }
            for (int shift = 0; voters->each >> shift; shift++) {
                if (!(voters->each >> shift & 1)) continue;
                REGISTER carried;
                memset(&carried, 0, sizeof carried);
                for (int k = shift; k < cast->planes; k++) {
                    if (k - shift < voters->planes) {
                        ADD(total[k], carried, plane[k - shift]);
                    } else {
                        const REGISTER next = total[k] & carried;
                        total[k] ^= carried;
                        carried = next;
                    }
                }
            }
        }
        /* votes + tie > half of all  <=>  votes + tie + (2**planes - 1 - half) carries out of the planes */
        REGISTER reached;
        memset(&reached, 0, sizeof reached);
        if (cast->votes % 2 == 0) READ(reached, tie + word);
        for (int k = 0; k < cast->planes; k++)
            reached = cast->votes / 2 >> k & 1 ? total[k] & reached : total[k] | reached;
        READ(into, out + word);
        into ^= reached;
        memcpy(out + word, &into, sizeof into);
    }
}

#undef READ
#undef ADD
#undef RISE
#undef REGISTER
#undef WIDTH
#undef MAJORITY
#undef TARGET
