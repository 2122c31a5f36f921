import Synchronization

/// The most memory the server held for each stored file, by its name; bytes.
final class ServerPeaks: Sendable {
  private let peaks = Mutex<[String: Int]>([:])

  /// The names of all files that the server has told of.
  var names: [String] { peaks.withLock { Array($0.keys) } }

  subscript(name: String) -> Int? {
    get { peaks.withLock { $0[name] } }
    set { peaks.withLock { $0[name] = newValue } }
  }
}
