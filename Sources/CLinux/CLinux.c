#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <malloc.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

int clinux_open_unnamed(int directory, mode_t mode) {
  return openat(directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
}

int clinux_link_descriptor(int descriptor, int directory, const char *name) {
  // The empty path costs least, but needs Linux 6.10 or a privilege: without them it fails with ENOENT. The way through
  // /proc needs none.
  if (linkat(descriptor, "", directory, name, AT_EMPTY_PATH) == 0) return 0;
  if (errno != ENOENT) return -1;
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
  return linkat(AT_FDCWD, path, directory, name, AT_SYMLINK_FOLLOW);
}

int clinux_rename_new(int from_directory, const char *from, int to_directory, const char *to) {
  return (int)syscall(SYS_renameat2, from_directory, from, to_directory, to, 1 /* RENAME_NOREPLACE */);
}

int clinux_exchange(int one_directory, const char *one, int other_directory, const char *other) {
  return (int)syscall(SYS_renameat2, one_directory, one, other_directory, other, 2 /* RENAME_EXCHANGE */);
}

// Non-blocking, so that a FIFO in place of a file cannot block a thread; the caller distinguishes the two.
static const int beneath_flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;

int clinux_open_beneath(int directory, const char *path) {
  struct open_how how = {
      .flags = (uint64_t)beneath_flags, .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
  long descriptor = syscall(SYS_openat2, directory, path, &how, sizeof how);
  // EPERM: seccomp filters of older containers reject calls that they do not know.
  if (descriptor >= 0 || (errno != ENOSYS && errno != EPERM && errno != ENAMETOOLONG)) return (int)descriptor;
  return clinux_walk_beneath(directory, path);
}

int clinux_walk_beneath(int directory, const char *path) {
  int current = directory;
  while (1) {
    size_t length = strcspn(path, "/");
    char component[256];
    int next = -1;
    if (length >= sizeof component) {
      errno = ENAMETOOLONG;
    } else {
      memcpy(component, path, length);
      component[length] = 0;
      int is_last = path[length] == 0;
      if (strcmp(component, "..") == 0 || (length == 0 && !is_last)) {
        errno = EXDEV;
      } else {
        next = openat(current, component, is_last ? beneath_flags : O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
      }
    }
    int error = errno;
    if (current != directory) close(current);
    errno = error;
    if (next < 0 || path[length] == 0) return next;
    current = next;
    path += length + 1;
  }
}

int clinux_set_modified(int descriptor, int64_t seconds, int64_t nanoseconds) {
  struct timespec times[2] = {{0, UTIME_OMIT}, {seconds, nanoseconds}};
  return futimens(descriptor, times);
}

int clinux_set_attribute(int descriptor, const char *name, const void *value, size_t length) {
  return fsetxattr(descriptor, name, value, length, 0);
}

ssize_t clinux_get_attribute(int descriptor, const char *name, void *buffer, size_t capacity) {
  return fgetxattr(descriptor, name, buffer, capacity);
}

static void fill(sigset_t *set, const int *signals, int count) {
  sigemptyset(set);
  for (int i = 0; i < count; i++) sigaddset(set, signals[i]);
}

int clinux_signal_descriptor(const int *signals, int count) {
  sigset_t set;
  fill(&set, signals, count);
  return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int clinux_block_signals(const int *signals, int count) {
  sigset_t set;
  fill(&set, signals, count);
  return pthread_sigmask(SIG_BLOCK, &set, NULL);
}

int clinux_is_ignored(int signal) {
  struct sigaction action;
  return sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

int clinux_read_signal(int descriptor) {
  struct signalfd_siginfo info;
  ssize_t length = read(descriptor, &info, sizeof info);
  return length == (ssize_t)sizeof info ? (int)info.ssi_signo : -1;
}

int clinux_event_descriptor(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

// Fails only when the counter is full, and the descriptor readable anyway.
void clinux_raise_event(int descriptor) { eventfd_write(descriptor, 1); }

void clinux_clear_event(int descriptor) {
  eventfd_t count;
  eventfd_read(descriptor, &count);
}

void clinux_stop_process(void) {
  int stop = SIGTSTP, go = SIGCONT;
  sigset_t stopping, going;
  fill(&stopping, &stop, 1);
  fill(&going, &go, 1);
  // The one thread that lets the signal through gets it before kill returns, and with it the whole process stops.
  pthread_sigmask(SIG_UNBLOCK, &stopping, NULL);
  kill(getpid(), SIGTSTP);
  pthread_sigmask(SIG_BLOCK, &stopping, NULL);
  struct timespec at_once = {0, 0};
  sigtimedwait(&going, NULL, &at_once);
}

void clinux_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

void clinux_trim_memory(void) { malloc_trim(0); }

void clinux_terminal_size(int descriptor, int *columns, int *rows) {
  struct winsize size = {0};
  ioctl(descriptor, TIOCGWINSZ, &size);
  *columns = size.ws_col;
  *rows = size.ws_row;
}

int clinux_open_pseudo_terminal(char *path, size_t capacity, int columns, int rows) {
  int screen = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (screen < 0) return -1;
  if (grantpt(screen) == 0 && unlockpt(screen) == 0 && ptsname_r(screen, path, capacity) == 0 &&
      clinux_set_terminal_size(screen, columns, rows) == 0) {
    return screen;
  }
  close(screen);
  return -1;
}

int clinux_set_terminal_size(int descriptor, int columns, int rows) {
  struct winsize size = {.ws_col = (unsigned short)columns, .ws_row = (unsigned short)rows};
  return ioctl(descriptor, TIOCSWINSZ, &size);
}

// Adds what the child does with its descriptors before it becomes the program; returns 0 or an error number.
static int redirect(posix_spawn_file_actions_t *actions, const int *streams, const char *terminal) {
  int error = 0;
  for (int i = 0; i < 3 && error == 0; i++) {
    int source = terminal != NULL ? (i == 0 ? -1 : 0) : streams[i];
    if (source >= 0) {
      error = posix_spawn_file_actions_adddup2(actions, source, i);
    } else if (terminal != NULL) {
      // The first terminal that the leader of a session opens becomes the session's.
      error = posix_spawn_file_actions_addopen(actions, i, terminal, O_RDWR, 0);
    } else {
      error = posix_spawn_file_actions_addopen(actions, i, "/dev/null", i == 0 ? O_RDONLY : O_WRONLY, 0);
    }
  }
  return error == 0 ? posix_spawn_file_actions_addclosefrom_np(actions, 3) : error;
}

pid_t clinux_start(const char *program, char *const *arguments, char *const *environment, const int *streams,
                   const char *terminal, int leads_group) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none, all;
  pid_t child = -1;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  int place = terminal != NULL ? POSIX_SPAWN_SETSID : leads_group ? POSIX_SPAWN_SETPGROUP : 0;
  posix_spawnattr_setflags(&attributes, (short)(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | place));
  int error = redirect(&actions, streams, terminal);
  if (error == 0) error = posix_spawnp(&child, program, &actions, &attributes, arguments, environment);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error == 0) return child;
  errno = error;
  return -1;
}

int clinux_pipe(int *ends) { return pipe2(ends, O_CLOEXEC); }

void clinux_kill_at_end_of_parent(void) { prctl(PR_SET_PDEATHSIG, SIGKILL); }

uint64_t clinux_listening_inode(int family, uint16_t port) {
  FILE *table = fopen(family == AF_INET6 ? "/proc/net/tcp6" : "/proc/net/tcp", "re");
  if (table == NULL) return 0;
  char line[512];
  uint64_t found = 0;
  while (found == 0 && fgets(line, sizeof line, table) != NULL) {
    unsigned int local_port, state;
    unsigned long long inode;
    // sl local:port remote:port state queues timer retransmits uid timeout inode
    if (sscanf(line, " %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s %*u %*d %llu", &local_port, &state,
               &inode) == 3 &&
        local_port == port && state == 0x0A)
      found = inode;
  }
  fclose(table);
  return found;
}

int64_t clinux_modified_seconds(const void *status) { return ((const struct stat *)status)->st_mtim.tv_sec; }

int64_t clinux_modified_nanoseconds(const void *status) { return ((const struct stat *)status)->st_mtim.tv_nsec; }

int clinux_replace(int descriptor, int other) { return dup3(other, descriptor, O_CLOEXEC) < 0 ? -1 : 0; }

int clinux_set_direct(int descriptor, int isDirect) {
  int flags = fcntl(descriptor, F_GETFL);
  if (flags < 0) return -1;
  return fcntl(descriptor, F_SETFL, isDirect ? flags | O_DIRECT : flags & ~O_DIRECT);
}

int clinux_reserve(int descriptor, int64_t offset, int64_t count) {
  int result;
  do result = fallocate(descriptor, 0, offset, count);
  while (result != 0 && errno == EINTR);
  return result;
}

int clinux_reserve_keeping_size(int descriptor, int64_t offset, int64_t count) {
  int result;
  do result = fallocate(descriptor, FALLOC_FL_KEEP_SIZE, offset, count);
  while (result != 0 && errno == EINTR);
  return result;
}

ssize_t clinux_copy(int from, int64_t from_offset, int to, int64_t to_offset, size_t count) {
  loff_t source = from_offset, target = to_offset;
  return copy_file_range(from, &source, to, &target, count, 0);
}

int clinux_start_writeback(int descriptor, int64_t offset, int64_t count) {
  return sync_file_range(descriptor, offset, count, SYNC_FILE_RANGE_WRITE);
}

int clinux_drop_written(int descriptor, int64_t offset, int64_t count) {
  unsigned flags = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
  if (sync_file_range(descriptor, offset, count, flags) != 0) return -1;
  posix_fadvise(descriptor, offset, count, POSIX_FADV_DONTNEED);
  return 0;
}

// Of linux/mman.h since Linux 6.5; the headers that this is built with may be older.
struct cached_range {
  uint64_t offset, count;
};

struct cached_pages {
  uint64_t cached, dirty, writeback, evicted, recently_evicted;
};

int clinux_is_cached(int descriptor, int64_t offset, int64_t count) {
  uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), start = (uint64_t)offset;
  struct cached_range range = {.offset = start, .count = (uint64_t)count};
  struct cached_pages pages = {0};
  if (count <= 0 || syscall(451 /* cachestat */, descriptor, &range, &pages, 0) != 0) return 0;
  return pages.cached >= (start + (uint64_t)count - 1) / page - start / page + 1;
}

static int null_device = -1;
static pthread_once_t null_device_once = PTHREAD_ONCE_INIT;

static void open_null_device(void) { null_device = open("/dev/null", O_WRONLY | O_CLOEXEC); }

int64_t clinux_load(int descriptor, int64_t offset, int64_t count) {
  pthread_once(&null_device_once, open_null_device);
  // The whole range is requested from the disk at once. sendfile to /dev/null then waits for each page and drops the
  // reference: the way that sendfile to a socket goes, 4 MiB in 70 us when cached. readahead(2) alone does not wait.
  posix_fadvise(descriptor, offset, count, POSIX_FADV_WILLNEED);
  int64_t done = 0;
  while (done < count) {
    off_t position = offset + done;
    ssize_t sent = sendfile(null_device, descriptor, &position, (size_t)(count - done));
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return -1;
    if (sent == 0) break;
    done += sent;
  }
  return done;
}

// Whether syncfs is a sync of every file there. Before Linux 5.8 it did not report failed writes. FUSE, CIFS and others do
// nothing and report success, and a file system over another one (overlayfs) does not notice that one's failed writes.
static int syncs_every_file(int descriptor) {
  struct utsname system;
  struct statfs status;
  int major = 0, minor = 0;
  if (uname(&system) != 0 || sscanf(system.release, "%d.%d", &major, &minor) != 2) return 0;
  if (major < 5 || (major == 5 && minor < 8) || fstatfs(descriptor, &status) != 0) return 0;
  switch ((uint32_t)status.f_type) {
    case EXT4_SUPER_MAGIC:  // And ext2, and ext3.
    case XFS_SUPER_MAGIC:
    case BTRFS_SUPER_MAGIC:
    case F2FS_SUPER_MAGIC:
    case TMPFS_MAGIC:  // Has nothing to sync.
      return 1;
    default:
      return 0;
  }
}

int clinux_sync_file_system(int descriptor) {
  if (syncs_every_file(descriptor)) return syncfs(descriptor);
  errno = ENOSYS;
  return -1;
}

size_t clinux_resident_bytes(const void *address, size_t length) {
  enum { PAGES = 4096 };
  unsigned char pages[PAGES];
  size_t page = (size_t)sysconf(_SC_PAGESIZE), resident = 0;
  for (size_t start = 0; start < length; start += PAGES * page) {
    size_t count = length - start < PAGES * page ? length - start : PAGES * page;
    if (mincore((char *)address + start, count, pages) != 0) return resident;
    for (size_t index = 0; index * page < count; index++) resident += (pages[index] & 1) * page;
  }
  return resident;
}

int clinux_read_sent(int descriptor, struct clinux_sent *sent) {
  // An older kernel fills less of it.
  struct tcp_info info = {0};
  socklen_t length = sizeof info;
  int unsent = 0;
  if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return -1;
  if (ioctl(descriptor, SIOCOUTQ, &unsent) != 0) return -1;
  sent->acknowledged = info.tcpi_bytes_acked;
  sent->held = unsent > 0 ? (uint64_t)unsent : 0;
  sent->window = info.tcpi_snd_wnd;
  return 0;
}

static uint64_t nanoseconds(clockid_t clock) {
  struct timespec time = {0};
  clock_gettime(clock, &time);
  return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

uint64_t clinux_clock(void) { return nanoseconds(CLOCK_BOOTTIME); }

uint64_t clinux_thread_time(void) { return nanoseconds(CLOCK_THREAD_CPUTIME_ID); }

int clinux_read_link(int descriptor, struct clinux_link *link) {
  // An older kernel fills less of it.
  struct tcp_info info = {0};
  socklen_t length = sizeof info;
  if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return -1;
  link->busy = info.tcpi_busy_time;
  link->window_limited = info.tcpi_rwnd_limited;
  link->delivery_rate = info.tcpi_delivery_rate;
  link->received_bytes = info.tcpi_bytes_received;
  link->round_trip = info.tcpi_rtt;
  link->least_round_trip = info.tcpi_min_rtt;
  link->sent_packets = info.tcpi_data_segs_out;
  link->retransmitted = info.tcpi_total_retrans;
  link->received_packets = info.tcpi_data_segs_in;
  link->out_of_order = info.tcpi_rcv_ooopack;
  link->packet_size = info.tcpi_rcv_mss;
  link->timeouts = info.tcpi_retransmits;
  link->probes = info.tcpi_probes;
  uint64_t arrived = info.tcpi_bytes_acked + info.tcpi_bytes_retrans;
  uint64_t under_way = info.tcpi_bytes_sent > arrived ? info.tcpi_bytes_sent - arrived : 0;
  int has_window = length >= offsetof(struct tcp_info, tcpi_snd_wnd) + sizeof info.tcpi_snd_wnd;
  link->fills_window = has_window && under_way * 4 >= (uint64_t)info.tcpi_snd_wnd * 3;
  char name[16] = "";
  socklen_t name_length = sizeof name - 1;
  getsockopt(descriptor, IPPROTO_TCP, TCP_CONGESTION, name, &name_length);
  link->is_paced = strncmp(name, "bbr", 3) == 0;
  link->has_times = length >= offsetof(struct tcp_info, tcpi_rwnd_limited) + sizeof info.tcpi_rwnd_limited;
  return 0;
}
