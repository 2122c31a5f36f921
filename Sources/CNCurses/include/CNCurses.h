// ncurses behind a header without its types and macros: raw, its names are too common and its globals no Swift.
// One terminal at a time, all calls on one thread; only the crash handler runs on any.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// What is open: a screen and a keyboard.
typedef struct cncurses_terminal cncurses_terminal;

/// Why a terminal cannot be opened.
enum cncurses_failure {
  CNCURSES_OK,
  /// The terminfo database has no such terminal, or there is no database.
  CNCURSES_UNKNOWN_TERMINAL,
  /// It cannot place the cursor or clear the screen.
  CNCURSES_MISSING_CAPABILITY,
  /// ncurses would not start, or memory is short.
  CNCURSES_NOT_STARTED,
};

enum { CNCURSES_BOLD = 1, CNCURSES_DIM = 2, CNCURSES_UNDERLINE = 4, CNCURSES_REVERSE = 8 };

/// One character on the screen.
typedef struct {
  uint32_t scalar;
  /// Combining marks; 0 behind the last.
  uint32_t marks[3];
  /// Index in the xterm palette, or -1 for the terminal's own.
  int16_t foreground;
  int16_t background;
  uint8_t attributes;
  /// Columns, 1 or 2.
  uint8_t width;
} cncurses_cell;

/// Our numbers for the keys that terminfo names; function key N is CNCURSES_KEY_FUNCTION + N.
enum {
  CNCURSES_KEY_UP = 1,
  CNCURSES_KEY_DOWN,
  CNCURSES_KEY_LEFT,
  CNCURSES_KEY_RIGHT,
  CNCURSES_KEY_HOME,
  CNCURSES_KEY_END,
  CNCURSES_KEY_PAGE_UP,
  CNCURSES_KEY_PAGE_DOWN,
  CNCURSES_KEY_INSERT,
  CNCURSES_KEY_DELETE,
  CNCURSES_KEY_BACKSPACE,
  CNCURSES_KEY_ENTER,
  CNCURSES_KEY_FUNCTION = 100,
};

enum { CNCURSES_MOUSE_PRESS = 1, CNCURSES_MOUSE_SCROLL_UP, CNCURSES_MOUSE_SCROLL_DOWN };

enum {
  CNCURSES_INPUT_NONE,
  /// `value` is a byte, unchanged.
  CNCURSES_INPUT_BYTE,
  /// `value` is one of our keys.
  CNCURSES_INPUT_KEY,
  /// A key that ncurses knows and we do not: `bytes` are what it sends, `length` of them.
  CNCURSES_INPUT_SEQUENCE,
  /// `value` is what the mouse did, at `x` and `y`.
  CNCURSES_INPUT_MOUSE,
  /// Something that means nothing.
  CNCURSES_INPUT_IGNORED,
};

typedef struct {
  int kind;
  int value;
  int x;
  int y;
  uint8_t bytes[32];
  int length;
} cncurses_input;

/// Sets the character set from the environment (LC_ALL, LC_CTYPE, LANG); where it asks for UTF-8 by a locale that is not
/// installed, C.UTF-8 does. Returns whether it is UTF-8.
int cncurses_set_locale(void);

/// Whether a terminal of the terminfo name `type` behind a descriptor could be opened; nothing is sent to it.
enum cncurses_failure cncurses_check(const char *type, int output);

/// Opens a terminal of the terminfo name `type` on two descriptors, which stay the caller's, and takes the screen.
/// Without colour when `use_color` is 0. NULL and the reason in `failure` when that cannot be.
cncurses_terminal *cncurses_open(
  const char *type, int input, int output, int use_color, enum cncurses_failure *failure);

/// Frees everything; the screen must have been given back with cncurses_suspend.
void cncurses_close(cncurses_terminal *terminal);

/// Gives the screen back.
void cncurses_suspend(cncurses_terminal *terminal);

/// Takes the screen again; everything is sent at the next flush.
void cncurses_resume(cncurses_terminal *terminal);

/// How many colours it has: 0, 8, 16, 256, or more where colours are red, green and blue directly.
int cncurses_colors(const cncurses_terminal *terminal);

/// Whether it has an alternate screen as xterm has; such terminals understand or ignore xterm's other sequences too.
int cncurses_is_xterm_like(const cncurses_terminal *terminal);

/// What gives the screen back when written to the terminal as it is. Returns the length, at most `capacity`.
size_t cncurses_restore_bytes(const cncurses_terminal *terminal, char *buffer, size_t capacity);

/// The window's size as the system knows it, else as terminfo has it.
void cncurses_window_size(const cncurses_terminal *terminal, int *columns, int *rows);

/// Fits the screen to a new size; what is on it is undefined until drawn anew.
void cncurses_resize(cncurses_terminal *terminal, int columns, int rows);

/// Clears what is to be shown; with `redraw` the next flush sends everything.
void cncurses_clear(cncurses_terminal *terminal, int redraw);

/// Draws a row from its left edge. A character of which the C library thinks another width shows as `?`.
void cncurses_draw_row(cncurses_terminal *terminal, int y, const cncurses_cell *cells, int count);

/// Sends what has changed, and puts the cursor at a place or hides it (-1).
void cncurses_flush(cncurses_terminal *terminal, int cursor_x, int cursor_y);

/// Has clicks and the wheel reported, or not.
void cncurses_set_mouse(cncurses_terminal *terminal, int is_on);

/// Takes the next piece of input that has arrived; waits only for the rest of an escape sequence, 25 ms at most.
cncurses_input cncurses_read(cncurses_terminal *terminal);

/// From now on, when the process crashes (SEGV ABRT BUS ILL TRAP FPE), the terminal behind `output` is first given `bytes`
/// and its present line settings of before `cncurses_open`, standard error is put back to `errors` and gets the last
/// 4 KiB of `captured` (-1 for both when it was not captured). Then whoever handled the signal before has it.
/// Handlers are installed once; a second call changes what they do.
void cncurses_guard_crashes(
  const cncurses_terminal *terminal, const char *bytes, size_t length, int errors, int captured);

/// From now on a crash does nothing to the terminal.
void cncurses_unguard_crashes(void);
