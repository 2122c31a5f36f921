// Runs in a signal handler on the thread that crashed: only functions that POSIX calls async-signal-safe.
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "CNCursesTerminal.h"

static const int crash_signals[] = {SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGTRAP, SIGFPE};
enum { SIGNALS = sizeof crash_signals / sizeof crash_signals[0], REPLAY = 4096 };

static struct sigaction previous[SIGNALS];
static atomic_bool is_armed;
static bool is_installed;

static struct {
  char bytes[512];
  size_t length;
  int input, output, errors, captured;
  struct termios modes;
  bool has_modes;
} state;

static void write_all(int descriptor, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t count = write(descriptor, bytes, length);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    bytes += count;
    length -= (size_t)count;
  }
}

/// Writes the end of the captured standard error, which contains the reason of the crash.
static void replay_errors(void) {
  struct stat status;
  char buffer[REPLAY];
  if (state.errors < 0) return;
  dup2(state.errors, STDERR_FILENO);
  if (state.captured < 0 || fstat(state.captured, &status) != 0) return;
  off_t start = status.st_size > REPLAY ? status.st_size - REPLAY : 0;
  ssize_t count = pread(state.captured, buffer, sizeof buffer, start);
  if (count > 0) write_all(STDERR_FILENO, buffer, (size_t)count);
}

static void handle(int number, siginfo_t *info, void *context) {
  (void)context;
  int saved = errno;
  // Only once: another thread may crash meanwhile, or this handler itself.
  if (atomic_exchange(&is_armed, false)) {
    write_all(state.output, state.bytes, state.length);
    if (state.has_modes) tcsetattr(state.input, TCSANOW, &state.modes);
    replay_errors();
  }
  for (int i = 0; i < SIGNALS; i++) {
    if (crash_signals[i] == number) sigaction(number, &previous[i], NULL);
  }
  // A fault is repeated with its instruction, and then finds the previous handler. A signal that was sent is not repeated.
  if (info->si_code <= 0) raise(number);
  errno = saved;
}

/// Sets an alternate signal stack for this thread, if it has none: the handler must run after a stack overflow too.
static void use_own_stack(void) {
  static char memory[65536];
  stack_t stack;
  if (sigaltstack(NULL, &stack) != 0 || !(stack.ss_flags & SS_DISABLE)) return;
  sigaltstack(&(stack_t){.ss_sp = memory, .ss_size = sizeof memory}, NULL);
}

static void install(void) {
  if (is_installed) return;
  is_installed = true;
  use_own_stack();
  struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigemptyset(&action.sa_mask);
  // Otherwise a background process would be stopped when it sets the terminal.
  sigaddset(&action.sa_mask, SIGTTOU);
  for (int i = 0; i < SIGNALS; i++) sigaction(crash_signals[i], &action, &previous[i]);
}

void cncurses_guard_crashes(
  const cncurses_terminal *terminal, const char *bytes, size_t length, int errors, int captured) {
  atomic_store(&is_armed, false);
  state.length = length < sizeof state.bytes ? length : sizeof state.bytes;
  memcpy(state.bytes, bytes, state.length);
  state.input = terminal->input_descriptor;
  state.output = terminal->output_descriptor;
  state.errors = errors;
  state.captured = captured;
  state.modes = terminal->modes;
  state.has_modes = terminal->has_modes;
  install();
  atomic_store(&is_armed, true);
}

void cncurses_unguard_crashes(void) { atomic_store(&is_armed, false); }

void cncurses_restore_without_waiting(void) {
  if (!atomic_exchange(&is_armed, false)) return;
  // Otherwise a background process would be stopped when it sets the terminal.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTTOU);
  pthread_sigmask(SIG_BLOCK, &signals, NULL);
  if (state.has_modes) tcsetattr(state.input, TCSANOW, &state.modes);
  struct pollfd output = {.fd = state.output, .events = POLLOUT};
  // The blocked thread writes the rest of its frame, which may fill the terminal again.
  for (int i = 0; i < 20; i++) {
    tcflush(state.output, TCOFLUSH);
    usleep(20000);
    if (poll(&output, 1, 0) <= 0 || !(output.revents & POLLOUT)) continue;
    write_all(state.output, state.bytes, state.length);
    return;
  }
}
