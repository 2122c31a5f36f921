import UploadCore

/// Something that is done only when the user says so again.
enum Question: Hashable, Sendable {
  case cancel(UploadID, name: String, direction: UploadDirection)
  /// While so many uploads run.
  case quit(running: Int)

  var title: String {
    switch self {
    case .cancel: "Cancel this upload?"
    case .quit: "Quit?"
    }
  }

  /// What will happen.
  var lines: [String] {
    switch self {
    case .cancel(_, let name, .incoming): [name, "What has arrived of it is thrown away."]
    case .cancel(_, let name, .outgoing): [name, "The upload ends here."]
    case .quit(let running): [running == 1 ? "1 upload runs and is ended." : "\(running) uploads run and are ended."]
    }
  }
}
