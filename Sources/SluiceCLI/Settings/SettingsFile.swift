import Dashboard
import Glibc
import UploadCore

/// The file that keeps the user's settings. May block.
///
/// One that cannot be understood (somebody's own work, with a quote missing) is moved aside before it is written anew.
struct SettingsFile: Sendable {
  /// Larger ones are none of ours, in bytes.
  private static let limit = 64 * 1024

  let path: String

  /// Reads the settings.
  /// - Returns: the defaults where there is no file, and with a note where there is one that cannot be used.
  func load() -> (settings: DashboardSettings, note: String?) {
    switch content() {
    case .none: return (DashboardSettings(), nil)
    case .settings(let settings): return (settings, nil)
    case .unusable(let reason, let isKept):
      let (shown, aside) = (PlainText.sanitized(path), PlainText.sanitized(Self.aside(name)))
      let rest = isKept ? " It is kept as \(aside) when new ones are saved." : ""
      return (DashboardSettings(), "Your settings are not used: \(shown)\(reason).\(rest)")
    }
  }

  private enum Content {
    case none
    case settings(DashboardSettings)
    /// - isKept: whether it is a file, which is moved aside before it is written anew.
    case unusable(String, isKept: Bool)
  }

  private func content() -> Content {
    // A FIFO of that name must not hold the start up.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      if errno == ENOENT || errno == ENOTDIR { return .none }
      return .unusable(": \(String(cString: strerror(errno)))", isKept: errno == EACCES)
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      return .unusable(" is no file", isKept: false)
    }
    guard let bytes = read(descriptor) else { return .unusable(" is no file of at most 64 KiB", isKept: true) }
    return SettingsText.settings(from: bytes).map(Content.settings)
      ?? .unusable(" is not a JSON object", isKept: true)
  }

  private var name: String {
    String(path.suffix(from: path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex))
  }

  /// What a file that is not understood is called once it is moved aside.
  private static func aside(_ path: String) -> String { path + ".bad" }

  private func read(_ descriptor: Int32) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: Self.limit + 1)
    var count = 0
    while count < bytes.count {
      let news = bytes.withUnsafeMutableBytes {
        Glibc.read(descriptor, $0.baseAddress.map { $0 + count }, $0.count - count)
      }
      if news < 0, errno == EINTR { continue }
      guard news >= 0 else { return nil }
      if news == 0 { break }
      count += news
    }
    return count <= Self.limit ? Array(bytes.prefix(count)) : nil
  }

  /// Writes the settings: a reader finds the old ones or the new ones, whole.
  /// - Throws: ``UploadError`` with code `storageFailed`.
  func save(_ settings: DashboardSettings) throws(UploadError) {
    // Where the file is a link, the link stays and what it leads to is replaced.
    let target = resolved(path)
    let directory = String(target[..<(target.lastIndex(of: "/") ?? target.startIndex)])
    try make(directory)
    var template = Array("\(target).XXXXXX".utf8CString)
    // Readable by its owner alone, as mkstemp makes it.
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else { throw failure("mkstemp") }
    var isPlaced = false
    defer {
      close(descriptor)
      if !isPlaced { unlink(template) }
    }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    try write(SettingsText.text(settings), to: descriptor)
    guard fsync(descriptor) == 0 else { throw failure("fsync") }
    if case .unusable(_, isKept: true) = content() {
      guard rename(target, Self.aside(target)) == 0 else { throw failure("rename") }
    }
    guard rename(template, target) == 0 else { throw failure("rename") }
    isPlaced = true
  }

  private func resolved(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }

  private func make(_ directory: String) throws(UploadError) {
    var end = directory.startIndex
    while end < directory.endIndex {
      end = directory[directory.index(after: end)...].firstIndex(of: "/") ?? directory.endIndex
      guard mkdir(String(directory[..<end]), 0o700) == 0 || errno == EEXIST else { throw failure("mkdir") }
    }
  }

  private func write(_ text: String, to descriptor: Int32) throws(UploadError) {
    var left = Array(text.utf8)[...]
    while !left.isEmpty {
      let count = left.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count > 0 {
        left.removeFirst(count)
      } else if errno != EINTR {
        throw failure("write")
      }
    }
  }

  private func failure(_ call: String) -> UploadError {
    let cause = SystemCallError(call, errno)
    return UploadError(
      .storageFailed,
      "Your settings cannot be kept in \(PlainText.sanitized(path)): \(cause.reason).",
      cause: cause
    )
  }
}
