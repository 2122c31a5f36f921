import UploadCore

/// A server that files were sent to, or that the user has named.
package struct SavedTarget: Hashable, Sendable {
  /// Its URL as ``TargetText/stored(_:)`` returns it: without user, query and fragment, which may contain a token.
  package let url: String
  /// The user's name for it; nil when it has none.
  package let name: String?

  package init(url: String, name: String? = nil) { (self.url, self.name) = (url, name) }
}

/// A change of the targets, which is also made in their file: another process may have changed that meanwhile.
package enum TargetChange: Hashable, Sendable {
  /// Files were sent to this URL.
  case used(String)
  /// The user has given this URL a name, which no other one has any longer; nil removes its name.
  case named(String, String?)
}

/// The targets that the send dialog offers, the one that was used last first.
package struct SavedTargets: Hashable, Sendable {
  package private(set) var entries: [SavedTarget] = []

  /// The most targets without a name that are kept, those that were used last.
  static let mostRecent = 10
  /// The most targets with a name.
  static let mostNamed = 50

  /// - Parameter entries: the one that was used last first. Further ones with the same URL, and those beyond the
  ///   limits, are left out; of two with the same name the first keeps it.
  package init(_ entries: [SavedTarget] = []) {
    for entry in entries where !self.entries.contains(where: { $0.url == entry.url }) {
      let isTaken = entry.name.map { self[name: $0] != nil } ?? true
      self.entries.append(isTaken ? SavedTarget(url: entry.url) : entry)
    }
    trim()
  }

  /// The target with a name, in any case of its letters.
  subscript(name name: String) -> SavedTarget? {
    let wanted = name.lowercased()
    return entries.first { $0.name?.lowercased() == wanted }
  }

  /// The name of a URL that is written in any valid way; nil when it has none.
  func name(of text: String) -> String? {
    guard !TargetText.mayHaveSecret(text), let url = TargetText.stored(text) else { return nil }
    return entries.first { $0.url == url }?.name
  }

  /// Whether one more target can have a name.
  var hasRoomForName: Bool { entries.count { $0.name != nil } < Self.mostNamed }

  package mutating func apply(_ change: TargetChange) {
    switch change {
    case .used(let url):
      let known = entries.first { $0.url == url }
      entries.removeAll { $0.url == url }
      entries.insert(known ?? SavedTarget(url: url), at: 0)
    case .named(let url, let name):
      let wanted = name?.lowercased()
      entries = entries.map { $0.url != url && $0.name?.lowercased() == wanted ? SavedTarget(url: $0.url) : $0 }
      if let index = entries.firstIndex(where: { $0.url == url }) {
        entries[index] = SavedTarget(url: url, name: name)
      } else if name != nil {
        entries.insert(SavedTarget(url: url, name: name), at: 0)
      }
    }
    trim()
  }

  private mutating func trim() {
    var (recent, named) = (0, 0)
    entries = entries.filter { entry in
      if entry.name == nil { recent += 1 } else { named += 1 }
      return entry.name == nil ? recent <= Self.mostRecent : named <= Self.mostNamed
    }
  }
}

/// Addresses of targets as texts. They are checked elsewhere: here it only matters what of them may be stored.
package enum TargetText {
  /// The longest URL that is stored, in bytes.
  private static let limit = 2048

  /// The URL as it is stored and compared: with its scheme, its host in lower case, and without query and fragment. Nil
  /// for one that is not stored: it has a user name or is too long, or its scheme is neither http nor https.
  package static func stored(_ text: String) -> String? {
    let text = text.trimmingWhitespace
    guard text.utf8.count <= limit, PlainText.sanitized(String(text)) == text else { return nil }
    var (scheme, rest) = ("http", text)
    if let colon = text.firstRange(of: "://") {
      (scheme, rest) = (text[..<colon.lowerBound].lowercased(), text[colon.upperBound...])
    }
    rest = rest.prefix { $0 != "?" && $0 != "#" }
    let authority = rest.prefix { $0 != "/" }
    guard ["http", "https"].contains(scheme), !authority.isEmpty, !authority.contains("@") else { return nil }
    let path = rest[authority.endIndex...]
    return "\(scheme)://\(authority.lowercased())\(path == "/" ? "" : path)"
  }

  /// Whether the URL has a query or a fragment, in which tokens are passed.
  static func mayHaveSecret(_ text: String) -> Bool { text.contains { $0 == "?" || $0 == "#" } }

  private static let longestName = 40

  /// Why a text cannot be the name of a target, as a sentence for the user; nil when it can.
  package static func nameProblem(_ name: String) -> String? {
    guard name.count <= longestName, name.utf8.count <= 4 * longestName else {
      return "A name has at most \(longestName) characters."
    }
    guard name == PlainText.sanitized(name), !name.contains(where: { "/:?#@[]".contains($0) }) else {
      return "A name has none of / : ? # @ [ ], so that it is no address."
    }
    return name.trimmingWhitespace.isEmpty || name.trimmingWhitespace != name ? "A name is not empty." : nil
  }
}
