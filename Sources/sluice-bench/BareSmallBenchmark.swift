import ArgumentParser
import Basics
import Glibc
import Synchronization
import UploadCore

/// Measures how fast many small files can be stored with system calls alone, synced in groups: what a server that
/// receives a directory is compared with.
struct BareSmallBenchmark: Benchmark {
  static let name = "bare-small"
  static let abstract = "Small files in several directories, stored with system calls and synced in groups."

  @OptionGroup var common: BenchOptions
  @Option(help: "Number of files. (default: 10000)", transform: Parse.number(in: 1...10_000_000))
  var files = 10_000
  @Option(help: "Size of each file. (default: 4KiB)", transform: Parse.size)
  var size = 4 << 10
  @Option(help: "Directories that the files are spread over. (default: 10)", transform: Parse.number(in: 1...10_000))
  var directories = 10
  // As in the server.
  @Option(help: "Files that are synced together. (default: 64)", transform: Parse.number(in: 1...1000))
  var group = 64
  @Option(help: "Groups at once. (default: 4)", transform: Parse.number(in: 1...1000))
  var threads = 4
  @Option(help: "Directory on the disk to measure.")
  var dir = "."
  // ext4 does not use the inodes of files again that were removed in the last minutes, and looks at each of them for
  // each new file: removing the files of one measurement slows the next one down, to a fifth for 10,000 files.
  @Flag(help: "Keep the files.")
  var keep = false

  func run(rounds: Int) throws -> Report {
    let content = SplitMix64.bytes(size, seed: 4)
    let subject = Subject(labels: ["bare"]) { try measure(content) }
    return Report(
      labels: ["subject"],
      columns: [
        Report.Column(title: "files/s", key: "filesPerSecond", digits: 0),
        Report.Column(title: "seconds", key: "seconds", digits: 3),
      ],
      rows: try Subject.medians(of: [subject], rounds: rounds),
      notes: [
        "\(files) files of \(ByteSize.text(UInt64(size))) in \(directories) directories, \(threads) threads.",
        "Per group of \(group): open with O_TMPFILE, write, syncfs, link, fsync of the directories.",
      ]
    )
  }

  private func measure(_ content: [UInt8]) throws -> [Double?] {
    try Workspace.use(in: dir, keeps: keep) { path in
      let places = try (0..<directories).map { number in
        let place = "\(path)/\(number)"
        try check(mkdir(place, 0o700) == 0, "mkdir", .badDirectory, "Cannot create a directory in \(path)")
        return try BareDirectory(path: place)
      }
      let queue = FileQueue(count: files, group: group)
      let files = files
      let duration = try ContinuousClock().measure {
        try Threads.run(threads) { _ in
          while let numbers = queue.next() {
            // In the order in which a directory is sent: one directory after the other.
            try BareDirectory.store(content, as: numbers.map { (places[$0 * places.count / files], "\($0)") })
          }
        }
      }
      return [Double(files) / duration.inSeconds, duration.inSeconds]
    }
  }
}

/// The numbers of files that have not been stored yet, for several threads.
private final class FileQueue: Sendable {
  private let count: Int
  private let group: Int
  private let begun = Atomic<Int>(0)

  init(count: Int, group: Int) {
    self.count = count
    self.group = group
  }

  /// Removes the numbers of the next group; nil when there are none.
  func next() -> Range<Int>? {
    let start = begun.wrappingAdd(group, ordering: .relaxed).oldValue
    return start < count ? start..<min(start + group, count) : nil
  }
}
