package import HTTPTypes
package import UploadCore

/// The conditions that a request sets on the current state of its target (RFC 9110 section 13.1).
package struct Preconditions: Sendable, Equatable {
  /// The validators of the file at a request's target.
  package struct Representation: Sendable, Equatable {
    package var tag: EntityTag
    /// Last modification, in whole seconds since 1970.
    package var modified: Int64

    package init(tag: EntityTag, modified: Int64) {
      self.tag = tag
      self.modified = modified
    }
  }

  /// How the server has to respond.
  package enum Outcome: Sendable, Equatable {
    /// All conditions are met: perform the request.
    case perform
    /// Respond with status 304: the client has the current representation.
    case notModified
    /// Respond with status 412: the condition in this field is not met.
    case failed(HTTPField.Name)
  }

  /// What the request's method does with the representation.
  package enum Purpose: Sendable {
    /// GET and HEAD.
    case read
    /// PUT and POST.
    case store
  }

  private let purpose: Purpose
  private let ifMatch: EntityTagList?
  private let ifNoneMatch: EntityTagList?
  /// In seconds since 1970, like ``ifModifiedSince``; nil where the field is missing or ignored.
  private let ifUnmodifiedSince: Int64?
  private let ifModifiedSince: Int64?

  /// Reads a request's fields.
  ///
  /// Malformed dates are ignored, as the standard requires (sections 13.1.3 and 13.1.4). For malformed lists of entity
  /// tags the standard has no rule. They are rejected, since a request that ignores its condition could overwrite a
  /// file; only in a request that reads, a malformed `If-None-Match` is ignored, which causes an unnecessary transfer
  /// at most.
  /// - Parameter now: the current time in seconds since 1970.
  /// - Throws: ``UploadError`` with code `badRequest` for a malformed list of tags in `If-Match`, or in the
  ///   `If-None-Match` of a request that stores.
  package init(_ fields: HTTPFields, for purpose: Purpose, now: Int64) throws(UploadError) {
    self.purpose = purpose
    ifMatch = try Self.list(.ifMatch, fields)
    ifNoneMatch = try purpose == .read ? (try? Self.list(.ifNoneMatch, fields)) : Self.list(.ifNoneMatch, fields)
    // A date is ignored where the corresponding field with entity tags is present (sections 13.1.3 and 13.1.4).
    func date(_ name: HTTPField.Name, unless tags: HTTPField.Name) -> Int64? {
      fields[tags] == nil ? fields[name].flatMap { HTTPDate.seconds($0, now: now) } : nil
    }
    ifUnmodifiedSince = date(.ifUnmodifiedSince, unless: .ifMatch)
    ifModifiedSince = purpose == .read ? date(.ifModifiedSince, unless: .ifNoneMatch) : nil
  }

  /// Whether the request sets no conditions. A field that is ignored sets none.
  package var isEmpty: Bool {
    ifMatch == nil && ifNoneMatch == nil && ifUnmodifiedSince == nil && ifModifiedSince == nil
  }

  /// Whether a generated page may be sent in response. It has neither an entity tag nor a date, so only an `If-Match`
  /// with tags fails: none of them matches (section 13.1.1). All other conditions count as met.
  package var areMetByPage: Bool {
    if case .tags = ifMatch { false } else { true }
  }

  /// Evaluates the conditions in the order of RFC 9110 section 13.2.2; the first that is not met decides.
  /// - Parameter current: the validators of the file at the target; nil where there is none.
  package func evaluate(_ current: Representation?) -> Outcome {
    if let ifMatch {
      guard let current, ifMatch.contains(current.tag, by: { $0.matchesStrongly($1) }) else { return .failed(.ifMatch) }
    } else if let ifUnmodifiedSince, let current, current.modified > ifUnmodifiedSince {
      // Without a current representation the condition is met.
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

  /// The error for ``Outcome/failed(_:)``, with code `preconditionFailed` and the field's name in its message.
  package static func failure(_ field: HTTPField.Name) -> UploadError {
    UploadError(
      .preconditionFailed,
      "Precondition failed: the current state of the file does not meet \(field.rawName). Nothing was changed."
    )
  }

  private static func list(_ name: HTTPField.Name, _ fields: HTTPFields) throws(UploadError) -> EntityTagList? {
    guard fields[name] != nil else { return nil }
    let value = fields[values: name].joined(separator: ",")
    guard let list = EntityTagList(value.utf8) else {
      throw UploadError(.badRequest, "\(name.rawName) must be * or quoted entity tags, not \(Excerpt.quoted(value)).")
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
