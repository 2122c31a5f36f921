import HTTPTypes
import Testing
import UploadCore

@testable import UploadProtocol

/// The evaluation of RFC 9110 section 13.2.2.
@Suite struct PreconditionsTests {
  private static let now: Int64 = 1_795_824_000
  private static let date = "Sun, 06 Nov 1994 08:49:37 GMT"
  private static let current = Preconditions.Representation(tag: EntityTag("a"), modified: 784_111_777)
  private static let older = "Sun, 06 Nov 1994 08:49:36 GMT"

  private func outcome(
    _ fields: [(HTTPField.Name, String)],
    _ purpose: Preconditions.Purpose,
    of representation: Preconditions.Representation? = Self.current
  ) throws -> Preconditions.Outcome {
    var all = HTTPFields()
    for (name, value) in fields { all.append(HTTPField(name: name, value: value)) }
    return try Preconditions(all, for: purpose, now: Self.now).evaluate(representation)
  }

  @Test(arguments: [Preconditions.Purpose.read, .store])
  func `without conditions the request is performed`(purpose: Preconditions.Purpose) throws {
    #expect(try Preconditions([:], for: purpose, now: Self.now).isEmpty)
    #expect(try outcome([], purpose) == .perform)
    #expect(try outcome([], purpose, of: nil) == .perform)
  }

  @Test(arguments: [Preconditions.Purpose.read, .store])
  func `If-Match is met by a strongly matching tag, and by an asterisk if there is a file`(
    purpose: Preconditions.Purpose
  ) throws {
    #expect(try outcome([(.ifMatch, #""a""#)], purpose) == .perform)
    #expect(try outcome([(.ifMatch, #""b", "a""#)], purpose) == .perform)
    #expect(try outcome([(.ifMatch, #""b""#), (.ifMatch, #""a""#)], purpose) == .perform)
    #expect(try outcome([(.ifMatch, "*")], purpose) == .perform)
    #expect(try outcome([(.ifMatch, #""nope""#)], purpose) == .failed(.ifMatch))
    #expect(try outcome([(.ifMatch, #"W/"a""#)], purpose) == .failed(.ifMatch))
    #expect(try outcome([(.ifMatch, #""a""#)], purpose, of: nil) == .failed(.ifMatch))
    #expect(try outcome([(.ifMatch, "*")], purpose, of: nil) == .failed(.ifMatch))
  }

  @Test func `with a weakly matching If-None-Match a store fails, and a read has the outcome notModified`() throws {
    for value in [#""a""#, #"W/"a""#, #""b", "a""#, "*"] {
      #expect(try outcome([(.ifNoneMatch, value)], .store) == .failed(.ifNoneMatch))
      #expect(try outcome([(.ifNoneMatch, value)], .read) == .notModified)
      #expect(try outcome([(.ifNoneMatch, value)], .store, of: nil) == .perform)
    }
    #expect(try outcome([(.ifNoneMatch, #""b""#)], .store) == .perform)
    #expect(try outcome([(.ifNoneMatch, #""b""#)], .read) == .perform)
  }

  @Test(arguments: [Preconditions.Purpose.read, .store])
  func `If-Unmodified-Since fails if the file was modified later`(purpose: Preconditions.Purpose) throws {
    #expect(try outcome([(.ifUnmodifiedSince, Self.date)], purpose) == .perform)
    #expect(try outcome([(.ifUnmodifiedSince, Self.older)], purpose) == .failed(.ifUnmodifiedSince))
    // Without a current representation the condition is met.
    #expect(try outcome([(.ifUnmodifiedSince, Self.older)], purpose, of: nil) == .perform)
    #expect(try outcome([(.ifUnmodifiedSince, "no date")], purpose) == .perform)
  }

  @Test func `If-Modified-Since is evaluated only for requests that read`() throws {
    #expect(try outcome([(.ifModifiedSince, Self.date)], .read) == .notModified)
    #expect(try outcome([(.ifModifiedSince, Self.older)], .read) == .perform)
    #expect(try outcome([(.ifModifiedSince, "no date")], .read) == .perform)
    #expect(try outcome([(.ifModifiedSince, Self.date)], .store) == .perform)
  }

  @Test func `a field with tags overrides its date, and If-Match and If-Unmodified-Since are evaluated first`() throws {
    // The date is ignored where the field with tags is present.
    #expect(try outcome([(.ifMatch, #""a""#), (.ifUnmodifiedSince, Self.older)], .store) == .perform)
    #expect(try outcome([(.ifNoneMatch, #""b""#), (.ifModifiedSince, Self.date)], .read) == .perform)
    #expect(try outcome([(.ifMatch, #""b""#), (.ifNoneMatch, "*")], .store) == .failed(.ifMatch))
    #expect(try outcome([(.ifMatch, #""a""#), (.ifNoneMatch, "*")], .store) == .failed(.ifNoneMatch))
    #expect(try outcome([(.ifMatch, #""a""#), (.ifNoneMatch, #""a""#)], .read) == .notModified)
    #expect(
      try outcome([(.ifUnmodifiedSince, Self.older), (.ifModifiedSince, Self.date)], .read)
        == .failed(.ifUnmodifiedSince)
    )
  }

  @Test func `malformed tags are rejected, but ignored in the If-None-Match of a request that reads`() throws {
    for (field, purpose) in [
      (HTTPField.Name.ifMatch, Preconditions.Purpose.store), (.ifNoneMatch, .store), (.ifMatch, .read),
    ] {
      let error = try #require(throws: UploadError.self) { try outcome([(field, "unquoted")], purpose) }
      #expect(error.code == .badRequest)
      #expect(error.message.contains(field.rawName) && error.message.contains("unquoted"))
    }
    #expect(try outcome([(.ifNoneMatch, "unquoted")], .read) == .perform)
  }

  @Test func `the error for a failed condition contains the name of its field`() {
    let error = Preconditions.failure(.ifNoneMatch)
    #expect(error.code == .preconditionFailed)
    #expect(error.message.contains("If-None-Match"))
  }
}
