import Dashboard
import Glibc
import TerminalUI
import Testing
import UploadCore
import UploadTestSupport

@testable import DashboardApp
@testable import UploadTrials

/// Everything that writes a file under a path the user named.
enum FileWriter: String, CaseIterable {
  case settings, chart, frame, sample

  /// The name it writes to in a directory.
  var name: String { self == .frame ? "file.txt" : "file" }

  func write(in directory: TemporaryDirectory) throws(UploadError) {
    let path = directory.file(name)
    switch self {
    case .settings: try SettingsFile(path: path).save(DashboardSettings())
    case .chart: try MemoryChart(comparison: Comparison(name: "a", size: 0, runs: 1, maxMemory: nil)).write(to: path)
    case .frame:
      let surface = Surface(size: Size(width: 4, height: 1), theme: Theme(.dark, tier: .mono), glyphs: .ascii)
      try FrameDirectory(path: directory.path, format: .text).write(surface, name: "file")
    case .sample: try SampleWriter(path: path, size: 20, random: false, force: true).write()
    }
  }
}

/// What can stand where a file is to be written, and must stay.
enum SpecialFile: CaseIterable {
  case fifo, socket, device, directory

  func make(at path: String) {
    switch self {
    case .fifo: #expect(mkfifo(path, 0o600) == 0)
    case .socket: #expect(mknod(path, S_IFSOCK | 0o600, 0) == 0)
    // Major 1, minor 3: /dev/null. Without the right to make one, a link to it.
    case .device: if mknod(path, S_IFCHR | 0o600, 0x103) != 0 { #expect(Glibc.symlink("/dev/null", path) == 0) }
    case .directory: #expect(mkdir(path, 0o700) == 0)
    }
  }
}

@Suite struct OutputFileTests {
  private func kind(_ path: String, _ look: (String, UnsafeMutablePointer<stat>) -> Int32 = { lstat($0, $1) }) -> mode_t
  {
    var status = stat()
    return look(path, &status) == 0 ? status.st_mode & S_IFMT : 0
  }

  @Test(arguments: FileWriter.allCases, SpecialFile.allCases)
  func `a special file is not written to, also not through links, and stays`(writer: FileWriter, special: SpecialFile)
    async throws
  {
    for links in 0...2 {
      try await withTemporaryDirectory { directory in
        let names = ["special", "link", writer.name]
        let first = 2 - links
        special.make(at: directory.file(names[first]))
        for index in (first + 1)..<3 where index < 3 { symlink(names[index - 1], directory.file(names[index])) }
        let before = kind(directory.file(names[first]))
        let error = #expect(throws: UploadError.self) { try writer.write(in: directory) }
        #expect(error?.code == .nameTaken)
        #expect(error?.message.contains("not a regular file") == true, "\(error?.message ?? "")")
        #expect(kind(directory.file(names[first])) == before)
        let left = try directory.names()
        #expect(left == names[first...].sorted(), "no temporary file is left")
      }
    }
  }

  @Test(arguments: FileWriter.allCases)
  func `writing to a link to a device is rejected, and the link and the device stay`(writer: FileWriter) async throws {
    try await withTemporaryDirectory { directory in
      symlink("/dev/null", directory.file(writer.name))
      #expect(throws: UploadError.self) { try writer.write(in: directory) }
      #expect(kind("/dev/null") == S_IFCHR)
      #expect(kind(directory.file(writer.name)) == S_IFLNK)
    }
  }

  @Test(arguments: FileWriter.allCases)
  func `a regular file is replaced through its link and keeps its mode`(writer: FileWriter) async throws {
    try await withTemporaryDirectory { directory in
      mkdir(directory.file("real"), 0o700)
      try directory.write("old".utf8, to: "real/file")
      #expect(chmod(directory.file("real/file"), 0o640) == 0)
      symlink("real/file", directory.file("between"))
      symlink(directory.file("between"), directory.file(writer.name))
      try writer.write(in: directory)
      #expect(kind(directory.file(writer.name)) == S_IFLNK && kind(directory.file("between")) == S_IFLNK)
      var status = stat()
      #expect(lstat(directory.file("real/file"), &status) == 0 && status.st_mode & 0o7777 == 0o640)
      #expect(try directory.read("real/file") != Array("old".utf8))
      #expect(try TemporaryDirectory(inside: directory.file("real")).names().first == "file")
    }
  }

  @Test(arguments: FileWriter.allCases)
  func `writing to a link that leads to nothing creates the file that it names`(writer: FileWriter) async throws {
    try await withTemporaryDirectory { directory in
      symlink("new", directory.file(writer.name))
      try writer.write(in: directory)
      #expect(kind(directory.file("new")) == S_IFREG && kind(directory.file(writer.name)) == S_IFLNK)
    }
  }

  @Test func `links in a loop, and links of procfs to open files, are rejected`() async throws {
    try await withTemporaryDirectory { directory in
      symlink("b", directory.file("a"))
      symlink("a", directory.file("b"))
      let loop = #expect(throws: UploadError.self) { try OutputTarget(directory.file("a")) }
      #expect(loop?.message.contains("loop") == true)
      let path = try directory.write([], to: "open")
      let descriptor = open(path, O_WRONLY)
      defer { close(descriptor) }
      let link = #expect(throws: UploadError.self) { try OutputTarget("/proc/self/fd/\(descriptor)") }
      #expect(link?.code == .nameTaken)
    }
  }

  @Test(arguments: SpecialFile.allCases)
  func `a new sample without force replaces no special file and follows no link`(special: SpecialFile) async throws {
    try await withTemporaryDirectory { directory in
      special.make(at: directory.file("special"))
      symlink("special", directory.file("link"))
      symlink("missing", directory.file("dangling"))
      for name in ["special", "link", "dangling"] {
        let error = #expect(throws: UploadError.self) {
          try SampleWriter(path: directory.file(name), size: 1, random: false, force: false).write()
        }
        #expect(error?.code == .nameTaken)
      }
      let names = try directory.names()
      #expect(names == ["dangling", "link", "special"])
    }
  }

  @Test func `unreadable settings are not moved over a special file, and saving fails`() async throws {
    try await withTemporaryDirectory { directory in
      let broken = Array("{".utf8)
      let path = try directory.write(broken, to: "config.json")
      mkfifo(path + ".bad", 0o600)
      #expect(throws: UploadError.self) { try SettingsFile(path: path).save(DashboardSettings()) }
      #expect(kind(path + ".bad") == S_IFIFO)
      #expect(try directory.read("config.json") == broken)
    }
  }
}
