// A program for tests to run on a pseudo-terminal: it shows what happened, and does what keys tell it, crashing included.
// Without a terminal it says why and ends with status 64.
import Glibc
import TerminalNCurses
import TerminalUI

do {
  let terminal = try NCursesTerminal(
    type: getenv("TERM").map { String(cString: $0) },
    usesColor: getenv("NO_COLOR") == nil
  )
  exit(Probe(terminal).run())
} catch {
  print(error)
  exit(64)
}
