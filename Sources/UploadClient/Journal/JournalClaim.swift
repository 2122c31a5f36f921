import Glibc
import Synchronization

/// The entry of one file in a ``ResumeJournal``, reserved for this process until this object is released. Its methods
/// block; call them on a thread pool.
final class JournalClaim: Sendable {
  private let journal: ResumeJournal
  private let key: String
  private let lock: JournalLock
  /// The entry that was written or read last. Locked while a file is written, so that an older entry never replaces a
  /// newer one.
  private let current: Mutex<ResumeJournal.Entry?>

  init(journal: ResumeJournal, key: String, lock: JournalLock) {
    (self.journal, self.key, self.lock) = (journal, key, lock)
    current = Mutex(journal.entry(key))
  }

  /// The entry; nil where there is none.
  var entry: ResumeJournal.Entry? { current.withLock { $0 } }

  /// Replaces the entry.
  /// - Returns: whether it was written.
  @discardableResult
  func write(_ entry: ResumeJournal.Entry) -> Bool {
    current.withLock { current in
      current = entry
      return journal.write(entry, key)
    }
  }

  /// Changes the entry if there is one, and writes it if it is different then.
  func update(_ change: (inout ResumeJournal.Entry) -> Void) {
    current.withLock { current in
      guard var entry = current else { return }
      change(&entry)
      guard entry != current else { return }
      current = entry
      _ = journal.write(entry, key)
    }
  }

  /// Removes the entry: the upload has ended. Another one may be written.
  func remove() {
    current.withLock { current in
      current = nil
      journal.deleteEntry(key)
    }
  }

  deinit {
    // A lock's file without an entry is of no use.
    if current.withLock({ $0 == nil }) { journal.delete(key, lock) }
  }
}

/// An exclusive lock on a file, which this object keeps open, until it is released.
final class JournalLock: Sendable {
  private let descriptor: CInt

  /// - Parameter creates: whether to create a file that does not exist.
  /// - Returns: nil when another process, or another object of this one, has the lock, or the file cannot be opened.
  init?(_ path: String, creates: Bool = true) {
    while true {
      let flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | (creates ? O_CREAT : 0)
      let descriptor = open(path, flags, 0o600)
      guard descriptor >= 0 else { return nil }
      guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
        close(descriptor)
        return nil
      }
      // Between open and lock the file may have been deleted: a lock on it would exclude nobody.
      var (own, named) = (stat(), stat())
      if fstat(descriptor, &own) == 0, lstat(path, &named) == 0, own.st_ino == named.st_ino {
        self.descriptor = descriptor
        return
      }
      close(descriptor)
      guard creates else { return nil }
    }
  }

  deinit { close(descriptor) }
}
