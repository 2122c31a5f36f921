#include <stdlib.h>
#include <wchar.h>

#include "CNCursesTerminal.h"

/// The red, green and blue of an entry of the xterm palette, as direct-colour terminals need them. Numbers below 8 are
/// the plain colours there too.
static int direct_color(int index) {
  static const int bright[] = {0x808080, 0xff0000, 0x00ff00, 0xffff00, 0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff};
  static const int levels[] = {0, 95, 135, 175, 215, 255};
  if (index < 8) return index;
  if (index < 16) return bright[index - 8];
  if (index >= 232) return (8 + 10 * (index - 232)) * 0x010101;
  int cube = index - 16;
  int color = levels[cube / 36] << 16 | levels[cube / 6 % 6] << 8 | levels[cube % 6];
  // 0 to 7 would be plain colours.
  return color < 8 ? 0 : color;
}

static int color_number(const cncurses_terminal *terminal, int index) {
  if (index < 0) return -1;
  if (terminal->is_direct) return direct_color(index);
  return index < terminal->colors ? index : -1;
}

static int pair_number(cncurses_terminal *terminal, int foreground, int background) {
  if (terminal->colors == 0 || (foreground < 0 && background < 0)) return 0;
  unsigned hash = ((unsigned)foreground * 31u + (unsigned)background * 131u) % CNCURSES_PAIRS;
  cncurses_pair *entry = &terminal->pairs[hash];
  if (entry->pair == 0 || entry->foreground != foreground || entry->background != background) {
    int pair = alloc_pair(color_number(terminal, foreground), color_number(terminal, background));
    *entry = (cncurses_pair){(int16_t)foreground, (int16_t)background, pair > 0 ? pair : 0};
  }
  return entry->pair;
}

static attr_t attributes(uint8_t flags) {
  return (flags & CNCURSES_BOLD ? A_BOLD : 0) | (flags & CNCURSES_DIM ? A_DIM : 0)
    | (flags & CNCURSES_UNDERLINE ? A_UNDERLINE : 0) | (flags & CNCURSES_REVERSE ? A_REVERSE : 0);
}

/// Converts a cell for ncurses. Returns the number of cells written: two for a wide character that ncurses cannot show.
static int convert(cncurses_terminal *terminal, const cncurses_cell *cell, cchar_t *result) {
  int pair = pair_number(terminal, cell->foreground, cell->background);
  attr_t style = attributes(cell->attributes);
  wchar_t text[5] = {(wchar_t)cell->scalar, 0};
  if (wcwidth(text[0]) == cell->width) {
    int length = 1;
    for (int i = 0; i < 3 && cell->marks[i] != 0; i++) {
      if (wcwidth((wchar_t)cell->marks[i]) == 0) text[length++] = (wchar_t)cell->marks[i];
    }
    if (setcchar(result, text, style, 0, &pair) == OK) return 1;
  }
  // As wide as the character, so that the rest of the row keeps its position.
  for (int i = 0; i < cell->width; i++) setcchar(&result[i], L"?", style, 0, &pair);
  return cell->width;
}

void cncurses_draw_row(cncurses_terminal *terminal, int y, const cncurses_cell *cells, int count) {
  set_term(terminal->screen);
  int width = getmaxx(stdscr);
  if (terminal->row_capacity < width + 2) {
    cchar_t *row = realloc(terminal->row, (size_t)(width + 2) * sizeof *row);
    if (row == NULL) return;
    terminal->row = row;
    terminal->row_capacity = width + 2;
  }
  int columns = 0, written = 0;
  for (int i = 0; i < count && columns + cells[i].width <= width; i++) {
    written += convert(terminal, &cells[i], &terminal->row[written]);
    columns += cells[i].width;
  }
  mvwadd_wchnstr(stdscr, y, 0, terminal->row, written);
}

void cncurses_flush(cncurses_terminal *terminal, int cursor_x, int cursor_y) {
  set_term(terminal->screen);
  bool is_shown = cursor_x >= 0;
  if (is_shown != terminal->is_cursor_shown) {
    curs_set(is_shown ? 1 : 0);
    terminal->is_cursor_shown = is_shown;
  }
  // A hidden cursor needs no bytes to move.
  leaveok(stdscr, !is_shown);
  if (is_shown) wmove(stdscr, cursor_y, cursor_x);
  wnoutrefresh(stdscr);
  doupdate();
}
