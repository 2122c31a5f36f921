import Testing
import UploadCore

@testable import UploadProtocol

@Suite struct MediaTypeRulesTests {
  @Test(arguments: [
    ("image/*", "image/png", true), ("image/*", "IMAGE/PNG", true), ("image/*", "text/plain", false),
    ("*/*", "a/b", true), ("image/png", "image/jpeg", false), ("Image/PNG", "image/png", true),
    // One type, two names.
    ("application/gzip", "application/x-gzip", true), ("application/x-gzip", "application/gzip", true),
    ("image/*", "application/pdf", false), ("application/xml", "text/xml", true), ("text/*", "text/xml", true),
  ]) func `a pattern matches a type in any letter case, and one without an asterisk also by the type's other names`(
    pattern: String,
    type: String,
    matches: Bool
  ) throws {
    #expect(try MediaTypePattern(pattern).matches(type) == matches)
  }

  @Test(arguments: ["", "image", "image/", "/png", "*/png", "im*/png", "image/p*", "a/b/c", "a b/c", "image/png;q=1"])
  func `a malformed pattern for media types is rejected`(text: String) {
    #expect(throws: UploadError.self) { try MediaTypePattern(text) }
  }

  @Test func `a file with a denied or not allowed detected type, or with a denied declared type, is rejected`() throws {
    let images = MediaTypeRules(allowed: [try MediaTypePattern("image/*")])
    #expect(rejection { () throws(UploadError) in try images.check(declared: "text/plain") } == nil)
    #expect(failure(images, "image/png", "image/png") == nil)
    #expect(failure(images, "text/plain", "text/plain")?.code == .unsupportedType)
    #expect(failure(images, nil, "application/octet-stream")?.message.contains("image/*") == true)
    // Only the declaration or the name has the accepted type.
    #expect(failure(images, nil, "image/png") != nil)
    let rules = MediaTypeRules(
      allowed: [try MediaTypePattern("*/*")],
      denied: [try MediaTypePattern("text/html"), try MediaTypePattern("application/octet-stream")]
    )
    #expect(rejection { () throws(UploadError) in try rules.check(declared: "text/html") } != nil)
    #expect(rejection { () throws(UploadError) in try rules.check(declared: nil) } == nil)
    #expect(failure(rules, "text/html", "text/html") != nil)
    #expect(failure(rules, nil, "application/octet-stream") != nil)
    #expect(failure(rules, "text/plain", "text/plain") == nil)
  }

  @Test func `a file stored or listed with a denied type, or stored with one that is not allowed, is rejected`() throws
  {
    let noTables = MediaTypeRules(denied: [try MediaTypePattern("text/csv")])
    #expect(failure(noTables, "text/plain", "text/csv")?.message.contains("text/csv") == true)
    #expect(
      failure(noTables, nil, "image/png", named: "text/csv") != nil,
      "the type that it is listed with where none can be stored"
    )
    #expect(failure(noTables, "text/plain", "text/plain") == nil)
    let texts = MediaTypeRules(allowed: [try MediaTypePattern("text/markdown")])
    #expect(failure(texts, "text/plain", "text/markdown") == nil)
    #expect(failure(texts, "text/plain", "text/plain") != nil)
    #expect(failure(texts, nil, "text/markdown") != nil)
  }

  private func failure(_ rules: MediaTypeRules, _ detected: String?, _ stored: String, named: String? = nil)
    -> UploadError?
  {
    rejection { () throws(UploadError) in try rules.check(detected: detected, stored: stored, named: named ?? stored) }
  }

  private func rejection(_ check: () throws(UploadError) -> Void) -> UploadError? {
    do throws(UploadError) {
      try check()
      return nil
    } catch {
      return error
    }
  }

  @Test(
    arguments: [
      ("image/png", "text/plain", "a.txt", "image/png"), (nil, "image/png", "a.txt", "image/png"),
      (nil, "application/octet-stream", "a.txt", "text/plain"), (nil, nil, "a", nil),
      (nil, nil, "a.iso", "application/x-iso9660-image"),
      // Detected text/plain gives way to a declared or named type of text that the bytes cannot show.
      ("text/plain", "text/css", "a", "text/css"), ("text/plain", nil, "a.md", "text/markdown"),
      ("text/plain", "image/png", "a.swift", "text/x-swift"), ("text/plain", "image/png", "a.png", "text/plain"),
      ("text/plain", "text/html", "a.html", "text/plain"), ("text/plain", "application/json", "a.json", "text/plain"),
    ] as [(String?, String?, String, String?)]
  )
  func `the detected type comes before the declared and the named one, but plain text gives way to similar types`(
    detected: String?,
    declared: String?,
    name: String,
    best: String?
  ) {
    #expect(MediaTypeNames.best(detected: detected, declared: declared, fileName: name) == best)
  }
}
