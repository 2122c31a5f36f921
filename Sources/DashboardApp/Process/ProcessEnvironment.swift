import Glibc
import UploadCore

/// The process's environment as text.
package enum ProcessEnvironment {
  /// Names and values; bytes that are not UTF-8 are kept (``NameBytes/losslessText``).
  package static var all: [String: String] {
    var result: [String: String] = [:]
    var entry = environ
    while let text = entry.pointee {
      let pair = NameBytes(cString: text).losslessText.split(
        separator: "=",
        maxSplits: 1,
        omittingEmptySubsequences: false
      )
      if pair.count == 2 { result[String(pair[0])] = String(pair[1]) }
      entry += 1
    }
    return result
  }
}
