import ArgumentParser
import UploadProtocol

/// Digests computed of every upload: `--digest`.
enum DigestOption: String, ExpressibleByArgument, CaseIterable {
  /// Only those that a request asks for.
  case none
  case sha256

  var algorithms: Set<DigestAlgorithm> {
    switch self {
    case .none: []
    case .sha256: [.sha256]
    }
  }
}
