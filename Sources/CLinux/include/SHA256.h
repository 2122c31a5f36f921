// A SHA-256 (FIPS 180-4) whose state is a plain value, so that it can be saved and continued by another process. Those of
// cryptographic libraries hide it.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum {
  CLINUX_SHA256_BLOCK = 64,
  CLINUX_SHA256_DIGEST = 32,
};

typedef struct {
  uint32_t words[8];
  /// How many bytes were added.
  uint64_t length;
  /// The last `length % 64` bytes, which fill no block yet.
  uint8_t block[CLINUX_SHA256_BLOCK];
  /// Whether the processor's instructions for it are used.
  int is_accelerated;
} clinux_sha256;

/// Whether this processor has instructions for it.
int clinux_sha256_is_accelerated(void);

/// Begins with no bytes. Uses the processor's instructions where it has them, unless `is_accelerated` is 0.
void clinux_sha256_begin(clinux_sha256 *hash, int is_accelerated);

/// Adds `count` bytes.
void clinux_sha256_add(clinux_sha256 *hash, const void *content, size_t count);

/// Writes the digest of all bytes that were added; more may be added afterwards.
void clinux_sha256_end(const clinux_sha256 *hash, uint8_t digest[CLINUX_SHA256_DIGEST]);
