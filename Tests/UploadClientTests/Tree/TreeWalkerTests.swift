import Glibc
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadClient

@Suite struct TreeWalkerTests {
  /// What a walk of `paths` finds, as one text for each entry, sorted.
  private func walk(_ paths: [String], _ rules: TreeRules = TreeRules()) -> [String] {
    let walker = TreeWalker(paths.map { .directory($0) }, rules: rules)
    return all(walker).map(Self.text).sorted()
  }

  private func all(_ walker: TreeWalker) -> [TreeEntry] {
    var entries: [TreeEntry] = []
    while true {
      let batch = walker.next(atMost: 3)
      guard !batch.isEmpty else { return entries }
      #expect(batch.count <= 3)
      entries += batch
    }
  }

  private static func text(_ entry: TreeEntry) -> String {
    switch entry {
    case .file(let source): source.remotePath ?? "-"
    case .emptyDirectory(let path): path + "/"
    case .skipped(let path, let kind): "\(kind) \(NameBytes(lossless: path).lastName)"
    case .failed(let path, _): "failed \(NameBytes(lossless: path).lastName)"
    }
  }

  /// Makes directories, and files of one byte.
  private func make(_ paths: [String], in directory: TemporaryDirectory) throws {
    for path in paths {
      if path.hasSuffix("/") { mkdir(directory.file(path), 0o700) } else { try directory.write([1], to: path) }
    }
  }

  @Test func `all files are found, hidden ones and empty directories too`() async throws {
    try await withTemporaryDirectory { directory in
      try make(["t/", "t/a", "t/.hidden", "t/d/", "t/d/b", "t/empty/", "t/d/e/"], in: directory)
      let wanted = ["t/.hidden", "t/a", "t/d/b", "t/d/e/", "t/empty/"]
      #expect(walk([directory.file("t")]) == wanted)
      #expect(walk([directory.file("t/")]) == [".hidden", "a", "d/b", "d/e/", "empty/"])
      #expect(walk([directory.file("t/.")]) == [".hidden", "a", "d/b", "d/e/", "empty/"])
      #expect(walk([directory.path + "/t/../t"]) == wanted)
    }
  }

  @Test func `an empty tree is one empty directory, and its content nothing`() async throws {
    try await withTemporaryDirectory { directory in
      try make(["t/"], in: directory)
      #expect(walk([directory.file("t")]) == ["t/"])
      #expect(walk([directory.file("t/")]) == [])
    }
  }

  @Test func `a file has its size and its modification time`() async throws {
    try await withTemporaryDirectory { directory in
      try make(["t/"], in: directory)
      let path = try directory.write([1, 2, 3], to: "t/a")
      var times = [timeval(tv_sec: 1, tv_usec: 0), timeval(tv_sec: 86_400, tv_usec: 999_999)]
      utimes(path, &times)
      guard case .file(let source) = all(TreeWalker([.directory(directory.file("t"))], rules: TreeRules())).first else {
        Issue.record("no file")
        return
      }
      #expect(source.size == 3 && source.modified == 86_400 && source.path == path && source.name == "t/a")
    }
  }

  @Test func `links and special files are reported, and not followed or opened`() async throws {
    try await withTemporaryDirectory { directory in
      try make(["t/", "out/", "out/secret"], in: directory)
      symlink("../out", directory.file("t/dirlink"))
      symlink("../out/secret", directory.file("t/filelink"))
      symlink("nowhere", directory.file("t/broken"))
      mkfifo(directory.file("t/pipe"), 0o600)
      let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
      defer { close(descriptor) }
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      let path = directory.file("t/socket")
      withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
      let bound = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
      }
      // A long TMPDIR has no room in a socket's address.
      let hasSocket = bound == 0
      let wanted = ["link broken", "link dirlink", "link filelink", "pipe pipe"] + (hasSocket ? ["socket socket"] : [])
      // Nothing of it is sent, so the directory is an empty one.
      #expect(walk([directory.file("t")]) == (wanted + ["t/"]).sorted())
    }
  }

  @Test func `devices are reported`() {
    let entries = walk(["/dev"], TreeRules(excludes: []))
    #expect(entries.contains("device null"))
    #expect(!entries.contains { $0.hasSuffix("/null") })
  }

  @Test func `followed links lead out of the tree, and files are sent once for each way to them`() async throws {
    try await withTemporaryDirectory { directory in
      try make(["t/", "t/a", "out/", "out/b"], in: directory)
      symlink("../out", directory.file("t/l1"))
      symlink("../out", directory.file("t/l2"))
      symlink("a", directory.file("t/f"))
      symlink("nowhere", directory.file("t/broken"))
      let rules = TreeRules(followsLinks: true)
      #expect(walk([directory.file("t")], rules) == ["failed broken", "t/a", "t/f", "t/l1/b", "t/l2/b"])
    }
  }

  @Test func `loops of followed links end, and are reported`() async throws {
    try await withTemporaryDirectory { directory in
      try make(["t/", "t/a", "t/d/", "t/d/b"], in: directory)
      symlink("..", directory.file("t/d/up"))
      symlink(".", directory.file("t/self"))
      symlink("circle", directory.file("t/circle"))
      let rules = TreeRules(followsLinks: true)
      #expect(
        walk([directory.file("t")], rules) == ["failed circle", "failed self", "failed up", "t/a", "t/d/b"]
      )
    }
  }

  @Test func `names that are not UTF-8, and with control characters, keep their bytes`() async throws {
    try await withTemporaryDirectory { directory in
      try make(["t/"], in: directory)
      let names = [NameBytes([0x63, 0xE9]), NameBytes("a\nb\u{1B}[2J")]
      for name in names {
        let path = directory.path + "/t/" + name.losslessText
        let descriptor = NameBytes.withPath(path) { open($0, O_CREAT | O_WRONLY | O_CLOEXEC, 0o600) }
        try #require(descriptor >= 0)
        close(descriptor)
      }
      let entries = all(TreeWalker([.directory(directory.file("t"))], rules: TreeRules()))
      let sources = entries.compactMap { entry -> UploadSource? in if case .file(let file) = entry { file } else { nil }
      }
      let found = sources.compactMap { $0.remotePath.map { NameBytes(lossless: $0) } }
      #expect(Set(found) == Set(names.map { NameBytes("t/".utf8 + $0.bytes) }))
      for source in sources { _ = try source.open() }
    }
  }

  @Test func `what is excluded is not read, and an excluded content leaves an empty directory`() async throws {
    try await withTemporaryDirectory { directory in
      try make(["t/", "t/a.tmp", "t/a", "t/build/", "t/build/x", "t/d/", "t/d/b.tmp", "t/top"], in: directory)
      let patterns = try ["*.tmp", "build/", "/top"].map { text in try GlobPattern(text) }
      #expect(walk([directory.file("t")], TreeRules(excludes: patterns)) == ["t/a", "t/d/"])
      #expect(walk([directory.file("t/")], TreeRules(excludes: patterns)) == ["a", "d/"])
    }
  }

  @Test func `a directory beyond the 32nd level fails, and the others are sent`() async throws {
    try await withTemporaryDirectory { directory in
      var path = "t"
      try make(["t/"], in: directory)
      for level in 2...34 {
        path += "/\(level)"
        try make([path + "/", path + "/f"], in: directory)
      }
      let entries = walk([directory.file("t")])
      #expect(entries.filter { $0.hasPrefix("failed") } == ["failed 33"])
      #expect(entries.count { $0.hasSuffix("/f") } == 31)
    }
  }

  @Test func `a directory that vanishes fails, and the walk goes on`() async throws {
    try await withTemporaryDirectory { directory in
      try make(["t/", "t/a", "u/", "u/b"], in: directory)
      let walker = TreeWalker(
        [.directory(directory.file("gone")), .directory(directory.file("u"))],
        rules: TreeRules()
      )
      #expect(all(walker).map(Self.text) == ["failed gone", "u/b"])
    }
  }

  @Test func `a followed link without a target is an error that says so`() async throws {
    try await withTemporaryDirectory { directory in
      try make(["t/", "t/a"], in: directory)
      symlink("gone", directory.file("t/l"))
      let walker = TreeWalker([.directory(directory.file("t"))], rules: TreeRules(followsLinks: true))
      let messages = all(walker).compactMap { entry -> String? in
        if case .failed(_, let error) = entry { error.message } else { nil }
      }
      #expect(messages.count == 1 && messages[0].contains("leads nowhere"))
    }
  }

  @Test func `excluded files and directories are counted`() async throws {
    try await withTemporaryDirectory { directory in
      try make(["t/", "t/a", "t/d/", "t/d/x", "t/b"], in: directory)
      let rules = TreeRules(excludes: [try GlobPattern("d"), try GlobPattern("a")])
      let walker = TreeWalker([.directory(directory.file("t"))], rules: rules)
      #expect(all(walker).count == 1 && walker.excludedCount == 2)
    }
  }

  @Test(.enabled(if: geteuid() != 0, "root may read everything"))
  func `an unreadable file is found where access is checked`() async throws {
    try await withTemporaryDirectory { directory in
      try make(["t/", "t/a"], in: directory)
      chmod(directory.file("t/a"), 0)
      var rules = TreeRules()
      rules.checksAccess = true
      #expect(walk([directory.file("t")], rules) == ["failed a"])
    }
  }

  @Test(.enabled(if: geteuid() != 0, "root may read everything"))
  func `an unreadable directory fails, and the walk goes on`() async throws {
    try await withTemporaryDirectory { directory in
      try make(["t/", "t/a", "t/locked/"], in: directory)
      chmod(directory.file("t/locked"), 0)
      defer { chmod(directory.file("t/locked"), 0o700) }
      #expect(walk([directory.file("t")]) == ["failed locked", "t/a"])
    }
  }

  @Test func `sources and directories come in the order of the arguments`() async throws {
    try await withTemporaryDirectory { directory in
      try make(["t/", "t/a", "x"], in: directory)
      let arguments: [TreeArgument] = [
        .source(.file(directory.file("x"))), .directory(directory.file("t")), .source(.standardInput(name: "in")),
      ]
      let names = all(TreeWalker(arguments, rules: TreeRules())).map { entry -> String in
        if case .file(let source) = entry { source.remotePath ?? source.name } else { "?" }
      }
      #expect(names == ["x", "t/a", "in"])
    }
  }

  // MARK: A tree that changes after it was walked

  private func source(_ name: String, in directory: TemporaryDirectory) throws -> UploadSource {
    let entries = all(TreeWalker([.directory(directory.file("t"))], rules: TreeRules()))
    let sources = entries.compactMap { entry -> UploadSource? in if case .file(let file) = entry { file } else { nil } }
    return try #require(sources.first { $0.remotePath == name })
  }

  @Test func `a file that was replaced by a link is not followed`() async throws {
    try await withTemporaryDirectory { directory in
      try make(["t/", "t/a", "secret"], in: directory)
      let source = try source("t/a", in: directory)
      unlink(directory.file("t/a"))
      symlink("../secret", directory.file("t/a"))
      let error = UploadError.thrown { () throws(UploadError) in try source.open() }
      #expect(error?.code == .unreadableFile && error?.message.contains("symbolic link") == true)
    }
  }

  @Test func `a directory that was replaced by a link is not followed`() async throws {
    try await withTemporaryDirectory { directory in
      try make(["t/", "t/d/", "t/d/a", "out/", "out/a"], in: directory)
      let source = try source("t/d/a", in: directory)
      rename(directory.file("t/d"), directory.file("moved"))
      symlink("../out", directory.file("t/d"))
      let error = UploadError.thrown { () throws(UploadError) in try source.open() }
      #expect(error?.code == .unreadableFile && error?.message.contains("symbolic link") == true)
    }
  }

  @Test func `the argument may be renamed, and its files are still sent`() async throws {
    try await withTemporaryDirectory { directory in
      try make(["t/", "t/a"], in: directory)
      let source = try source("t/a", in: directory)
      rename(directory.file("t"), directory.file("u"))
      #expect(try source.open().size == 1)
    }
  }

  @Test func `a file that became a pipe or has vanished fails at once`() async throws {
    try await withTemporaryDirectory { directory in
      try make(["t/", "t/a", "t/b"], in: directory)
      let (pipe, gone) = (try source("t/a", in: directory), try source("t/b", in: directory))
      unlink(directory.file("t/a"))
      unlink(directory.file("t/b"))
      mkfifo(directory.file("t/a"), 0o600)
      let first = UploadError.thrown { () throws(UploadError) in try pipe.open() }
      #expect(first?.message.contains("is a pipe") == true)
      let second = UploadError.thrown { () throws(UploadError) in try gone.open() }
      #expect(second?.message.contains("There is no file") == true)
    }
  }

  @Test func `a directory of 30,000 files is read in batches, each file once`() async throws {
    try await withTemporaryDirectory { directory in
      mkdir(directory.file("t"), 0o700)
      for index in 0..<30_000 { close(open(directory.file("t/\(index)"), O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)) }
      let walker = TreeWalker([.directory(directory.file("t"))], rules: TreeRules())
      var names: Set<String> = []
      while case let batch = walker.next(atMost: 128), !batch.isEmpty {
        #expect(batch.count <= 128)
        names.formUnion(batch.map(Self.text))
      }
      #expect(names.count == 30_000)
    }
  }

  @Test func `a walk keeps no more descriptors open than it has levels`() async throws {
    try await withTemporaryDirectory { directory in
      try make(["t/"] + (0..<200).flatMap { ["t/\($0)/", "t/\($0)/f"] }, in: directory)
      let before = DirectoryNames.read("/proc/self/fd").count
      let entries = all(TreeWalker([.directory(directory.file("t"))], rules: TreeRules()))
      #expect(entries.count == 200)
      // Other tests open some meanwhile; with one for each directory there would be 200 more.
      #expect(DirectoryNames.read("/proc/self/fd").count < before + 150)
      withExtendedLifetime(entries) {}
    }
  }
}

extension NameBytes {
  fileprivate var lastName: String {
    bytes.split(separator: UInt8(ascii: "/")).last.map { NameBytes($0).description } ?? ""
  }
}
