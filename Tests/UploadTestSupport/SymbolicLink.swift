import Glibc

/// What a symbolic link points to; empty when it is none.
package func linkTarget(_ path: String) -> String {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { buffer in
    guard let base = buffer.baseAddress else { return "" }
    let length = readlink(path, base, buffer.count)
    return length > 0 ? String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self) : ""
  }
}
