package import Dashboard
import Glibc
import UploadCore

/// Reads a directory for the file picker.
///
/// Nothing in the directory is opened, so that no FIFO or device can hold the thread. The file system itself may: call it
/// on a thread that can wait.
package struct DirectoryReader: Sendable {
  private let paths: LocalPath
  /// So many entries are looked at; the others are counted.
  private let limit: Int

  /// Measured: 20,000 entries of 100,000 take 0.2 s on a local disk, and nobody looks through more.
  package init(paths: LocalPath, limit: Int = 20_000) {
    self.paths = paths
    self.limit = limit
  }

  /// What is in a directory, or why it cannot be read.
  /// - Parameter requested: absolute, relative, or beginning with `~`.
  package func read(_ requested: String) -> DirectoryListing {
    var listing = DirectoryListing(requested: requested, path: paths.absolute(requested))
    // A NUL would end the path early, and show another directory.
    guard !requested.utf8.contains(0) else {
      listing.problem = "no name holds a NUL"
      return listing
    }
    let directory = NameBytes.withPath(listing.path) { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK) }
    guard directory >= 0, let stream = fdopendir(directory) else {
      listing.problem = FileKind.reason(errno)
      if directory >= 0 { close(directory) }
      return listing
    }
    defer { closedir(stream) }
    fill(&listing, from: stream)
    return listing
  }

  private func fill(_ listing: inout DirectoryListing, from stream: OpaquePointer) {
    let reader = EntryReader(directory: dirfd(stream))
    while true {
      errno = 0
      guard let item = readdir(stream) else { break }
      withUnsafePointer(to: &item.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { name in
          add(name, to: &listing, with: reader)
        }
      }
    }
    if errno != 0 { listing.problem = FileKind.reason(errno) }
  }

  private func add(_ name: UnsafePointer<CChar>, to listing: inout DirectoryListing, with reader: EntryReader) {
    guard strcmp(name, ".") != 0, strcmp(name, "..") != 0 else { return }
    guard listing.entries.count < limit else {
      listing.total += 1
      return
    }
    // What is gone by now is not counted either.
    guard let entry = reader.entry(name) else { return }
    listing.entries.append(entry)
    listing.total += 1
  }
}
