package import HTTPTypes
package import UploadCore

/// What a request requires of the current state of its target (RFC 9110 section 13.1).
package struct Preconditions: Sendable, Equatable {
  /// What is known of the file that a request is about.
  package struct Representation: Sendable, Equatable {
    package var tag: EntityTag
    /// Last modification, in seconds since 1970.
    package var modified: Int64

    package init(tag: EntityTag, modified: Int64) {
      self.tag = tag
      self.modified = modified
    }
  }

  /// What follows for a request.
  package enum Outcome: Sendable, Equatable {
    /// It is performed.
    case perform
    /// 304: the client has the current representation.
    case notModified
    /// 412: the condition in this field does not hold.
    case failed(HTTPField.Name)
  }

  /// What a method does with the representation.
  package enum Purpose: Sendable {
    /// GET and HEAD.
    case read
    /// PUT and POST.
    case store
  }

  private let purpose: Purpose
  private let ifMatch: EntityTagList?
  private let ifNoneMatch: EntityTagList?
  /// In seconds since 1970, as the next.
  private let ifUnmodifiedSince: Int64?
  private let ifModifiedSince: Int64?

  /// Reads a request's fields.
  ///
  /// A date that is none is ignored, as the standard requires (sections 13.1.3 and 13.1.4). It says nothing of lists of
  /// tags that break the grammar: they are rejected, since ignoring them could overwrite what the client wants to keep;
  /// only an `If-None-Match` of a request that reads is ignored, which costs no more than a transfer.
  /// - Parameter now: the time, in seconds since 1970.
  /// - Throws: ``UploadError`` with code `badRequest`.
  package init(_ fields: HTTPFields, for purpose: Purpose, now: Int64) throws(UploadError) {
    self.purpose = purpose
    ifMatch = try Self.list(.ifMatch, fields)
    do throws(UploadError) {
      ifNoneMatch = try Self.list(.ifNoneMatch, fields)
    } catch {
      guard purpose == .read else { throw error }
      ifNoneMatch = nil
    }
    // Each is ignored beside the field with tags that is more exact (sections 13.1.3 and 13.1.4).
    ifUnmodifiedSince =
      fields[.ifMatch] == nil
      ? fields[.ifUnmodifiedSince].flatMap { HTTPDate.seconds($0, now: now) } : nil
    ifModifiedSince =
      fields[.ifNoneMatch] == nil && purpose == .read
      ? fields[.ifModifiedSince].flatMap { HTTPDate.seconds($0, now: now) } : nil
  }

  /// Whether the request requires nothing.
  package var isEmpty: Bool {
    ifMatch == nil && ifNoneMatch == nil && ifUnmodifiedSince == nil && ifModifiedSince == nil
  }

  /// Whether a page, which has neither an entity tag nor a date, meets the conditions: no tag matches it (section 13.1.1).
  package var holdForPage: Bool {
    switch ifMatch {
    case .tags: false
    case .any, nil: true
    }
  }

  /// Evaluates the conditions in the order of RFC 9110 section 13.2.2.
  /// - Parameter current: the representation; nil when there is none.
  package func evaluate(_ current: Representation?) -> Outcome {
    if let ifMatch {
      guard let current, ifMatch.contains(current.tag, by: { $0.matchesStrongly($1) }) else { return .failed(.ifMatch) }
    } else if let ifUnmodifiedSince, let current, current.modified > ifUnmodifiedSince {
      // Without a representation there is no date to compare with.
      return .failed(.ifUnmodifiedSince)
    }
    guard let current else { return .perform }
    if let ifNoneMatch {
      guard ifNoneMatch.contains(current.tag, by: { $0.matchesWeakly($1) }) else { return .perform }
      return purpose == .read ? .notModified : .failed(.ifNoneMatch)
    }
    if let ifModifiedSince, current.modified <= ifModifiedSince { return .notModified }
    return .perform
  }

  /// The error for a condition that does not hold.
  package static func failure(_ field: HTTPField.Name) -> UploadError {
    UploadError(
      .preconditionFailed,
      "Precondition failed: \(field.rawName) does not hold for the current state of the file. Nothing was changed."
    )
  }

  private static func list(_ name: HTTPField.Name, _ fields: HTTPFields) throws(UploadError) -> EntityTagList? {
    guard fields[name] != nil else { return nil }
    let value = fields[values: name].joined(separator: ",")
    guard let list = EntityTagList(value.utf8) else {
      throw UploadError(
        .badRequest,
        "\(name.rawName) is not * or a list of quoted entity tags: \(Excerpt.quoted(value))."
      )
    }
    return list
  }
}

extension EntityTagList {
  fileprivate func contains(_ tag: EntityTag, by matches: (EntityTag, EntityTag) -> Bool) -> Bool {
    switch self {
    case .any: true
    case .tags(let tags): tags.contains { matches($0, tag) }
    }
  }
}
