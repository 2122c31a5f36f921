import Testing
import UploadCore
import UploadTestSupport

@testable import UploadTrials

@Suite struct SampleWriterTests {
  private func write(
    _ size: UInt64,
    to path: String,
    random: Bool = false,
    force: Bool = false,
    progress: (UInt64) -> Void = { _ in },
    isCancelled: () -> Bool = { false }
  ) throws(UploadError) {
    try SampleWriter(path: path, size: SizeSetting(size), random: random, force: force)
      .write(progress: progress, isCancelled: isCancelled)
  }

  /// The expected content, generated in the simplest way.
  private func expected(_ size: Int) -> [UInt8] {
    var lines = ["index, data"]
    var length = lines[0].utf8.count + 1
    guard size >= length else { return Array(lines[0].utf8.prefix(size)) }
    for index in 0... {
      let row = "\(index), \(index * 2)"
      guard length + row.utf8.count + 1 <= size else { break }
      lines.append(row)
      length += row.utf8.count + 1
    }
    lines[lines.count - 1] += String(repeating: " ", count: size - length)
    return Array((lines.joined(separator: "\n") + "\n").utf8)
  }

  @Test func `the sample of each small size is exact, and from 12 bytes ends with a whole row`() async throws {
    try await withTemporaryDirectory { directory in
      for size in 0...300 {
        try write(UInt64(size), to: directory.file("rows-\(size)"))
        let bytes = try directory.read("rows-\(size)")
        #expect(bytes.count == size)
        #expect(bytes == expected(size), "\(size)")
      }
      #expect(try directory.read("rows-12") == Array("index, data\n".utf8))
      #expect(try directory.read("rows-14") == Array("index, data  \n".utf8))
      #expect(try directory.read("rows-17") == Array("index, data\n0, 0\n".utf8))
      #expect(try directory.read("rows-20") == Array("index, data\n0, 0   \n".utf8))
    }
  }

  @Test(arguments: [1 << 20, (1 << 20) + 1, (2 << 20) - 1, (2 << 20) + 7, 5_000_000])
  func `rows continue across the chunks of 1 MiB that are written`(size: Int) async throws {
    try await withTemporaryDirectory { directory in
      try write(UInt64(size), to: directory.file("rows"))
      #expect(try directory.read("rows") == expected(size))
    }
  }

  @Test func `sizes around the ends of blocks of rows are exact`() async throws {
    try await withTemporaryDirectory { directory in
      // The rows before the first block, the first block, and where numbers get a digit more.
      for size in Array(9_900...9_960) + Array(16_900...17_040) + Array(135_000...135_040) {
        try write(UInt64(size), to: directory.file("rows"), force: true)
        #expect(try directory.read("rows") == expected(size), "\(size)")
      }
    }
  }

  @Test(arguments: [0, 1, 7, 8, 9, 1_000, (1 << 20) + 3] as [UInt64])
  func `random bytes have the requested size`(size: UInt64) async throws {
    try await withTemporaryDirectory { directory in
      try write(size, to: directory.file("noise"), random: true)
      #expect(try directory.read("noise").count == Int(size))
    }
  }

  @Test func `random bytes have each value about equally often, and differ in every file`() async throws {
    try await withTemporaryDirectory { directory in
      try write(1 << 20, to: directory.file("a"), random: true)
      try write(1 << 20, to: directory.file("b"), random: true)
      let bytes = try directory.read("a")
      #expect(bytes != (try directory.read("b")))
      var counts = [Int](repeating: 0, count: 256)
      for byte in bytes { counts[Int(byte)] += 1 }
      // 4,096 of each are expected, with a deviation of 64.
      #expect(counts.allSatisfy { (3_600...4_600).contains($0) })
    }
  }

  @Test func `an existing file is kept, and replaced only with force`() async throws {
    try await withTemporaryDirectory { directory in
      try directory.write("old".utf8, to: "file")
      let error = #expect(throws: UploadError.self) { try write(20, to: directory.file("file")) }
      #expect(error?.code == .nameTaken)
      #expect(error?.message.contains("--force") == true)
      #expect(try directory.read("file") == Array("old".utf8))
      try write(20, to: directory.file("file"), force: true)
      #expect(try directory.read("file") == expected(20))
      try write(21, to: directory.file("new"), force: true)
      #expect(try directory.names() == ["file", "new"])
    }
  }

  /// A forced exit removes the unfinished file by this path.
  @Test(arguments: [false, true])
  func `the path of the unfinished file, a temporary one with force, is reported once`(force: Bool) async throws {
    try await withTemporaryDirectory { directory in
      let path = directory.file("sample")
      var unfinished: [String] = []
      try SampleWriter(path: path, size: 10, random: false, force: force).write(onBegin: { unfinished.append($0) })
      #expect(unfinished.count == 1)
      #expect((unfinished.first == path) == !force)
      #expect(unfinished.first?.hasPrefix(directory.path) == true)
      #expect(try directory.names() == ["sample"])
    }
  }

  @Test(arguments: [false, true])
  func `a cancelled write leaves nothing, and an old file unchanged`(force: Bool) async throws {
    try await withTemporaryDirectory { directory in
      if force { try directory.write("old".utf8, to: "file") }
      var chunks = 0
      let error = #expect(throws: UploadError.self) {
        let stop = {
          chunks += 1
          return chunks > 3
        }
        try write(100 << 20, to: directory.file("file"), force: force, isCancelled: stop)
      }
      #expect(error?.code == .cancelled)
      #expect(chunks == 4)
      let names = try directory.names()
      #expect(names == (force ? ["file"] : []))
      if force { #expect(try directory.read("file") == Array("old".utf8)) }
    }
  }

  @Test(arguments: [1 << 60, .max] as [UInt64])
  func `a file that is too large for the disk is rejected before the first byte`(size: UInt64) async throws {
    try await withTemporaryDirectory { directory in
      let error = #expect(throws: UploadError.self) {
        try write(size, to: directory.file("file"), progress: { _ in Issue.record("something was written") })
      }
      #expect(error?.code == .diskFull)
      #expect(error?.message.contains("free") == true)
      let names = try directory.names()
      #expect(names.isEmpty)
    }
  }

  @Test func `the error names the path whose directory does not exist or is a file`() async throws {
    try await withTemporaryDirectory { directory in
      try directory.write([], to: "plain")
      for path in [directory.file("no/file"), directory.file("plain/file")] {
        for force in [false, true] {
          let error = #expect(throws: UploadError.self) { try write(1, to: path, force: force) }
          #expect(error?.code == .badDirectory)
          #expect(error?.message.contains(path) == true)
        }
      }
      let long = directory.file(String(repeating: "x", count: 300))
      #expect(throws: UploadError.self) { try write(1, to: long) }
    }
  }

  @Test func `progress grows, is limited in frequency, and ends with the size`() async throws {
    try await withTemporaryDirectory { directory in
      let size: UInt64 = 8 << 20
      var reported: [UInt64] = []
      let start = ContinuousClock.now
      try write(size, to: directory.file("file"), progress: { reported.append($0) })
      let limit = Int((ContinuousClock.now - start) / .milliseconds(100)) + 1
      #expect(reported.last == size)
      #expect(reported == reported.sorted())
      #expect(Set(reported).count == reported.count)
      #expect(reported.count <= limit)
    }
  }
}
