#include <stdlib.h>
#include <string.h>

#include "CNCursesTerminal.h"

/// What we report of the mouse: releases and double clicks would only be thrown away.
static const mmask_t mouse_events = BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED;

static int key_number(int code) {
  if (code >= KEY_F(1) && code <= KEY_F(12)) return CNCURSES_KEY_FUNCTION + code - KEY_F0;
  switch (code) {
    case KEY_UP: return CNCURSES_KEY_UP;
    case KEY_DOWN: return CNCURSES_KEY_DOWN;
    case KEY_LEFT: return CNCURSES_KEY_LEFT;
    case KEY_RIGHT: return CNCURSES_KEY_RIGHT;
    case KEY_HOME: return CNCURSES_KEY_HOME;
    case KEY_END: return CNCURSES_KEY_END;
    case KEY_PPAGE: return CNCURSES_KEY_PAGE_UP;
    case KEY_NPAGE: return CNCURSES_KEY_PAGE_DOWN;
    case KEY_IC: return CNCURSES_KEY_INSERT;
    case KEY_DC: return CNCURSES_KEY_DELETE;
    case KEY_BACKSPACE: return CNCURSES_KEY_BACKSPACE;
    case KEY_ENTER: return CNCURSES_KEY_ENTER;
    default: return 0;
  }
}

static cncurses_input mouse_input(void) {
  MEVENT event;
  cncurses_input input = {.kind = CNCURSES_INPUT_IGNORED};
  if (getmouse(&event) != OK) return input;
  if (event.bstate & BUTTON1_PRESSED) input.value = CNCURSES_MOUSE_PRESS;
  if (event.bstate & BUTTON4_PRESSED) input.value = CNCURSES_MOUSE_SCROLL_UP;
  if (event.bstate & BUTTON5_PRESSED) input.value = CNCURSES_MOUSE_SCROLL_DOWN;
  if (input.value != 0) input.kind = CNCURSES_INPUT_MOUSE;
  input.x = event.x;
  input.y = event.y;
  return input;
}

/// A key with a modifier, mostly. Which ones ncurses names depends on the terminfo entry: what they send does not.
static cncurses_input sequence_input(int code) {
  cncurses_input input = {.kind = CNCURSES_INPUT_IGNORED};
  char *bytes = keybound(code, 0);
  if (bytes == NULL) return input;
  size_t length = strlen(bytes);
  if (length > 0 && length <= sizeof input.bytes) {
    memcpy(input.bytes, bytes, length);
    input.length = (int)length;
    input.kind = CNCURSES_INPUT_SEQUENCE;
  }
  free(bytes);
  return input;
}

cncurses_input cncurses_read(cncurses_terminal *terminal) {
  set_term(terminal->screen);
  // Not wget_wch: it loses the first bytes of a character whose last ones have not arrived yet.
  int code = wgetch(terminal->pad);
  if (code == ERR) return (cncurses_input){.kind = CNCURSES_INPUT_NONE};
  if (code < KEY_MIN) return (cncurses_input){.kind = CNCURSES_INPUT_BYTE, .value = code & 0xFF};
  if (code == KEY_MOUSE) return mouse_input();
  // The size comes with a signal of its own.
  if (code == KEY_RESIZE) return (cncurses_input){.kind = CNCURSES_INPUT_IGNORED};
  int key = key_number(code);
  if (key != 0) return (cncurses_input){.kind = CNCURSES_INPUT_KEY, .value = key};
  return sequence_input(code);
}

void cncurses_set_mouse(cncurses_terminal *terminal, int is_on) {
  set_term(terminal->screen);
  mousemask(is_on ? mouse_events : 0, NULL);
}
