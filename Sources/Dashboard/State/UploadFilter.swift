import UploadCore

/// Which uploads have a row: those that meet all terms. ``init(parsing:)`` reads what the user types; a filter without
/// terms shows all.
struct UploadFilter: Hashable, Sendable {
  /// A condition that the user has typed, such as `state:stalled`, or `-state:stalled` for all others.
  struct Term: Hashable, Sendable {
    var condition: Condition
    /// Whether uploads that meet the condition are left out, and all others have a row.
    var isNegated = false
  }

  /// What an upload must be. Texts are in lower case.
  enum Condition: Hashable, Sendable {
    /// Name, peer, sender, mode or state contains this.
    case text(String)
    case name(String)
    /// It is incoming, and the sender's name contains this, or the client's address begins with it.
    case from(String)
    /// It is outgoing, and the server's host contains this, or its address begins with it.
    case to(String)
    /// The mode begins with this.
    case mode(String)
    /// One of ``UploadRecord/stateNames`` begins with this.
    case state(String)
    /// Bytes per second.
    case rate(Comparison)
    /// Bytes.
    case size(Comparison)
    /// Seconds until the end.
    case left(Comparison)
  }

  struct Comparison: Hashable, Sendable {
    enum Sign: String, Sendable {
      case less = "<"
      case atMost = "<="
      case more = ">"
      case atLeast = ">="
    }

    var sign: Sign
    var value: Double

    /// Whether a number is on the right side; never for NaN.
    func holds(for number: Double) -> Bool {
      switch sign {
      case .less: number < value
      case .atMost: number <= value
      case .more: number > value
      case .atLeast: number >= value
      }
    }
  }

  /// What the user typed.
  let text: String
  let terms: [Term]

  /// The filter that shows all uploads.
  init() { (text, terms) = ("", []) }

  /// Reads a filter: terms with blanks between them, all of which must be met.
  ///
  /// A term is a text, or a field with a colon (`name:`, `from:`, `to:`, `mode:`, `state:`) or a comparison (`rate`,
  /// `size` and `left` with `<`, `<=`, `>` or `>=`). A text or value in quotation marks may contain blanks and colons. A
  /// hyphen before a term negates it.
  /// - Parameter isTyping: whether the last term may not be complete: one that may become the name of a field is then left
  ///   out, because as a text it would hide all uploads before the rest is typed.
  /// - Throws: what is wrong, and where.
  init(parsing text: String, isTyping: Bool = false) throws(FilterProblem) {
    var parser = FilterParser(text)
    terms = try parser.terms(isTyping: isTyping)
    self.text = text
  }

  /// Whether all uploads have a row.
  var showsAll: Bool { terms.isEmpty }

  /// Texts that an entry of the event log must contain to be shown beside uploads of this filter. Conditions that only an
  /// upload can meet are left out.
  var logTexts: [String] {
    terms.compactMap { term in
      guard !term.isNegated else { return nil }
      switch term.condition {
      case .text(let text), .name(let text), .from(let text), .to(let text): return text
      case .mode, .state, .rate, .size, .left: return nil
      }
    }
  }
}

/// Why a text is no filter.
struct FilterProblem: Error, Hashable {
  /// One sentence for the user, which quotes what is wrong.
  let message: String
  /// Where it is: characters (grapheme clusters) of the text.
  let range: Range<Int>
}

extension UploadFilter {
  /// Whether a row meets all terms. That of a tree is compared as one upload.
  func matches(_ record: UploadRecord) -> Bool {
    guard !terms.isEmpty else { return true }
    let text = terms.contains(where: \.comparesText) ? record.searchText : ""
    return terms.allSatisfy { $0.condition.holds(for: record, text) != $0.isNegated }
  }

  /// Whether a client, or server, without uploads that are listed meets all terms: those about an upload, it does not.
  /// - Parameter name: the sender's name or the address.
  func matches(_ name: String, _ direction: UploadDirection) -> Bool {
    terms.allSatisfy { $0.condition.holds(for: name.lowercased(), direction) != $0.isNegated }
  }
}

extension UploadFilter.Term {
  fileprivate var comparesText: Bool { if case .text = condition { true } else { false } }
}

extension UploadFilter.Condition {
  /// - Parameter text: the record's ``UploadRecord/searchText``.
  fileprivate func holds(for record: UploadRecord, _ text: String) -> Bool {
    let upload = record.now
    switch self {
    case .text(let part): return text.contains(part)
    case .name(let part): return upload.name.lowercased().contains(part)
    case .from(let part):
      guard upload.direction == .incoming else { return false }
      return upload.sender?.lowercased().contains(part) == true || PeerAddress(upload.remote).begins(with: part)
    case .to(let part): return upload.direction == .outgoing && PeerAddress(upload.remote).begins(with: part)
    case .mode(let part):
      return record.modeText.hasPrefix(part)
        || record.modeText == UploadMode.multipart.rawValue && "form".hasPrefix(part)
    case .state(let part): return record.stateNames.contains { $0.hasPrefix(part) }
    case .rate(let comparison): return upload.comparedRate.map(comparison.holds) ?? false
    case .size(let comparison): return upload.comparedSize.map { comparison.holds(for: Double($0)) } ?? false
    case .left(let comparison): return upload.eta.map(comparison.holds) ?? false
    }
  }

  /// - Parameter name: of a client or server, in lower case.
  fileprivate func holds(for name: String, _ direction: UploadDirection) -> Bool {
    switch self {
    case .text(let part): name.contains(part)
    case .from(let part): direction == .incoming && (name.contains(part) || PeerAddress(name).begins(with: part))
    case .to(let part): direction == .outgoing && PeerAddress(name).begins(with: part)
    case .name, .mode, .state, .rate, .size, .left: false
    }
  }
}

extension UploadRecord {
  /// All that a text of a filter is looked for in, in lower case; separated by a character that no filter contains.
  var searchText: String {
    [now.name, now.remote, now.sender ?? "", modeText, stateText].joined(separator: "\n").lowercased()
  }

  /// The names of its state for `state:`, in lower case.
  var stateNames: [String] {
    var names: [String] = []
    switch now.state {
    case .waiting where now.isQueued: names = ["queued"]
    case .waiting where now.retryIn != nil || now.retryReason != nil: names = ["waiting", "retrying"]
    case .waitingForMemory: names = ["waiting", "memory"]
    case .interrupted where now.isPausedWhileInterrupted: names = ["interrupted", "paused"]
    case .done: names = ["done", now.direction == .incoming ? "stored" : "sent"]
    case .waiting, .receiving, .sending, .stalled, .limited, .interrupted, .paused, .finishing, .failed, .cancelled:
      names = [now.state.rawValue]
    }
    if !isRunning { names.append("ended") } else if !now.isQueued, !now.isResting { names.append("active") }
    return names
  }

  /// All names that ``stateNames`` may contain.
  static let allStateNames = [
    "active", "stalled", "waiting", "retrying", "memory", "receiving", "sending", "limited", "finishing", "interrupted",
    "paused", "queued", "ended", "done", "stored", "sent", "failed", "cancelled",
  ]
}

extension UploadSnapshot {
  /// The rate that a filter compares, in bytes per second: the current one of an active upload, 0 while it is stalled; the
  /// average of a complete one; nil for all others.
  fileprivate var comparedRate: Double? {
    switch outcome {
    case nil: isQueued || isResting ? nil : speed
    case .finished: averageSpeed
    case .failed, .cancelled: nil
    }
  }

  /// The size in bytes, also of a complete upload whose size was unknown before; nil while it is unknown.
  fileprivate var comparedSize: UInt64? { size ?? finishedFile?.bytes }
}

/// Host and port of a client or server, as uploads state it: `192.0.2.1:4711`, `[2001:db8::1]:4711`, `example.org:80`.
struct PeerAddress {
  private let text: String
  /// The host without the port, and without the brackets of an IPv6 address.
  let host: String

  init(_ text: String) {
    self.text = text
    if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
      host = String(text[text.index(after: text.startIndex)..<end])
    } else if let colon = text.firstIndex(of: ":"), text.lastIndex(of: ":") == colon {
      host = String(text[..<colon])
    } else {
      // An IPv6 address without a port, or a host alone.
      host = text
    }
  }

  /// Whether it has this beginning, ignoring case. An address has one that ends in the middle of a number only if that is
  /// at its end: `192.0.2.1` is no beginning of `192.0.2.10`. The name of a host has any part of it.
  /// - Parameter part: in lower case.
  func begins(with part: String) -> Bool {
    let (text, host) = (text.lowercased(), host.lowercased())
    let isNumeric = host.contains(":") || host.utf8.allSatisfy { "0123456789.".utf8.contains($0) }
    guard isNumeric else { return text.contains(part) }
    return Self.begins(host, with: part) || Self.begins(text, with: part)
  }

  private static func begins(_ address: String, with part: String) -> Bool {
    guard address.hasPrefix(part) else { return false }
    guard let next = address.dropFirst(part.count).first, let last = part.last else { return true }
    return !last.isHexDigit || !next.isHexDigit
  }
}
