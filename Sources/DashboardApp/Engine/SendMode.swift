package import UploadCore

/// The modes a client can choose.
package enum SendMode: String, CaseIterable, Sendable {
  case stream, multipart, buffered

  package var uploadMode: UploadMode {
    switch self {
    case .stream: .stream
    case .multipart: .multipart
    case .buffered: .buffered
    }
  }
}
