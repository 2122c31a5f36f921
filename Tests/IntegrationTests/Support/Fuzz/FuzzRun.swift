import Foundation
import Glibc
import Testing
import UploadCore
import UploadTestSupport

/// Sends cases to a server in rounds. After each round the directory must contain exactly the acknowledged files, and
/// is emptied.
struct FuzzRun {
  /// A client thread each.
  private static let connections = 4
  private static let round = 1000

  let server: SluiceServer
  /// Names in the directory that were there before.
  let before: Set<String>
  /// Of all rounds, less the files, which are gone.
  private(set) var total = FuzzTally()

  init(_ server: SluiceServer) throws {
    self.server = server
    before = Set(try server.uploads.names())
  }

  /// Runs the cases of `seeds`.
  /// - Parameter afterRound: called with the number of cases so far, nothing being under way.
  mutating func run(_ seeds: Range<UInt64>, afterRound: (Int) async throws -> Void) async throws {
    var next = seeds.lowerBound
    while next < seeds.upperBound, total.findings.isEmpty {
      let end = min(seeds.upperBound, next + UInt64(Self.round))
      var tally = await tally(next..<end)
      try await checkDirectory(tally, next..<end)
      tally.stored = [:]
      total += tally
      next = end
      try await afterRound(Int(next - seeds.lowerBound))
    }
  }

  private func tally(_ seeds: Range<UInt64>) async -> FuzzTally {
    let port = server.port
    return await withTaskGroup(of: FuzzTally.self) { group in
      for offset in 0..<UInt64(Self.connections) {
        group.addTask {
          await withCheckedContinuation { continuation in
            Thread.detachNewThread {
              let own = stride(from: seeds.lowerBound + offset, to: seeds.upperBound, by: Self.connections)
              continuation.resume(returning: Self.throwAll(own, at: port))
            }
          }
        }
      }
      return await group.reduce(into: FuzzTally()) { $0 += $1 }
    }
  }

  /// One case after the other, on one connection as long as that lasts.
  private static func throwAll(_ seeds: some Sequence<UInt64>, at port: Int) -> FuzzTally {
    var tally = FuzzTally()
    var connection: FuzzConnection?
    for seed in seeds where tally.findings.isEmpty {
      let one = FuzzCase(seed: seed)
      do {
        let open = try connection ?? FuzzConnection(port: port)
        let (responses, end, received) = open.exchange(one)
        tally.note(one, responses, end, received)
        connection = end == .open ? open : nil
      } catch {
        tally.find("no connection (\(error))", one, [])
      }
    }
    return tally
  }

  /// Expects every acknowledged file with its acknowledged size, and no other files, unless HTML pages acknowledged
  /// some without names that can be read.
  private func checkDirectory(_ tally: FuzzTally, _ seeds: Range<UInt64>) async throws {
    var entries: [Entry] = []
    let directory = open(server.uploads.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    try #require(directory >= 0)
    defer { close(directory) }
    let expected = tally.stored.count + tally.pages
    try await eventually("the files of the cases \(seeds)") {
      entries = try Self.entries(in: directory).filter { !before.contains($0.path.description) }
      return try entries.count { !$0.isDirectory } >= expected && server.unnamedFiles == 0
    }
    var missing = tally.stored
    var others: [NameBytes] = []
    for entry in entries {
      let removed = entry.path.withCString { unlinkat(directory, $0, entry.isDirectory ? AT_REMOVEDIR : 0) }
      #expect(removed == 0, "\(entry)")
      guard !entry.isDirectory else { continue }
      let size = missing.removeValue(forKey: FuzzTally.key(entry.path))
      if size == nil { others.append(entry.path) }
      #expect(entry.status.st_mode & S_IFMT == S_IFREG, "\(entry)")
      #expect(size == nil || UInt64(entry.status.st_size) == size, "\(entry), cases \(seeds)")
    }
    #expect(missing.isEmpty, "acknowledged and missing, cases \(seeds)")
    if tally.pages == 0, tally.findings.isEmpty {
      #expect(others == [], "stored and not acknowledged, cases \(seeds)")
    }
  }

  /// A file or a directory beneath the upload directory.
  private struct Entry {
    let path: NameBytes
    let status: stat

    var isDirectory: Bool { status.st_mode & S_IFMT == S_IFDIR }
  }

  /// All that is beneath an open directory, what is in a directory before the directory itself.
  private static func entries(in directory: Int32) throws -> [Entry] {
    // Reading moves the position of a descriptor, so each time one of its own.
    let opened = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    var entries: [Entry] = []
    for name in DirectoryNames.read(descriptor: opened) {
      var status = stat()
      try #require(name.withCString { fstatat(directory, $0, &status, AT_SYMLINK_NOFOLLOW) } == 0, "\(name)")
      let entry = Entry(path: name, status: status)
      if entry.isDirectory {
        let inner = name.withCString { openat(directory, $0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) }
        try #require(inner >= 0, "\(name)")
        defer { close(inner) }
        for beneath in try Self.entries(in: inner) {
          let path = NameBytes(name.bytes + "/".utf8 + beneath.path.bytes)
          entries.append(Entry(path: path, status: beneath.status))
        }
      }
      entries.append(entry)
    }
    return entries
  }
}
