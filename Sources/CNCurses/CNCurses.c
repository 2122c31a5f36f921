#include "CNCurses.h"

#include <curses.h>
#include <langinfo.h>
#include <locale.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <unistd.h>

#include "CNCursesTerminal.h"

/// Milliseconds to wait for the rest of an escape sequence: long for a connection, short for a user.
static const int escape_delay = 25;

int cncurses_set_locale(void) {
  if (setlocale(LC_CTYPE, "") == NULL) {
    const char *names[] = {getenv("LC_ALL"), getenv("LC_CTYPE"), getenv("LANG")};
    const char *name = "";
    for (int i = 0; i < 3 && *name == 0; i++) {
      if (names[i] != NULL) name = names[i];
    }
    if (strcasestr(name, "utf-8") != NULL || strcasestr(name, "utf8") != NULL) setlocale(LC_CTYPE, "C.UTF-8");
  }
  return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

static bool is_capability(const char *value) { return value != NULL && value != (const char *)-1; }

// Asks terminfo, because newterm exits the process for an unknown terminal.
enum cncurses_failure cncurses_check(const char *type, int output) {
  int status = 0;
  if (setupterm(type, output, &status) != OK) {
    // 1 means a terminal that prints on paper.
    return status == 1 ? CNCURSES_MISSING_CAPABILITY : CNCURSES_UNKNOWN_TERMINAL;
  }
  bool usable = is_capability(tigetstr("cup")) && is_capability(tigetstr("clear"));
  del_curterm(cur_term);
  return usable ? CNCURSES_OK : CNCURSES_MISSING_CAPABILITY;
}

/// Opens the streams that ncurses needs on copies: closing them must not close the caller's descriptors.
static bool open_streams(cncurses_terminal *terminal, int input, int output) {
  int input_copy = dup(input), output_copy = dup(output);
  terminal->input = input_copy < 0 ? NULL : fdopen(input_copy, "r");
  terminal->output = output_copy < 0 ? NULL : fdopen(output_copy, "w");
  if (terminal->input == NULL && input_copy >= 0) close(input_copy);
  if (terminal->output == NULL && output_copy >= 0) close(output_copy);
  return terminal->input != NULL && terminal->output != NULL;
}

void cncurses_close(cncurses_terminal *terminal) {
  if (terminal->pad != NULL) delwin(terminal->pad);
  if (terminal->screen != NULL) delscreen(terminal->screen);
  if (terminal->input != NULL) fclose(terminal->input);
  if (terminal->output != NULL) fclose(terminal->output);
  free(terminal->row);
  free(terminal);
}

static void set_input_modes(int input) {
  cbreak();
  noecho();
  nonl();
  // Ctrl-S must not freeze the screen, and Ctrl-V and Ctrl-O are normal keys.
  struct termios modes;
  if (tcgetattr(input, &modes) == 0) {
    modes.c_iflag &= ~(tcflag_t)IXON;
    modes.c_lflag &= ~(tcflag_t)IEXTEN;
    tcsetattr(input, TCSADRAIN, &modes);
  }
  def_prog_mode();
}

static void set_colors(cncurses_terminal *terminal, int use_color) {
  if (!use_color || !has_colors() || start_color() == ERR || use_default_colors() == ERR) return;
  terminal->is_direct = tigetflag("RGB") > 0 || tigetnum("RGB") > 0 || is_capability(tigetstr("RGB"));
  terminal->colors = COLORS;
  // Prevents ncurses from resetting the palette, which nothing here changes but the user may have.
  orig_colors = NULL;
}

cncurses_terminal *cncurses_open(const char *type, int input, int output, int use_color) {
  cncurses_terminal *terminal = calloc(1, sizeof *terminal);
  if (terminal == NULL) return NULL;
  terminal->input_descriptor = input;
  terminal->output_descriptor = output;
  terminal->has_modes = tcgetattr(input, &terminal->modes) == 0;
  if (open_streams(terminal, input, output)) terminal->screen = newterm(type, terminal->output, terminal->input);
  // Keys are read through a pad, because reading through the screen's own window would refresh it.
  if (terminal->screen != NULL) terminal->pad = newpad(1, 1);
  if (terminal->pad == NULL) {
    if (terminal->screen != NULL) cncurses_suspend(terminal);
    cncurses_close(terminal);
    return NULL;
  }
  set_input_modes(input);
  set_escdelay(escape_delay);
  set_colors(terminal, use_color);
  keypad(terminal->pad, TRUE);
  nodelay(terminal->pad, TRUE);
  mouseinterval(0);
  curs_set(0);
  return terminal;
}

void cncurses_suspend(cncurses_terminal *terminal) {
  set_term(terminal->screen);
  curs_set(1);
  endwin();
}

void cncurses_resume(cncurses_terminal *terminal) {
  set_term(terminal->screen);
  reset_prog_mode();
  curs_set(0);
  terminal->is_cursor_shown = false;
  clearok(stdscr, TRUE);
}

int cncurses_colors(const cncurses_terminal *terminal) { return terminal->colors; }

int cncurses_is_xterm_like(const cncurses_terminal *terminal) {
  set_term(terminal->screen);
  const char *enter = tigetstr("smcup");
  return is_capability(enter) && strstr(enter, "?1049h") != NULL;
}

/// Appends a capability without its padding, which only old hardware terminals need.
static size_t append_capability(char *buffer, size_t length, size_t capacity, const char *name) {
  const char *value = tigetstr(name);
  if (!is_capability(value)) return length;
  while (*value != 0 && length < capacity) {
    const char *end = value[0] == '$' && value[1] == '<' ? strchr(value, '>') : NULL;
    if (end != NULL) {
      value = end + 1;
    } else {
      buffer[length++] = *value++;
    }
  }
  return length;
}

size_t cncurses_restore_bytes(const cncurses_terminal *terminal, char *buffer, size_t capacity) {
  set_term(terminal->screen);
  // Attributes and colours off, cursor on, keypad mode off, and last the main screen.
  const char *names[] = {"sgr0", "op", "cnorm", "rmkx", "rmcup"};
  size_t length = 0;
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    length = append_capability(buffer, length, capacity, names[i]);
  }
  // Without an alternate screen, later output should appear on an empty one.
  if (!is_capability(tigetstr("rmcup"))) length = append_capability(buffer, length, capacity, "clear");
  return length;
}

// The parameters have other names than in the header, because "columns" is a macro of term.h.
void cncurses_resize(cncurses_terminal *terminal, int *width, int *height) {
  struct winsize size = {0};
  set_term(terminal->screen);
  ioctl(terminal->output_descriptor, TIOCGWINSZ, &size);
  *width = size.ws_col > 0 ? size.ws_col : tigetnum("cols");
  *height = size.ws_row > 0 ? size.ws_row : tigetnum("lines");
  if (*width <= 0) *width = 80;
  if (*height <= 0) *height = 24;
  resizeterm(*height, *width);
  clearok(stdscr, TRUE);
}

void cncurses_clear(cncurses_terminal *terminal, int redraw) {
  set_term(terminal->screen);
  werase(stdscr);
  if (redraw) clearok(stdscr, TRUE);
}
