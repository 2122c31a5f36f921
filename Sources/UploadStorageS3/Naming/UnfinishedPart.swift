import UploadStorage

/// One of the objects that belong to an unfinished upload. Pure.
struct UnfinishedPart: Sendable, Hashable {
  enum Kind: Sendable, Hashable {
    /// What the server knows of the upload (``UnfinishedRecord``).
    case record
    /// Who may append to it, and what of it is stored (``StoredContent``). Each writer has a number of its own.
    case lease(Int)
    /// The bytes behind the last part, with the number of the lease under which they were stored.
    case tail(Int)
  }

  var id: UnfinishedID
  var kind: Kind

  init(id: UnfinishedID, kind: Kind) {
    (self.id, self.kind) = (id, kind)
  }

  /// `ID.json`, `ID.lease.4` or `ID.tail.4`.
  var name: String {
    switch kind {
    case .record: "\(id).json"
    case .lease(let number): "\(id).lease.\(number)"
    case .tail(let number): "\(id).tail.\(number)"
    }
  }

  /// Nil for any other text.
  init?(name: String) {
    let words = name.split(separator: ".", omittingEmptySubsequences: false)
    guard words.count >= 2, let id = UnfinishedID(words[0]) else { return nil }
    let number = words.count == 3 ? Int(words[2]).flatMap { $0 > 0 && String($0) == words[2] ? $0 : nil } : nil
    switch (words[1], words.count, number) {
    case ("json", 2, _): self.init(id: id, kind: .record)
    case ("lease", 3, let number?): self.init(id: id, kind: .lease(number))
    case ("tail", 3, let number?): self.init(id: id, kind: .tail(number))
    case _: return nil
    }
  }

  /// Nil for another kind.
  var leaseNumber: Int? { if case .lease(let number) = kind { number } else { nil } }
}
