// Calls and constants that Swift's Glibc module hides: they need _GNU_SOURCE, or a header outside that module.
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "SHA256.h"

/// Opens an unnamed file in a directory for reading and writing (O_TMPFILE | O_RDWR | O_CLOEXEC). Returns a descriptor;
/// -1 and errno on failure, such as EOPNOTSUPP where the file system does not support it.
int clinux_open_unnamed(int directory, mode_t mode);

/// Gives a file of clinux_open_unnamed a name in a directory of the same file system. Returns 0; -1 and errno, EEXIST
/// where the name is taken.
int clinux_link_descriptor(int descriptor, int directory, const char *name);

/// Renames without overwriting, also from one directory to another of the same file system (renameat2 with
/// RENAME_NOREPLACE). Returns 0; -1 and errno, EEXIST where the name is taken, EINVAL or ENOSYS where that is not
/// supported.
int clinux_rename_new(int from_directory, const char *from, int to_directory, const char *to);

/// Swaps the files of two names atomically, each in a directory of the same file system (renameat2 with
/// RENAME_EXCHANGE). Returns 0; -1 and errno, EINVAL or ENOSYS where that is not supported.
int clinux_exchange(int one_directory, const char *one, int other_directory, const char *other);

/// Opens a file or directory beneath a directory for reading, by a path without symbolic links, which are never
/// followed, and without leaving the directory (openat2; clinux_walk_beneath where that is not available, and for a path
/// that is too long for it). Does not block on a FIFO: the descriptor is non-blocking, and the caller must check what it
/// is. Returns a descriptor; -1 and errno.
int clinux_open_beneath(int directory, const char *path);

/// Does what clinux_open_beneath does, but opens one directory of the path after the other (openat with O_NOFOLLOW).
/// A path that begins with a slash or contains "..", fails with EXDEV.
int clinux_walk_beneath(int directory, const char *path);

/// Sets the modification time of an open file, in seconds since 1970 and nanoseconds, and leaves its access time as it
/// is (futimens). Returns 0; -1 and errno.
int clinux_set_modified(int descriptor, int64_t seconds, int64_t nanoseconds);

/// Sets an extended attribute of an open file to the `length` bytes at `value`, in place of any earlier value. Returns
/// 0; -1 and errno.
int clinux_set_attribute(int descriptor, const char *name, const void *value, size_t length);

/// Reads an extended attribute of an open file into `buffer` of `capacity` bytes. Returns its length in bytes; -1 and
/// errno, ENODATA when the file has none of that name, ERANGE when the buffer is too small.
ssize_t clinux_get_attribute(int descriptor, const char *name, void *buffer, size_t capacity);

/// Makes a descriptor that is readable while one of the `count` signals is pending; read it with clinux_read_signal.
/// The signals must be blocked in all threads (clinux_block_signals). The caller closes it. Returns -1 and errno on
/// failure.
int clinux_signal_descriptor(const int *signals, int count);

/// Blocks `count` signals in the calling thread, and in threads that it starts later, in addition to those blocked
/// already. Returns 0; otherwise an error number.
int clinux_block_signals(const int *signals, int count);

/// Whether a signal is ignored (SIG_IGN) now, 1 or 0, as `nohup` and shells without job control have it when they start
/// a program.
int clinux_is_ignored(int signal);

/// Removes and returns the number of the next pending signal from a descriptor of clinux_signal_descriptor; -1 when
/// none is pending. Does not block.
int clinux_read_signal(int descriptor);

/// Makes a descriptor that is readable from clinux_raise_event until clinux_clear_event (eventfd). The caller closes
/// it. Returns -1 and errno on failure.
int clinux_event_descriptor(void);

/// Makes a descriptor of clinux_event_descriptor readable. Does not block; may be called on any thread.
void clinux_raise_event(int descriptor);

/// Makes a descriptor of clinux_event_descriptor unreadable again; call it before the events are handled, so that a
/// later one is not lost.
void clinux_clear_event(int descriptor);

/// Stops the process as Ctrl-Z does by default, and returns when it is continued; at once where there is no shell that
/// could continue it (an orphaned process group). SIGTSTP and SIGCONT must be blocked in all threads; the SIGCONT that
/// continues the process is consumed.
void clinux_stop_process(void);

/// Names the calling thread for tools (pthread_setname_np). A name of more than 15 bytes changes nothing.
void clinux_name_thread(const char *name);

/// Gives memory that was freed, but that malloc kept for reuse, back to the system (malloc_trim). May take
/// milliseconds.
void clinux_trim_memory(void);

/// Reads the size, in characters, of the terminal behind a descriptor; stores 0 and 0 when it is no terminal or the
/// size is unknown.
void clinux_terminal_size(int descriptor, int *columns, int *rows);

/// Makes a pseudo terminal of the given size, in characters, for a program to run in (posix_openpt). Returns the
/// descriptor from which the program's output is read and to which keys are written, or -1; stores the path of the
/// program's terminal, at most `capacity` bytes with its NUL, in `path`.
int clinux_open_pseudo_terminal(char *path, size_t capacity, int columns, int rows);

/// Changes the size, in characters, of the terminal behind a descriptor; if it differs, the kernel sends SIGWINCH to
/// the terminal's foreground programs. Returns 0; -1 and errno.
int clinux_set_terminal_size(int descriptor, int columns, int rows);

/// Starts a program, looked up in the caller's PATH, with no signal blocked or ignored, and with no open descriptor but
/// the standard three. `arguments`: with the program's name first; ends with NULL, as `environment` does. `streams`:
/// the three descriptors for its standard input, output and errors; -1 stands for /dev/null.
/// `terminal`: NULL, or the path of a terminal to use for all three instead of `streams`; the program then leads a
/// session with this controlling terminal. `leads_group`: whether it leads a process group of its own. Returns the
/// process ID; -1 and errno when it could not be started.
pid_t clinux_start(const char *program, char *const *arguments, char *const *environment, const int *streams,
                   const char *terminal, int leads_group);

/// Makes a pipe that children do not inherit (pipe2 with O_CLOEXEC): stores the descriptor to read from and the one to
/// write to in `ends`. Returns 0; -1 and errno.
int clinux_pipe(int *ends);

/// Has the kernel kill this process (SIGKILL) when the thread that started it ends (prctl with PR_SET_PDEATHSIG). Has
/// no effect if that thread has ended already.
void clinux_kill_at_end_of_parent(void);

/// The inode of the first socket that listens on a TCP port, on any address of a family (AF_INET or AF_INET6), to find
/// the process that owns it; 0 when no socket listens there or /proc cannot be read.
uint64_t clinux_listening_inode(int family, uint16_t port);

/// The last change of a file's content in whole seconds since 1970. `status`: a `struct stat`. (In an optimised build
/// with MemberImportVisibility Swift cannot name the fields of timespec, nor those of a stat that this header
/// includes.)
int64_t clinux_modified_seconds(const void *status);

/// The part of clinux_modified_seconds below a second: nanoseconds, 0 to 999,999,999. `status`: a `struct stat`.
int64_t clinux_modified_nanoseconds(const void *status);

/// Makes `descriptor` refer to the open file of `other` atomically, closed on exec (dup3); what it referred to before
/// is closed, and `other` remains open. Returns 0; -1 and errno.
int clinux_replace(int descriptor, int other);

/// Turns O_DIRECT on or off for an open file. Returns 0; -1 and errno, EINVAL where the file system does not support
/// it.
int clinux_set_direct(int descriptor, int isDirect);

/// Reserves disk blocks for `count` bytes from `offset` on, and extends a file that is shorter to their end
/// (fallocate). Returns 0; -1 and errno, ENOSPC without space, EOPNOTSUPP where the file system cannot reserve.
int clinux_reserve(int descriptor, int64_t offset, int64_t count);

/// As clinux_reserve, but never changes the length of the file (fallocate with FALLOC_FL_KEEP_SIZE).
int clinux_reserve_keeping_size(int descriptor, int64_t offset, int64_t count);

/// Copies up to `count` bytes between two files, within the kernel or by sharing blocks (copy_file_range). Returns how
/// many were copied, perhaps fewer, 0 at the end of the source; -1 and errno, EXDEV, EINVAL, ENOSYS or EOPNOTSUPP where
/// the file system cannot.
ssize_t clinux_copy(int from, int64_t from_offset, int to, int64_t to_offset, size_t count);

/// Begins to write a range of a file, in bytes, from the page cache to the disk, without waiting for the end
/// (sync_file_range). A `count` of 0 stands for all from `offset` on. Makes nothing durable. Returns 0; -1 and errno.
int clinux_start_writeback(int descriptor, int64_t offset, int64_t count);

/// Waits until a range of a file, in bytes, has been written to the disk, then drops it from the page cache. Not a
/// replacement for fsync: the disk's cache and the file's size may not be safe yet. Returns 0; -1 and errno when
/// writing failed.
int clinux_drop_written(int descriptor, int64_t offset, int64_t count);

/// Whether all pages of a range of a file, in bytes, are in the page cache, 1 or 0 (cachestat, which waits for nothing);
/// 0 also when that is not known, as before Linux 6.5.
int clinux_is_cached(int descriptor, int64_t offset, int64_t count);

/// Reads a range of a file, in bytes, into the page cache, and waits for the disk, without copying anything: afterwards
/// sendfile(2) of the range does not wait. Returns how many bytes are cached, fewer than `count` only at the end of the
/// file; -1 and errno, EINVAL where the file system does not support sendfile.
int64_t clinux_load(int descriptor, int64_t offset, int64_t count);

/// Syncs the whole file system that a descriptor is on (syncfs): as fsync of every file there. The kernel reports a
/// failed write once to each descriptor of that file system that was open then, so two users must not share one.
/// Returns 0; -1 and errno, ENOSYS where it cannot be relied on: before Linux 5.8, and on all file systems except ext2
/// to ext4, XFS, Btrfs, F2FS and tmpfs.
int clinux_sync_file_system(int descriptor);

/// How many bytes of mapped memory are in physical memory, in whole pages, by the kernel's count (mincore). `address`
/// must be aligned to a page; 0 when it is not. Counts in steps of 4,096 pages, up to the first step of which a page is
/// not mapped.
size_t clinux_resident_bytes(const void *address, size_t length);

/// How much of the data sent on a TCP connection its peer has received.
struct clinux_sent {
  /// Bytes that the peer's system has acknowledged, since the connection began.
  uint64_t acknowledged;
  /// Bytes in the socket's send buffer: sent but not acknowledged, or not sent yet.
  uint64_t held;
  /// The receive window that the peer advertised last, in bytes; 0 when it is closed, and before Linux 5.4.
  uint64_t window;
};

/// Reads the state of a TCP socket (TCP_INFO and SIOCOUTQ) into `sent`. Returns 0; -1 and errno when the descriptor is
/// no TCP socket.
int clinux_read_sent(int descriptor, struct clinux_sent *sent);

/// Nanoseconds since the system started, times of suspension included (CLOCK_BOOTTIME).
uint64_t clinux_clock(void);

/// Nanoseconds of a processor that the calling thread has used (CLOCK_THREAD_CPUTIME_ID).
uint64_t clinux_thread_time(void);

/// What the kernel knows of a TCP connection. Counters and times count since it began; what an older kernel does not
/// know is 0.
struct clinux_link {
  /// Microseconds in which bytes were unacknowledged or not sent yet, and of these, in which the peer's receive window was
  /// too small. Linux 4.9 and later, as `has_times` says.
  uint64_t busy, window_limited;
  /// What the connection carries, in bytes per second, by the newest estimate.
  uint64_t delivery_rate;
  uint64_t received_bytes;
  /// The smoothed and the least time of a round trip, in microseconds; the least one is UINT32_MAX before a measurement.
  uint32_t round_trip, least_round_trip;
  /// Packets with content that were sent, and of these, packets that were sent again.
  uint32_t sent_packets, retransmitted;
  /// Packets with content that arrived, and of these, packets that arrived before an earlier one (Linux 5.4).
  uint32_t received_packets, out_of_order;
  /// The content of a full packet that arrives, in bytes.
  uint32_t packet_size;
  /// How often in a row the oldest packet was sent again without an acknowledgement, and how many probes of a closed
  /// receive window in a row were not acknowledged.
  uint32_t timeouts, probes;
  /// Whether both times are known, 1 or 0.
  int has_times;
  /// Whether the bytes under way fill three quarters of the receive window that the peer advertised last, 1 or 0
  /// (Linux 5.4).
  int fills_window;
  /// Whether the congestion control is BBR, which sends at the rate at which bytes were received, 1 or 0.
  int is_paced;
};

/// Reads the state of a TCP socket (TCP_INFO) into `link`. Returns 0; -1 and errno when the descriptor is no TCP socket.
int clinux_read_link(int descriptor, struct clinux_link *link);
