import ArgumentParser
import UploadCore

/// The modes a client can choose.
enum SendMode: String, ExpressibleByArgument, CaseIterable {
  case stream, multipart, buffered

  var uploadMode: UploadMode {
    switch self {
    case .stream: .stream
    case .multipart: .multipart
    case .buffered: .buffered
    }
  }
}
