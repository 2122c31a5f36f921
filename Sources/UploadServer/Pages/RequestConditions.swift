import Glibc
import UploadCore
import UploadProtocol
import UploadStorage

extension Preconditions.Representation {
  /// A version of a stored file, with a strong entity tag (RFC 9110 section 8.8.3).
  init(_ version: FileVersion) {
    self.init(tag: EntityTag(version.text), modified: version.modified)
  }
}

extension Preconditions {
  /// The preconditions in the form that the store checks; nil when nothing is required.
  /// - Parameter name: the requested name; nil when none is requested.
  func condition(for name: FileName?) -> PublishCondition? {
    guard !isEmpty else { return nil }
    return PublishCondition(name: name) { version throws(UploadError) in
      if case .failed(let field) = evaluate(version.map { Representation($0) }) { throw Self.failure(field) }
    }
  }
}

/// The wall clock.
enum CurrentTime {
  /// Seconds since 1970.
  static var seconds: Int64 { Int64(time(nil)) }
}

/// The time at the beginning of a log line.
package enum LogTime {
  /// `1994-11-06T08:49:37Z` (RFC 3339).
  package static var now: String { HTTPDate.internetText(CurrentTime.seconds) }
}
