// ncurses behind a header without its types and macros, whose names are too common, and without its global variables, which
// Swift 6 rejects. One terminal at a time; all calls on one thread. Only the crash handler runs on any thread.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// An open terminal, a screen and a keyboard: from cncurses_open to cncurses_close.
typedef struct cncurses_terminal cncurses_terminal;

/// Why a terminal cannot be opened; CNCURSES_OK when it can.
enum cncurses_failure {
  CNCURSES_OK,
  /// The terminfo database does not have this terminal, or there is no database.
  CNCURSES_UNKNOWN_TERMINAL,
  /// The terminal cannot place the cursor or clear the screen.
  CNCURSES_MISSING_CAPABILITY,
  /// ncurses did not start, for example for lack of memory.
  CNCURSES_NOT_STARTED,
};

enum { CNCURSES_BOLD = 1, CNCURSES_DIM = 2, CNCURSES_UNDERLINE = 4, CNCURSES_REVERSE = 8 };

/// One character on the screen, with its colours and attributes.
typedef struct {
  uint32_t scalar;
  /// Combining marks, at most three; 0 after the last.
  uint32_t marks[3];
  /// Colours: indices in the xterm palette, 0 to 255, or -1 for the terminal's own. A terminal with fewer colours shows
  /// its own in place of those it does not have.
  int16_t foreground, background;
  uint8_t attributes;
  /// How many columns of the screen it takes, 1 or 2.
  uint8_t width;
} cncurses_cell;

/// Our numbers for the keys in terminfo; function key N, 1 to 12, is CNCURSES_KEY_FUNCTION + N.
enum {
  CNCURSES_KEY_UP = 1, CNCURSES_KEY_DOWN, CNCURSES_KEY_LEFT, CNCURSES_KEY_RIGHT, CNCURSES_KEY_HOME, CNCURSES_KEY_END,
  CNCURSES_KEY_PAGE_UP, CNCURSES_KEY_PAGE_DOWN, CNCURSES_KEY_INSERT, CNCURSES_KEY_DELETE, CNCURSES_KEY_BACKSPACE,
  CNCURSES_KEY_ENTER, CNCURSES_KEY_FUNCTION = 100,
};

enum { CNCURSES_MOUSE_PRESS = 1, CNCURSES_MOUSE_SCROLL_UP, CNCURSES_MOUSE_SCROLL_DOWN };

enum {
  /// There is no input for now, or the terminal is gone.
  CNCURSES_INPUT_NONE,
  /// The first `length` of `bytes`: one byte that belongs to no key in terminfo, all bytes of a key without a number of
  /// ours, or none (0) for input that is to be ignored.
  CNCURSES_INPUT_BYTES,
  /// `value` is a CNCURSES_KEY_ constant.
  CNCURSES_INPUT_KEY,
  /// `value` is a CNCURSES_MOUSE_ constant, at column `x` and row `y`, both from 0.
  CNCURSES_INPUT_MOUSE,
};

/// One unit of input. `kind` is a CNCURSES_INPUT_ constant, which decides what the other members mean.
typedef struct {
  int kind, value, x, y;
  uint8_t bytes[32];
  int length;
} cncurses_input;

/// Sets the character set of the process from the environment (LC_ALL, LC_CTYPE, LANG); call it before cncurses_open.
/// If that names a UTF-8 locale that is not installed, C.UTF-8 is used. Returns 1 when the character set is UTF-8,
/// otherwise 0.
int cncurses_set_locale(void);

/// Checks whether a terminal of the terminfo name `type` on the descriptor `output` can be opened. Nothing is sent to
/// it.
enum cncurses_failure cncurses_check(const char *type, int output);

/// Opens a terminal of the terminfo name `type` on two descriptors, which the caller still owns, and takes over the
/// screen. Call it only after cncurses_check has returned CNCURSES_OK for the same `type` and `output`, otherwise
/// ncurses may end the process; and call cncurses_resize before anything is drawn. Without colours when `use_color` is
/// 0. Returns NULL when ncurses did not start.
cncurses_terminal *cncurses_open(const char *type, int input, int output, int use_color);

/// Frees the terminal and closes no descriptor of the caller; call cncurses_suspend first. Not to be used afterwards.
void cncurses_close(cncurses_terminal *terminal);

/// Restores the screen and the terminal's settings for other programs, until cncurses_resume or cncurses_close.
void cncurses_suspend(cncurses_terminal *terminal);

/// Takes over the screen after cncurses_suspend; the next flush sends everything.
void cncurses_resume(cncurses_terminal *terminal);

/// The number of colours that the terminal can show: 0 for none, usually 8, 16 or 256, or more where a colour's number
/// is its red, green and blue.
int cncurses_colors(const cncurses_terminal *terminal);

/// Whether the terminal has an alternate screen like xterm, 1 or 0. Such terminals understand or ignore xterm's other
/// sequences.
int cncurses_is_xterm_like(const cncurses_terminal *terminal);

/// Copies the bytes that restore the screen when written to the terminal, for use after a crash. Returns their number,
/// at most `capacity`; the rest is missing then.
size_t cncurses_restore_bytes(const cncurses_terminal *terminal, char *buffer, size_t capacity);

/// Changes the size of the screen to that of the window and stores it, in characters: from the system, otherwise from
/// terminfo, otherwise 80 by 24. The content of the screen is undefined until all of it is drawn again; the next flush
/// sends everything.
void cncurses_resize(cncurses_terminal *terminal, int *columns, int *rows);

/// Makes all cells blank, on the terminal at the next flush; unless `redraw` is 0, that flush sends everything.
void cncurses_clear(cncurses_terminal *terminal, int redraw);

/// Draws `count` cells from the left edge of row `y` (from 0), up to the right edge; shown at the next flush. A
/// character that has another width in the C library is shown as `?` in each of the cell's columns.
void cncurses_draw_row(cncurses_terminal *terminal, int y, const cncurses_cell *cells, int count);

/// Sends all changes since the last flush, and shows the cursor at column `cursor_x` and row `cursor_y`, both from 0,
/// or hides it when `cursor_x` is negative. Blocks while the terminal accepts no output.
void cncurses_flush(cncurses_terminal *terminal, int cursor_x, int cursor_y);

/// Turns the reporting of clicks of the first button and of the wheel on, or off when `is_on` is 0. Initially off.
void cncurses_set_mouse(cncurses_terminal *terminal, int is_on);

/// Removes and returns the next unit of input. Waits only for the rest of an escape sequence, at most 25 ms.
cncurses_input cncurses_read(cncurses_terminal *terminal);

/// Sets what happens when the process crashes (SEGV ABRT BUS ILL TRAP FPE): `bytes` are written to the terminal, its
/// settings before cncurses_open are restored, and standard error becomes `errors` again and receives the last 4 KiB of
/// the file `captured`. Then the previous signal handler runs. `errors` and `captured`: descriptors; -1 for both when
/// standard error was not captured. `bytes`: copied, at most 512. Handlers are installed once; a later call replaces
/// these values.
void cncurses_guard_crashes(
  const cncurses_terminal *terminal, const char *bytes, size_t length, int errors, int captured);

/// Turns the effect of cncurses_guard_crashes off: call it once the screen has been restored, before the descriptors
/// are closed.
void cncurses_unguard_crashes(void);

/// Restores the terminal of cncurses_guard_crashes for an exit while another thread is blocked in writing to it: discards
/// output that is not read yet, restores the settings, and writes the bytes if the terminal accepts them, for which it
/// waits 0.4 s. May block where another thread fills the terminal again meanwhile. Callable from any thread; has no effect after
/// cncurses_unguard_crashes.
void cncurses_restore_without_waiting(void);
