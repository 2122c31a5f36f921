import Foundation
import UploadTestSupport

extension TemporaryDirectory {
  /// Writes a file of random bytes in blocks of 1 MiB. The first byte begins no known file type and occurs in no text,
  /// since a few random bytes may all be printable.
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
    while left > 0, let block = try source.read(upToCount: min(left, 1 << 20)), !block.isEmpty {
      try target.write(contentsOf: block)
      left -= block.count
    }
    return path
  }

  /// Makes a directory in it.
  func directory(_ name: String) throws -> TemporaryDirectory {
    try FileManager.default.createDirectory(atPath: file(name), withIntermediateDirectories: false)
    return TemporaryDirectory(inside: file(name))
  }
}
