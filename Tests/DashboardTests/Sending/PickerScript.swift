import TerminalUI

@testable import Dashboard

/// A file picker with an invented file system, driven by events.
struct PickerScript {
  var picker: FilePicker
  var size: Size
  /// The entries of each directory by its path; other directories do not exist.
  var directories: [String: [DirectoryEntry]]
  /// The result of the last event.
  var outcome = FilePicker.Outcome.stay([])
  /// Requested directories without a response yet; each gets one immediately unless ``respondsLate``.
  var requested: [String] = []
  var respondsLate = false

  init(
    _ directory: String = "/home/ann/videos",
    _ directories: [String: [DirectoryEntry]] = PickerScript.sample,
    width: Int = 80,
    height: Int = 24,
    respondsLate: Bool = false
  ) {
    picker = FilePicker(directory: directory, home: "/home/ann")
    self.directories = directories
    self.respondsLate = respondsLate
    size = Size(width: width, height: height)
    follow(.stay(picker.firstEffects))
  }

  mutating func send(_ event: InputEvent) {
    follow(picker.handle(event, in: Rect(size)))
  }

  mutating func press(_ keys: KeyEvent...) {
    for key in keys { send(.key(key)) }
  }

  mutating func type(_ text: String) {
    for character in text { press(KeyEvent(character)) }
  }

  /// Responds to the oldest request.
  mutating func respond() {
    let path = requested.removeFirst()
    follow(picker.receive(listing(path)))
  }

  private mutating func follow(_ outcome: FilePicker.Outcome) {
    self.outcome = outcome
    guard case .stay(let effects) = outcome else { return }
    for case .readDirectory(let path) in effects { requested.append(path) }
    if !respondsLate, !requested.isEmpty { respond() }
  }

  private func listing(_ requested: String) -> DirectoryListing {
    var path = PickerPath.absolute(requested, in: "/", home: "/home/ann")
    if path.count > 1, path.hasSuffix("/") { path.removeLast() }
    guard let entries = directories[path] else {
      return DirectoryListing(requested: requested, path: path, problem: "it is not there, or not any more")
    }
    return DirectoryListing(requested: requested, path: path, entries: entries, total: entries.count)
  }

  func frame(_ glyphs: GlyphSet = .unicode) -> Surface {
    var surface = Surface(size: size, theme: Theme(.dark, tier: .colors256), glyphs: glyphs)
    picker.draw(on: &surface)
    return surface
  }

  /// The row of each name on the screen; nil for a name that is not visible.
  func rows(of names: String...) -> [Int?] {
    let lines = frame().text.split(separator: "\n")
    return names.map { name in lines.firstIndex { $0.contains(name) } }
  }

  var status: String {
    let frame = frame()
    return frame.text(ofRow: frame.size.height - 2)
  }

  static let sample: [String: [DirectoryEntry]] = [
    "/": [.folder("home"), .folder("tmp")],
    "/home": [.folder("ann"), DirectoryEntry(name: "root", kind: .directory, problem: "you may not read it")],
    "/home/ann": [.folder("videos"), .folder("vinyl"), .folder("empty"), .file("notes.txt", 512), .folder(".ssh")],
    "/home/ann/empty": [],
    "/home/ann/vinyl": [.file("A side.flac", 300 << 20), .file("B side.flac", 280 << 20)],
    "/home/ann/videos": [
      .file("file10.mp4", 10 << 20), .file("file2.mp4", 3 << 30), .file("File1.mp4", 1), .folder("raw"),
      .file(".hidden.mp4", 5), .folder("Cuts"),
      DirectoryEntry(name: "pipe", kind: .other("FIFO"), problem: "a FIFO has no size and no end"),
      DirectoryEntry(name: "secret.key", kind: .file, size: 9, problem: "you may not read it"),
      DirectoryEntry(name: "latest", kind: .file, size: 77, modified: "2026-11-25 18:30", linkTarget: "file10.mp4"),
      .file("evil\u{1B}]0;pwned\u{7}\u{202E}gnp.exe", 4),
    ],
    "/home/ann/videos/raw": [.file("clip.mov", 100)],
    "/home/ann/videos/Cuts": [],
  ]
}

extension DirectoryEntry {
  static func file(_ name: String, _ size: UInt64) -> DirectoryEntry {
    DirectoryEntry(name: name, kind: .file, size: size, modified: "2026-11-24 09:05")
  }

  static func folder(_ name: String) -> DirectoryEntry {
    DirectoryEntry(name: name, kind: .directory, modified: "2026-11-20 12:00")
  }
}
