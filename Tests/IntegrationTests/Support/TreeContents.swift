import Foundation
import Glibc
import UploadCore
import UploadTestSupport

/// What is in a directory, at any depth, to be compared with a copy of it.
struct TreeContents: Equatable, CustomStringConvertible {
  enum Entry: Equatable {
    case directory
    /// - Parameters:
    ///   - sha256: of the content, in hexadecimal.
    ///   - modified: seconds since 1970.
    case file(sha256: String, modified: Int)
    /// A link, FIFO, socket or device.
    case other
  }

  /// By path relative to the directory.
  private(set) var entries: [NameBytes: Entry] = [:]

  /// Reads a directory. What a server keeps in it of unfinished uploads is left out.
  /// - Throws: `TimeoutError` when a file cannot be read.
  init(of path: String) throws {
    try read(NameBytes(path), prefix: [])
  }

  private mutating func read(_ path: NameBytes, prefix: [UInt8]) throws {
    let descriptor = path.withCString { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    for name in DirectoryNames.read(descriptor: descriptor) where !name.bytes.starts(with: ".sluice-".utf8) {
      let place = NameBytes(path.bytes + [UInt8(ascii: "/")] + name.bytes)
      let relative = prefix + name.bytes
      var status = stat()
      guard place.withCString({ lstat($0, &status) }) == 0 else { throw TimeoutError("\(place) cannot be read") }
      switch status.st_mode & S_IFMT {
      case S_IFDIR:
        entries[NameBytes(relative)] = .directory
        try read(place, prefix: relative + [UInt8(ascii: "/")])
      case S_IFREG:
        let content = try Self.content(of: place)
        entries[NameBytes(relative)] = .file(sha256: Digest.of(content), modified: status.st_mtim.tv_sec)
      default: entries[NameBytes(relative)] = .other
      }
    }
  }

  private static func content(of path: NameBytes) throws -> [UInt8] {
    let descriptor = path.withCString { open($0, O_RDONLY | O_CLOEXEC) }
    guard descriptor >= 0 else { throw TimeoutError("\(path) cannot be opened") }
    let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    return [UInt8](try file.readToEnd() ?? Data())
  }

  /// Paths, sorted.
  var paths: [String] { entries.keys.map(\.description).sorted() }

  var description: String { entries.map { "\($0): \($1)" }.sorted().joined(separator: "\n") }
}

extension TemporaryDirectory {
  /// Makes a tree with the commands of a script, run in the directory.
  func script(_ commands: String) async throws {
    let ended = try await ProcessRunner.run("sh", ["-euc", commands], directory: path)
    guard ended.exit == .status(0) else { throw TimeoutError("the script failed: \(ended)") }
  }

  /// Makes the directory `photos` with nested, hidden and empty directories, times in the past, and names that need care.
  func makePhotos() async throws {
    try await script(
      #"""
      mkdir -p 'photos/2024/a b' photos/empty/within photos/.hidden
      printf one > photos/one.jpg
      printf two > 'photos/2024/a b/two %41.jpg'
      printf three > photos/.hidden/.three
      : > photos/zero
      printf latin > "photos/$(printf 'caf\351')"
      printf umlaut > 'photos/2024/grüße.txt'
      touch -d @1000000000 photos/one.jpg
      touch -d @1234567890 'photos/2024/a b/two %41.jpg'
      """#
    )
    try random(5 << 20, to: "photos/2024/large.bin")
    try await script("touch -d @1500000000 photos/2024/large.bin")
  }
}
