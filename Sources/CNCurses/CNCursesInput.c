#include <stdlib.h>
#include <string.h>

#include "CNCursesTerminal.h"

/// The reported mouse events: releases and double clicks have no meaning.
static const mmask_t mouse_events = BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED;

/// Our number for a key of ncurses; 0 when there is none.
static int key_number(int code) {
  if (code >= KEY_F(1) && code <= KEY_F(12)) return CNCURSES_KEY_FUNCTION + code - KEY_F0;
  static const int keys[][2] = {
    {KEY_UP, CNCURSES_KEY_UP}, {KEY_DOWN, CNCURSES_KEY_DOWN}, {KEY_LEFT, CNCURSES_KEY_LEFT},
    {KEY_RIGHT, CNCURSES_KEY_RIGHT}, {KEY_HOME, CNCURSES_KEY_HOME}, {KEY_END, CNCURSES_KEY_END},
    {KEY_PPAGE, CNCURSES_KEY_PAGE_UP}, {KEY_NPAGE, CNCURSES_KEY_PAGE_DOWN}, {KEY_IC, CNCURSES_KEY_INSERT},
    {KEY_DC, CNCURSES_KEY_DELETE}, {KEY_BACKSPACE, CNCURSES_KEY_BACKSPACE}, {KEY_ENTER, CNCURSES_KEY_ENTER},
  };
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
    if (keys[i][0] == code) return keys[i][1];
  }
  return 0;
}

static cncurses_input mouse_input(void) {
  MEVENT event;
  int action = 0;
  if (getmouse(&event) != OK) return (cncurses_input){.kind = CNCURSES_INPUT_BYTES};
  if (event.bstate & BUTTON1_PRESSED) action = CNCURSES_MOUSE_PRESS;
  if (event.bstate & BUTTON4_PRESSED) action = CNCURSES_MOUSE_SCROLL_UP;
  if (event.bstate & BUTTON5_PRESSED) action = CNCURSES_MOUSE_SCROLL_DOWN;
  int kind = action != 0 ? CNCURSES_INPUT_MOUSE : CNCURSES_INPUT_BYTES;
  return (cncurses_input){.kind = kind, .value = action, .x = event.x, .y = event.y};
}

/// The bytes of a key that has no number, usually one with a modifier. Whether ncurses decodes such a key depends on
/// the terminfo entry; the bytes do not.
static cncurses_input sequence_input(int code) {
  cncurses_input input = {.kind = CNCURSES_INPUT_BYTES};
  char *bytes = keybound(code, 0);
  if (bytes != NULL && strlen(bytes) <= sizeof input.bytes) {
    input.length = (int)strlen(bytes);
    memcpy(input.bytes, bytes, strlen(bytes));
  }
  free(bytes);
  return input;
}

cncurses_input cncurses_read(cncurses_terminal *terminal) {
  set_term(terminal->screen);
  // Not wget_wch, which loses the first bytes of a character whose last ones have not arrived yet.
  int code = wgetch(terminal->pad);
  if (code == ERR) return (cncurses_input){.kind = CNCURSES_INPUT_NONE};
  if (code < KEY_MIN) return (cncurses_input){.kind = CNCURSES_INPUT_BYTES, .bytes = {(uint8_t)code}, .length = 1};
  if (code == KEY_MOUSE) return mouse_input();
  // The new size is handled on SIGWINCH.
  if (code == KEY_RESIZE) return (cncurses_input){.kind = CNCURSES_INPUT_BYTES};
  int key = key_number(code);
  if (key != 0) return (cncurses_input){.kind = CNCURSES_INPUT_KEY, .value = key};
  return sequence_input(code);
}

void cncurses_set_mouse(cncurses_terminal *terminal, int is_on) {
  set_term(terminal->screen);
  mousemask(is_on ? mouse_events : 0, NULL);
}
