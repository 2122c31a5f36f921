import TerminalUI
import UploadCore

/// The file picker and the send dialog, which cover the panes while files are chosen.
extension DashboardModel {
  /// Whether the file picker or the send dialog is open. All keys but those of ``KeyContext/program`` go to it, unless
  /// the help or a question is open too.
  var isSending: Bool { sheet != nil || isPicking }

  /// The region of the screen that file picker and send dialog are drawn into, and that their mouse positions refer to.
  var sendingArea: Rect { layout.isSummary ? Rect(size) : layout.body }

  private var newPicker: FilePicker {
    FilePicker(directory: settings.directory ?? facts.workingDirectory, home: facts.home)
  }

  /// Opens the picker in the directory that it showed last, in this run or an earlier one; before its first use, in the
  /// working directory.
  /// - Returns: the effects that read the directory.
  mutating func openPicker() -> [DashboardEffect] {
    isPicking = true
    if let outcome = picker?.reload() { return follow(outcome) + (picker?.marks.requestCounts() ?? []) }
    let new = newPicker
    picker = new
    return new.firstEffects
  }

  /// Opens the send dialog for files.
  /// - Parameter paths: absolute, at least one.
  /// - Returns: the effects that check the files.
  mutating func openSheet(_ paths: [String]) -> [DashboardEffect] {
    var new = SendSheet(
      paths: paths,
      mode: settings.mode,
      ownURL: facts.url,
      home: facts.home,
      targets: targets,
      address: lastAddress
    )
    // Those of marked directories have been requested.
    if let marks = picker?.marks { new.counts = marks.counts }
    sheet = new
    return new.firstEffects
  }

  /// Hands an event to the send dialog, or to the picker when no dialog is open.
  mutating func handleWhileSending(_ event: InputEvent) -> [DashboardEffect] {
    let area = sendingArea
    if let outcome = sheet?.handle(event, in: area) { return follow(outcome) }
    guard isPicking, let outcome = picker?.handle(event, in: area) else { return [] }
    return follow(outcome)
  }

  mutating func receive(_ listing: DirectoryListing) -> [DashboardEffect] {
    // A closed picker may be updated, but must not open the send dialog.
    guard let outcome = picker?.receive(listing), isPicking else { return [] }
    return follow(outcome)
  }

  private mutating func follow(_ outcome: FilePicker.Outcome) -> [DashboardEffect] {
    switch outcome {
    case .stay(let effects): return effects
    case .help: helpOffset = 0
    case .close:
      rememberDirectory()
      isPicking = false
      return stopCounting()
    case .choose(let paths):
      rememberDirectory()
      return openSheet(paths)
    }
    return []
  }

  private mutating func follow(_ outcome: SendSheet.Outcome) -> [DashboardEffect] {
    if let sheet { (settings.mode, targets) = (sheet.mode, sheet.address.targets) }
    switch outcome {
    case .stay(let effects): return effects
    case .help: helpOffset = 0
    case .back:
      defer { sheet = nil }
      if !isPicking { return stopCounting() }
    case .send where !acceptsUploads(): break
    case .send(let effect, let left):
      let stopping = stopCounting() + (sheet.map { remember($0.address) } ?? [])
      // The marked files have been sent: the next picker has no marks.
      (sheet, picker, isPicking, frozen) = (nil, nil, false, nil)
      focusPane(.outgoing)
      if !left.isEmpty { mark(left) }
      return stopping + [effect]
    }
    return []
  }

  /// Sends files of the command line to the first target. Their paths and that target were checked before.
  mutating func sendGiven(_ paths: [String]) -> [DashboardEffect] {
    let address = TargetField(lastAddress, targets: targets, ownURL: facts.url)
    let mode = SendSheet.modes.contains(settings.mode) ? settings.mode : .stream
    return remember(address) + [.send(paths: paths, target: address.destination, mode: mode)]
  }

  /// Makes a target the one that the next send dialog begins with, and the first of those that are offered.
  /// - Returns: the effect that stores it, without query and fragment; none for the server in this process.
  private mutating func remember(_ address: TargetField) -> [DashboardEffect] {
    lastAddress = address.destination == .ownServer ? "" : address.url
    guard address.destination != .ownServer, let url = TargetText.stored(address.url) else { return [] }
    targets.apply(.used(url))
    return [.saveTarget(.used(url))]
  }

  /// Makes a new picker in which the files are marked that the queue had no room for, and adds a note about them.
  private mutating func mark(_ files: [SendCheck.File]) {
    var next = newPicker
    for file in files { _ = next.marks.add(file.path, size: file.size, isDirectory: file.isDirectory) }
    picker = next
    let count = Figures.count(files.count, "file stays", "files stay")
    note(.warning, "\(count) marked: the queue is full. Send them with u and s when other uploads have ended.")
  }

  /// Stops counts that are not shown any more: they cost time of the disk.
  private func stopCounting() -> [DashboardEffect] {
    let isCounting = picker?.marks.counts.isCounting == true || sheet?.counts.isCounting == true
    return isCounting ? [.stopCounting] : []
  }

  private mutating func rememberDirectory() {
    if let directory = picker?.directory, directory.hasPrefix("/") { settings.directory = directory }
  }
}
