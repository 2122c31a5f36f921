import Glibc
import HTTPTypes
import UploadCore
import UploadProtocol
import UploadStorage

extension Preconditions.Representation {
  /// A stored file as clients see it.
  init(_ version: FileVersion) {
    // A strong validator (RFC 9110 section 8.8.3).
    self.init(tag: EntityTag(version.text), modified: version.modified)
  }
}

extension Preconditions {
  /// What a request that stores something requires.
  /// - Throws: ``UploadError`` with code `badRequest`.
  static func ofUpload(_ request: HTTPRequest) throws(UploadError) -> Preconditions {
    try Preconditions(request.headerFields, for: .store, now: CurrentTime.seconds)
  }

  /// The same for the store; nil when nothing is required.
  /// - Parameter name: the requested name; nil when none is requested.
  func condition(for name: FileName?) -> PublishCondition? {
    guard !isEmpty else { return nil }
    return PublishCondition(name: name) { version throws(UploadError) in
      switch evaluate(version.map { Representation($0) }) {
      case .perform, .notModified: break
      case .failed(let field): throw Self.failure(field)
      }
    }
  }
}

/// The wall clock.
enum CurrentTime {
  /// Seconds since 1970.
  static var seconds: Int64 { Int64(time(nil)) }
}

/// The time as a line of the log begins with it.
package enum LogTime {
  /// `1994-11-06T08:49:37Z` (RFC 3339).
  package static var now: String { HTTPDate.internetText(CurrentTime.seconds) }
}
