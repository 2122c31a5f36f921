#include "SHA256.h"

#include <string.h>

// FIPS 180-4, section 4.2.2.
static const uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotated(uint32_t value, int count) { return value >> count | value << (32 - count); }

static uint32_t read_word(const uint8_t *bytes) {
  return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void add_blocks_portably(uint32_t words[8], const uint8_t *bytes, size_t count) {
  for (; count > 0; count--, bytes += CLINUX_SHA256_BLOCK) {
    uint32_t schedule[64];
    for (int i = 0; i < 16; i++) schedule[i] = read_word(bytes + 4 * i);
    for (int i = 16; i < 64; i++) {
      uint32_t early = schedule[i - 15], late = schedule[i - 2];
      uint32_t low = rotated(early, 7) ^ rotated(early, 18) ^ early >> 3;
      uint32_t high = rotated(late, 17) ^ rotated(late, 19) ^ late >> 10;
      schedule[i] = schedule[i - 16] + low + schedule[i - 7] + high;
    }
    uint32_t a = words[0], b = words[1], c = words[2], d = words[3];
    uint32_t e = words[4], f = words[5], g = words[6], h = words[7];
    for (int i = 0; i < 64; i++) {
      uint32_t first = h + (rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)) + ((e & f) ^ (~e & g))
                       + round_constants[i] + schedule[i];
      uint32_t second = (rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
      h = g, g = f, f = e, e = d + first;
      d = c, c = b, b = a, a = first + second;
    }
    words[0] += a, words[1] += b, words[2] += c, words[3] += d;
    words[4] += e, words[5] += f, words[6] += g, words[7] += h;
  }
}

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

// Intel's SHA extensions: four rounds at a time; the state is kept as ABEF and CDGH, as the instructions need it.
__attribute__((target("sha,sse4.1"))) static void add_blocks_fast(uint32_t words[8], const uint8_t *bytes,
                                                                  size_t count) {
  const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  __m128i low = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)words), 0xb1);
  __m128i state1 = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(words + 4)), 0x1b);
  __m128i state0 = _mm_alignr_epi8(low, state1, 8);
  state1 = _mm_blend_epi16(state1, low, 0xf0);
  for (; count > 0; count--, bytes += CLINUX_SHA256_BLOCK) {
    const __m128i saved0 = state0, saved1 = state1;
    // The last sixteen words of the schedule, four in each.
    __m128i schedule[4];
    for (int i = 0; i < 16; i++) {
      __m128i next;
      if (i < 4) {
        next = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(bytes + 16 * i)), swap);
      } else {
        __m128i last = schedule[(i + 3) & 3];
        next = _mm_sha256msg1_epu32(schedule[i & 3], schedule[(i + 1) & 3]);
        next = _mm_add_epi32(next, _mm_alignr_epi8(last, schedule[(i + 2) & 3], 4));
        next = _mm_sha256msg2_epu32(next, last);
      }
      schedule[i & 3] = next;
      __m128i input = _mm_add_epi32(next, _mm_loadu_si128((const __m128i *)(round_constants + 4 * i)));
      state1 = _mm_sha256rnds2_epu32(state1, state0, input);
      state0 = _mm_sha256rnds2_epu32(state0, state1, _mm_shuffle_epi32(input, 0x0e));
    }
    state0 = _mm_add_epi32(state0, saved0);
    state1 = _mm_add_epi32(state1, saved1);
  }
  __m128i high = _mm_shuffle_epi32(state0, 0x1b);
  state1 = _mm_shuffle_epi32(state1, 0xb1);
  _mm_storeu_si128((__m128i *)words, _mm_blend_epi16(high, state1, 0xf0));
  _mm_storeu_si128((__m128i *)(words + 4), _mm_alignr_epi8(state1, high, 8));
}

int clinux_sha256_is_accelerated(void) {
  unsigned a, b, c, d;
  // SSSE3 and SSE4.1, then the SHA extensions.
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSSE3) || !(c & bit_SSE4_1)) return 0;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & 1u << 29) != 0;
}
#else
int clinux_sha256_is_accelerated(void) { return 0; }
#endif

static void add_blocks(clinux_sha256 *hash, const uint8_t *bytes, size_t count) {
#if defined(__x86_64__)
  if (hash->is_accelerated) {
    add_blocks_fast(hash->words, bytes, count);
    return;
  }
#endif
  add_blocks_portably(hash->words, bytes, count);
}

void clinux_sha256_begin(clinux_sha256 *hash, int is_accelerated) {
  static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  memset(hash, 0, sizeof *hash);
  memcpy(hash->words, initial, sizeof initial);
  hash->is_accelerated = is_accelerated && clinux_sha256_is_accelerated();
}

void clinux_sha256_add(clinux_sha256 *hash, const void *content, size_t count) {
  const uint8_t *bytes = content;
  size_t filled = hash->length % CLINUX_SHA256_BLOCK;
  hash->length += count;
  if (filled > 0) {
    size_t room = CLINUX_SHA256_BLOCK - filled;
    if (count < room) {
      if (count > 0) memcpy(hash->block + filled, bytes, count);
      return;
    }
    memcpy(hash->block + filled, bytes, room);
    add_blocks(hash, hash->block, 1);
    bytes += room;
    count -= room;
  }
  add_blocks(hash, bytes, count / CLINUX_SHA256_BLOCK);
  size_t rest = count % CLINUX_SHA256_BLOCK;
  if (rest > 0) memcpy(hash->block, bytes + count - rest, rest);
}

void clinux_sha256_end(const clinux_sha256 *hash, uint8_t digest[CLINUX_SHA256_DIGEST]) {
  clinux_sha256 copy = *hash;
  uint8_t padding[2 * CLINUX_SHA256_BLOCK] = {0x80};
  size_t filled = copy.length % CLINUX_SHA256_BLOCK;
  // At least a byte of padding and eight of length.
  size_t count = (filled < 56 ? 56 : 120) - filled;
  uint64_t bits = copy.length * 8;
  for (int i = 0; i < 8; i++) padding[count + i] = (uint8_t)(bits >> (56 - 8 * i));
  clinux_sha256_add(&copy, padding, count + 8);
  for (int i = 0; i < CLINUX_SHA256_DIGEST; i++) digest[i] = (uint8_t)(copy.words[i / 4] >> (24 - 8 * (i % 4)));
}
