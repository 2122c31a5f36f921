// Calls and constants that Swift's Glibc module hides: they need _GNU_SOURCE, or a header outside that module.
#pragma once

#include <stdint.h>
#include <sys/types.h>

/// Opens an unnamed file in a directory (O_TMPFILE | O_RDWR | O_CLOEXEC); -1 and errno where that is not supported.
int clinux_open_unnamed(int directory, mode_t mode);

/// Gives a file of clinux_open_unnamed a name in a directory. Returns 0; -1 and errno, EEXIST where the name is taken.
int clinux_link_descriptor(int descriptor, int directory, const char *name);

/// Renames without overwriting, also from one directory to another of the same file system (renameat2 with
/// RENAME_NOREPLACE). Returns 0; -1 and errno, EEXIST where the name is taken, EINVAL or ENOSYS where that is not
/// supported.
int clinux_rename_new(int from_directory, const char *from, int to_directory, const char *to);

/// Swaps the files of two names in a directory atomically (renameat2 with RENAME_EXCHANGE). Returns 0; -1 and errno,
/// EINVAL or ENOSYS where that is not supported.
int clinux_exchange(int directory, const char *one, const char *other);

/// Opens a file beneath a directory for reading, without following symbolic links or leaving the directory (openat2;
/// where that is not available, openat with O_NOFOLLOW for a name without slashes). Returns a descriptor; -1 and errno.
int clinux_open_beneath(int directory, const char *name);

/// Sets an extended attribute of an open file to `length` bytes. Returns 0; -1 and errno.
int clinux_set_attribute(int descriptor, const char *name, const void *value, size_t length);

/// Reads an extended attribute of an open file into `buffer`. Returns its length in bytes; -1 and errno.
ssize_t clinux_get_attribute(int descriptor, const char *name, void *buffer, size_t capacity);

/// A descriptor that becomes readable when one of the signals arrives. The signals must be blocked already.
int clinux_signal_descriptor(const int *signals, int count);

/// Blocks signals in the calling thread, and in threads that it starts later.
int clinux_block_signals(const int *signals, int count);

/// Whether a signal is ignored (SIG_IGN), as `nohup` and shells without job control have it when they start a program.
int clinux_is_ignored(int signal);

/// Reads the number of the next signal from a descriptor of clinux_signal_descriptor; -1 when none is pending.
int clinux_read_signal(int descriptor);

/// A descriptor that becomes readable when clinux_raise_event is called (eventfd).
int clinux_event_descriptor(void);

/// Makes a descriptor of clinux_event_descriptor readable; may be called on any thread.
void clinux_raise_event(int descriptor);

/// Makes a descriptor of clinux_event_descriptor unreadable again.
void clinux_clear_event(int descriptor);

/// Stops the process as Ctrl-Z does by default, and returns when it is continued; at once where there is no shell that
/// could continue it (an orphaned process group). SIGTSTP and SIGCONT must be blocked in all threads; the SIGCONT that
/// continues the process is consumed.
void clinux_stop_process(void);

/// Names the calling thread for tools (pthread_setname_np), with at most 15 bytes.
void clinux_name_thread(const char *name);

/// Returns memory that was freed but kept for reuse to the system (malloc_trim).
void clinux_trim_memory(void);

/// Reads the size of the terminal behind a descriptor in characters; 0 and 0 when it is no terminal or the size is
/// unknown.
void clinux_terminal_size(int descriptor, int *columns, int *rows);

/// Makes a pseudo terminal of the given size for a program to run in (posix_openpt). Returns the descriptor from which
/// the program's output is read and to which keys are written, or -1; stores the path of the program's terminal in
/// `path`.
int clinux_open_pseudo_terminal(char *path, size_t capacity, int columns, int rows);

/// Changes the size of the terminal behind a descriptor; the kernel sends SIGWINCH to its foreground programs. Returns
/// 0; -1 and errno.
int clinux_set_terminal_size(int descriptor, int columns, int rows);

/// Starts a program, looked up in PATH, with no signal blocked or ignored, and with no open descriptor but the standard
/// three. `streams`: the three descriptors for its standard input, output and errors; -1 stands for /dev/null.
/// `terminal`: NULL, or the path of a terminal to use for all three instead of `streams`; the program then leads a
/// session with this controlling terminal. `leads_group`: whether it leads a process group of its own. Returns the
/// process ID; -1 and errno when it could not be started.
pid_t clinux_start(const char *program, char *const *arguments, char *const *environment, const int *streams,
                   const char *terminal, int leads_group);

/// Makes a pipe that children do not inherit (pipe2 with O_CLOEXEC): stores the descriptor to read from and the one to
/// write to in `ends`. Returns 0; -1 and errno.
int clinux_pipe(int *ends);

/// Has the kernel kill this process when the thread that started it ends (prctl with PR_SET_PDEATHSIG).
void clinux_kill_at_end_of_parent(void);

/// The inode of the socket that listens on a TCP port of a family (AF_INET or AF_INET6), to find the process that owns
/// it; 0 when no socket listens there or /proc cannot be read.
uint64_t clinux_listening_inode(int family, uint16_t port);

/// Last change of a file's content, from a `struct stat`: whole seconds since 1970. (In an optimised build with
/// MemberImportVisibility Swift cannot name the fields of timespec, nor those of a stat that this header includes.)
int64_t clinux_modified_seconds(const void *status);

/// The nanoseconds of that time, 0 to 999,999,999.
int64_t clinux_modified_nanoseconds(const void *status);

/// Makes `descriptor` refer to the open file of `other` atomically (dup3). Returns 0; -1 and errno.
int clinux_replace(int descriptor, int other);

/// Turns O_DIRECT on or off for an open file; -1 and EINVAL where the file system does not support it.
int clinux_set_direct(int descriptor, int isDirect);

/// Reserves disk blocks for `count` bytes from `offset` on and extends the file to their end (fallocate). Returns 0; -1
/// and errno, EOPNOTSUPP where the file system cannot reserve.
int clinux_reserve(int descriptor, int64_t offset, int64_t count);

/// Begins to write a range of a file from the page cache to the disk, without waiting for it (sync_file_range).
int clinux_start_writeback(int descriptor, int64_t offset, int64_t count);

/// Waits until a range of a file is on the disk, then drops it from the page cache; -1 and errno when writing failed.
int clinux_drop_written(int descriptor, int64_t offset, int64_t count);

/// Syncs the whole file system that a descriptor is on (syncfs): as fsync of every file there. The kernel reports a failed
/// write once to each descriptor of that file system that was open then, so two users never share one. -1 and ENOSYS
/// where it cannot be relied on: before Linux 5.8, and on file systems other than ext2 to ext4, XFS, Btrfs, F2FS and tmpfs.
int clinux_sync_file_system(int descriptor);

/// How many bytes of a page-aligned mapping are resident, by the kernel's count (mincore); 0 when the range is no mapping.
size_t clinux_resident_bytes(const void *address, size_t length);

/// How much of the data sent on a TCP connection its peer has received.
struct clinux_sent {
  /// Bytes that the peer's system has acknowledged, since the connection began.
  uint64_t acknowledged;
  /// Bytes in the socket's send buffer: not acknowledged, or not sent yet.
  uint64_t held;
  /// The receive window that the peer advertised last, in bytes; 0 when it is closed, and before Linux 5.4.
  uint64_t window;
};

/// Reads the state of a TCP socket (TCP_INFO and SIOCOUTQ) into `sent`; -1 when the descriptor is no TCP socket.
int clinux_read_sent(int descriptor, struct clinux_sent *sent);
