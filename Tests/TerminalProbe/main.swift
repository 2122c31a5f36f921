// A program for tests to run on a pseudo-terminal. Without arguments it shows each event, and keys make it suspend,
// crash and so on; `frames random|dashboard SEED` draws one frame after another and reports the content of each;
// `input` reads events until "the end" is pasted. Without a terminal it reports the reason and ends with status 64.
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
