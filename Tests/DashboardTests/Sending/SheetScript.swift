import TerminalUI
import UploadCore

@testable import Dashboard

/// A send dialog driven by events; its checks get their results immediately unless ``respondsLate``.
struct SheetScript {
  var sheet: SendSheet
  var size: Size
  var files: [String: SendCheck.File]
  var targetProblems: [String: String] = [:]
  var outcome = SendSheet.Outcome.stay([])
  var requested: [DashboardEffect] = []
  var respondsLate = false

  init(
    _ paths: [String] = ["/home/ann/videos/holiday.mp4", "/home/ann/notes.txt", "/home/ann/gone.txt"],
    width: Int = 80,
    height: Int = 24,
    respondsLate: Bool = false,
    targets: SavedTargets = SavedTargets(),
    address: String = ""
  ) {
    sheet = SendSheet(
      paths: paths,
      mode: .stream,
      ownURL: "http://127.0.0.1:8080",
      home: "/home/ann",
      targets: targets,
      address: address
    )
    size = Size(width: width, height: height)
    self.respondsLate = respondsLate
    files = [
      "/home/ann/videos/holiday.mp4": .init(path: "/home/ann/videos/holiday.mp4", size: 3 << 30),
      "/home/ann/notes.txt": .init(path: "/home/ann/notes.txt", size: 512),
    ]
    follow(.stay(sheet.firstEffects))
  }

  mutating func send(_ event: InputEvent) {
    follow(sheet.handle(event, in: Rect(size)))
  }

  mutating func press(_ keys: KeyEvent...) {
    for key in keys { send(.key(key)) }
  }

  mutating func type(_ text: String) {
    for character in text { press(KeyEvent(character)) }
  }

  private mutating func follow(_ outcome: SendSheet.Outcome) {
    self.outcome = outcome
    guard case .stay(let effects) = outcome else { return }
    requested += effects
    if !respondsLate { for effect in effects { respond(effect) } }
  }

  mutating func respond(_ question: DashboardEffect) {
    guard case .check(let paths, let target) = question else { return }
    let found = paths.map { files[$0] ?? .init(path: $0, problem: "it is not there, or not any more") }
    var check = SendCheck(files: found, target: target)
    if case .url(let text) = target { check.targetProblem = targetProblems[text] }
    sheet.receive(check)
  }

  func frame(_ glyphs: GlyphSet = .unicode) -> Surface {
    var surface = Surface(size: size, theme: Theme(.dark, tier: .colors256), glyphs: glyphs)
    sheet.draw(on: &surface)
    return surface
  }

  var text: String { frame().text }
}
