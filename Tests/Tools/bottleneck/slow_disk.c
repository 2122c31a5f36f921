// A disk with a rate, in front of the real one, for a program that is started with this in LD_PRELOAD: every write,
// read and sync of a file takes as long as on that disk, in its turn. From the environment:
//   SLOW_WRITES, SLOW_READS   bytes per second; without them as fast as the real disk
//   SLOW_SYNCS                seconds that each sync takes
//   STUCK_WHILE               a path: no write ends while it exists
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

// One request at a time: a disk that two threads write to is not twice as fast.
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
// When the disk is free again.
static double free_at;

static double setting(const char *name) {
  const char *text = getenv(name);
  return text ? atof(text) : 0;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec * 1e-9;
}

static void sleep_until(double instant) {
  struct timespec time = {.tv_sec = (time_t)instant, .tv_nsec = (long)((instant - (time_t)instant) * 1e9)};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == EINTR) {}
}

static void take(double seconds) {
  if (seconds <= 0) return;
  pthread_mutex_lock(&turn);
  // A timer that fires late makes it no slower.
  double begin = now();
  if (free_at > begin - 0.1) begin = free_at;
  free_at = begin + seconds;
  double end = free_at;
  pthread_mutex_unlock(&turn);
  sleep_until(end);
}

static int is_file(int descriptor) {
  struct stat status;
  return fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
}

static void take_write(int descriptor, ssize_t count) {
  int saved = errno;
  if (count > 0 && is_file(descriptor)) {
    const char *stuck = getenv("STUCK_WHILE");
    double rate = setting("SLOW_WRITES");
    while (stuck && access(stuck, F_OK) == 0) sleep_until(now() + 0.002);
    if (rate > 0) take(count / rate);
  }
  errno = saved;
}

static void take_read(int descriptor, ssize_t count) {
  int saved = errno;
  double rate = setting("SLOW_READS");
  // Configuration files and the like are cached anyway.
  if (rate > 0 && count >= 16384 && is_file(descriptor)) take(count / rate);
  errno = saved;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
  ssize_t written = REAL(pwrite)(descriptor, bytes, count, offset);
  take_write(descriptor, written);
  return written;
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t offset) {
  ssize_t written = REAL(pwrite64)(descriptor, bytes, count, offset);
  take_write(descriptor, written);
  return written;
}

ssize_t pread(int descriptor, void *bytes, size_t count, off_t offset) {
  ssize_t got = REAL(pread)(descriptor, bytes, count, offset);
  take_read(descriptor, got);
  return got;
}

ssize_t pread64(int descriptor, void *bytes, size_t count, off64_t offset) {
  ssize_t got = REAL(pread64)(descriptor, bytes, count, offset);
  take_read(descriptor, got);
  return got;
}

ssize_t read(int descriptor, void *bytes, size_t count) {
  ssize_t got = REAL(read)(descriptor, bytes, count);
  take_read(descriptor, got);
  return got;
}

ssize_t sendfile(int to, int from, off_t *offset, size_t count) {
  // As much as the disk gives at once: the socket must not wait for more.
  size_t block = setting("SLOW_READS") > 0 && count > 1 << 20 ? 1 << 20 : count;
  ssize_t sent = REAL(sendfile)(to, from, offset, block);
  take_read(from, sent);
  return sent;
}

ssize_t sendfile64(int to, int from, off64_t *offset, size_t count) {
  size_t block = setting("SLOW_READS") > 0 && count > 1 << 20 ? 1 << 20 : count;
  ssize_t sent = REAL(sendfile64)(to, from, offset, block);
  take_read(from, sent);
  return sent;
}

int fsync(int descriptor) {
  double seconds = setting("SLOW_SYNCS");
  if (seconds > 0 && is_file(descriptor)) take(seconds);
  return REAL(fsync)(descriptor);
}

int fdatasync(int descriptor) {
  double seconds = setting("SLOW_SYNCS");
  if (seconds > 0 && is_file(descriptor)) take(seconds);
  return REAL(fdatasync)(descriptor);
}
