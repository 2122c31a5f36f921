import Foundation
import UploadTestSupport

extension TemporaryDirectory {
  /// Makes a file of random bytes, in pieces, so that a big one costs no memory. The first is one that begins no known
  /// kind of file and stands in no text: a few random bytes are all printable now and then.
  /// - Returns: its path.
  @discardableResult
  func random(_ size: Int, to name: String) throws -> String {
    let path = file(name)
    try Data().write(to: URL(filePath: path))
    let target = try FileHandle(forWritingTo: URL(filePath: path))
    let source = try FileHandle(forReadingFrom: URL(filePath: "/dev/urandom"))
    defer {
      try? target.close()
      try? source.close()
    }
    var left = size
    if left > 0 {
      try target.write(contentsOf: [0x02])
      left -= 1
    }
    while left > 0, let piece = try source.read(upToCount: min(left, 1 << 20)), !piece.isEmpty {
      try target.write(contentsOf: piece)
      left -= piece.count
    }
    return path
  }

  /// Makes a directory in it.
  func directory(_ name: String) throws -> TemporaryDirectory {
    try FileManager.default.createDirectory(atPath: file(name), withIntermediateDirectories: false)
    return TemporaryDirectory(inside: file(name))
  }
}
