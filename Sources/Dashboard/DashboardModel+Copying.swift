import TerminalUI
import UploadCore

/// What is copied to the user's clipboard.
extension DashboardModel {
  /// Copies the link whose QR code is shown, otherwise the one in the header.
  mutating func copyLink() -> [DashboardEffect] { copy(.link(codeLink ?? facts.shownLink)) }

  /// Copies where the file of the selected upload is, or says in a note why that is not possible.
  mutating func copyFile() -> [DashboardEffect] {
    guard let record = selected, let file = record.now.finishedFile else {
      note(.info, "select a complete upload: Y copies the URL or the path of its file")
      return []
    }
    guard record.tree == nil else {
      note(.info, "Y copies the URL or the path of one file: Enter opens the tree")
      return []
    }
    let name = file.path.isEmpty ? record.now.name : file.path
    switch record.now.direction {
    case .incoming: return copy(.received(file.nameBytes ?? NameBytes(name), name: name))
    case .outgoing:
      if let url = file.url { return copy(.url(url, name: name)) }
      if let path = record.now.path { return copy(.path(path, name: name)) }
      note(.info, "the server has stated no URL of \(name)")
      return []
    }
  }

  /// Without a clipboard, a note has the link; other values are too long to be typed.
  private mutating func copy(_ source: CopySource) -> [DashboardEffect] {
    if capabilities.hasClipboard { return [.copy(source)] }
    let text =
      switch source {
      case .link(let link): "the link is \(link)"
      case .url(let url, _): "the URL is \(url)"
      case .path(let path, _): "the path is \(path)"
      case .received(_, let name): "the file is \(name) in \(facts.directory)"
      }
    note(.warning, "this terminal has no clipboard for programs; \(text)")
    return []
  }
}
