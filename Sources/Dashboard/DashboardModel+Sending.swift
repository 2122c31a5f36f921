import TerminalUI
import UploadCore

/// What covers the panes while files are chosen: the picker, and the sheet above it.
extension DashboardModel {
  /// Whether the keys go to the picker or to the sheet.
  var isSending: Bool { sheet != nil || isPicking }

  /// Where picker and sheet are drawn.
  var sendingArea: Rect { layout.isSummary ? Rect(size) : layout.body }

  /// Opens the picker where it was left, else where it was in an earlier run, else where the program was started.
  mutating func openPicker() -> [DashboardEffect] {
    isPicking = true
    if var picker {
      let outcome = picker.reload()
      self.picker = picker
      return follow(outcome)
    }
    let picker = FilePicker(directory: settings.directory ?? facts.workingDirectory, home: facts.home)
    self.picker = picker
    return picker.firstEffects
  }

  /// Shows what would be sent, before it is.
  mutating func openSheet(_ paths: [String]) -> [DashboardEffect] {
    let sheet = SendSheet(paths: paths, mode: settings.mode, ownURL: facts.url, home: facts.home)
    self.sheet = sheet
    return sheet.firstEffects
  }

  /// Hands an event to the sheet, or to the picker below it.
  mutating func takeWhileSending(_ event: InputEvent) -> [DashboardEffect] {
    if var sheet {
      let outcome = sheet.handle(event, in: sendingArea)
      self.sheet = sheet
      return follow(outcome)
    }
    guard isPicking, var picker else { return [] }
    let outcome = picker.handle(event, in: sendingArea)
    self.picker = picker
    return follow(outcome)
  }

  mutating func take(_ listing: DirectoryListing) -> [DashboardEffect] {
    guard var picker else { return [] }
    let outcome = picker.receive(listing)
    self.picker = picker
    // A result that arrives while the picker is closed may fill it, but must not open anything.
    return isPicking ? follow(outcome) : []
  }

  private mutating func follow(_ outcome: FilePicker.Outcome) -> [DashboardEffect] {
    switch outcome {
    case .stay(let effects): return effects
    case .help:
      helpOffset = 0
      return []
    case .close:
      rememberDirectory()
      isPicking = false
      return []
    case .choose(let paths):
      rememberDirectory()
      return openSheet(paths)
    }
  }

  private mutating func follow(_ outcome: SendSheet.Outcome) -> [DashboardEffect] {
    if let sheet { settings.mode = sheet.mode }
    switch outcome {
    case .stay(let effects): return effects
    case .help:
      helpOffset = 0
      return []
    case .back:
      sheet = nil
      return []
    case .send(let effect, let left):
      // What was marked has been sent: the next picker begins anew, at the remembered place.
      (sheet, picker, isPicking, frozen) = (nil, nil, false, nil)
      focusPane(.outgoing)
      if !left.isEmpty { mark(left) }
      return [effect]
    }
  }

  /// Keeps files that did not fit into the queue for the next time the picker is open.
  private mutating func mark(_ files: [SendCheck.File]) {
    var next = FilePicker(directory: settings.directory ?? facts.workingDirectory, home: facts.home)
    for file in files { next.marks.add(file.path, size: file.size ?? 0) }
    picker = next
    let count = FilePicker.count(files.count, "file", "files")
    note(.warning, "\(count) stay marked: the line is full. Send them with u and s when others are through.")
  }

  private mutating func rememberDirectory() {
    if let directory = picker?.directory, directory.hasPrefix("/") { settings.directory = directory }
  }
}
