import ArgumentParser

/// How a script's frames are written.
enum FrameFormat: String, ExpressibleByArgument, CaseIterable {
  /// The characters alone.
  case text
  /// With colours, for `cat`.
  case ansi

  var fileExtension: String {
    switch self {
    case .text: "txt"
    case .ansi: "ansi"
    }
  }
}
