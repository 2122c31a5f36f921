// A program that tests run on a pseudo-terminal. Without arguments it prints each event and performs the command of each key,
// such as a crash. `frames random|dashboard SEED` draws frames and prints the content of each. `input` prints input events
// until "the end" is pasted. Without a terminal it prints the reason and exits with status 64.
import Glibc
import TerminalNCurses
import TerminalUI

do {
  let terminal = try NCursesTerminal(
    type: getenv("TERM").map { String(cString: $0) },
    usesColor: getenv("NO_COLOR").map { $0.pointee == 0 } ?? true
  )
  let arguments = CommandLine.arguments.dropFirst()
  switch arguments.first {
  case "frames":
    let seed = arguments.dropFirst(2).first.flatMap { UInt64($0) } ?? 0
    let isDashboard = arguments.dropFirst().first == "dashboard"
    let source: any FrameSource =
      isDashboard ? DashboardFrames(seed: seed, terminal) : RandomFrames(seed: seed, terminal)
    var probe = FrameProbe(terminal, source)
    exit(probe.run())
  case "input": exit(InputProbe(terminal).run())
  default: exit(Probe(terminal).run())
  }
} catch {
  print(error)
  exit(64)
}
