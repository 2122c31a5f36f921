/// How a script's frames are written.
package enum FrameFormat: String, CaseIterable, Sendable {
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
