import UploadStorage

/// One of the objects that belong to an unfinished upload. Pure.
struct UnfinishedPart: Sendable, Hashable {
  /// What an object is for.
  enum Kind: Sendable, Hashable {
    /// What the server knows of the upload (``UnfinishedRecord``).
    case record
    /// Who may append to it, and what of it is stored (``StoredContent``). Each writer has a number of its own.
    case lease(Int)
    /// The bytes behind the last part, with the number of the lease under which they were stored.
    case tail(Int)
  }

  /// The highest number of a lease or tail. Objects with a higher one are not this program's.
  static let highestNumber = Int(Int32.max)

  /// Of the upload.
  var id: UnfinishedID
  /// What the object is for.
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
    let number = words.count == 3 ? Self.number(words[2]) : nil
    switch (words[1], words.count, number) {
    case ("json", 2, _): self.init(id: id, kind: .record)
    case ("lease", 3, let number?): self.init(id: id, kind: .lease(number))
    case ("tail", 3, let number?): self.init(id: id, kind: .tail(number))
    case _: return nil
    }
  }

  private static func number(_ text: Substring) -> Int? {
    guard let number = Int(text), (1...highestNumber).contains(number), String(number) == text else { return nil }
    return number
  }

  /// The number of a lease; nil for another kind.
  var leaseNumber: Int? { if case .lease(let number) = kind { number } else { nil } }
}
