// The definition of the handle; for the files of this target.
#pragma once

#include <curses.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <termios.h>

#include "CNCurses.h"

/// A pair of colours, indices in the xterm palette or -1, and ncurses' number for it.
typedef struct {
  int16_t foreground, background;
  /// 0 while the entry is unused.
  int pair;
} cncurses_pair;

enum { CNCURSES_PAIRS = 256 };

struct cncurses_terminal {
  SCREEN *screen;
  FILE *input, *output;
  /// Input is read through this window, which is never shown.
  WINDOW *pad;
  int input_descriptor, output_descriptor;
  /// The terminal's settings before it was opened; valid only if `has_modes`.
  struct termios modes;
  bool has_modes;
  int colors;
  /// Whether a colour's number is its red, green and blue.
  bool is_direct;
  bool is_cursor_shown;
  /// Indexed by a hash of the two colours, because alloc_pair searches a tree.
  cncurses_pair pairs[CNCURSES_PAIRS];
  /// Room for `row_capacity` cells, those of one row; NULL before the first row is drawn.
  cchar_t *row;
  int row_capacity;
};
