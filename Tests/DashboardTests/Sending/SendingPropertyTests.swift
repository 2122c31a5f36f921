import TerminalUI
import Testing

@testable import Dashboard

struct PickerPropertyTests {
  /// Requests get their results immediately, late, or never.
  @Test(arguments: 1...10)
  func `after random events and listings the picker draws a valid frame and chooses absolute paths`(seed: UInt64) {
    var events = RandomEvents(seed: seed)
    var directories = PickerScript.sample
    directories["/home/ann/videos"]? += [.file("漢字のとても長い名前.mp4", .max), .file("e\u{301}\u{200B}\n", .max)]
    var script = PickerScript("~", directories, respondsLate: true)
    for _ in 0..<200 {
      if !script.requested.isEmpty, events.number(3) > 0 { script.respond() }
      if events.number(10) == 0 { script.size = events.size() }
      script.send(events.next())
      let flaw = script.frame(events.number(2) == 0 ? .ascii : .unicode).flaw
      #expect(flaw == nil, "\(script.size)")
      if case .choose(let paths) = script.outcome { #expect(!paths.isEmpty && paths.allSatisfy { $0.hasPrefix("/") }) }
    }
  }
}

struct SheetPropertyTests {
  @Test(arguments: 1...10)
  func `after random events and checks the dialog draws a valid frame and sends in a valid mode`(seed: UInt64) {
    var events = RandomEvents(seed: seed)
    let names = ["notes.txt", "漢字のとても長い名前.mp4", "evil\u{1B}]0;x\u{7}\u{202E}gnp.exe", "a", "b", "c"]
    var script = SheetScript(names.map { "/home/ann/" + $0 }, respondsLate: true)
    script.files["/home/ann/a"] = .init(path: "/home/ann/a", size: .max)
    script.files["/home/ann/b"] = .init(path: "/home/ann/b", size: .max)
    for _ in 0..<200 {
      if let question = script.requested.last, events.number(3) == 0 { script.respond(question) }
      if events.number(10) == 0 { script.size = events.size() }
      script.send(events.next())
      let flaw = script.frame(events.number(2) == 0 ? .ascii : .unicode).flaw
      #expect(flaw == nil, "\(script.size)")
      guard case .send(.send(let paths, _, let mode), _) = script.outcome else { continue }
      #expect(!paths.isEmpty && SendSheet.modes.contains(mode))
    }
  }
}
