import Synchronization

/// The most memory the server held for each stored file, by its name; bytes.
final class ServerPeaks: Sendable {
  private let peaks = Mutex<[String: Int]>([:])

  subscript(name: String) -> Int? {
    get { peaks.withLock { $0[name] } }
    set { peaks.withLock { $0[name] = newValue } }
  }
}
