import Testing
import UploadCore
import UploadProtocol

@testable import UploadServer

@Suite struct PageSettingsTests {
  @Test(arguments: [
    ("Hello", "Hello"), ("  Hello \r\n\r\n  Anna\n\n", "Hello\n\nAnna"), ("a\tb", "a b"),
    ("\u{202E}a\u{1B}[1m", "\u{FFFD}a\u{FFFD}[1m"), ("<b>&", "<b>&"), ("שלום 👋🏽", "שלום 👋🏽"),
    (String(repeating: "é", count: 500), String(repeating: "é", count: 500)),
  ])
  func `a greeting keeps its lines, and loses what would disguise text`(text: String, shown: String) throws {
    #expect(try PageSettings.greeting(text) == shown)
  }

  @Test(arguments: [
    ("", "empty"), (" \n\t\n", "empty"), (String(repeating: "a", count: 501), "501 characters"),
    ("e" + String(repeating: "\u{301}", count: 500), "501 characters"),
  ])
  func `an empty greeting and one that is too long are rejected`(text: String, reason: String) {
    let error = #expect(throws: UploadError.self) { try PageSettings.greeting(text) }
    #expect(error?.code == .badValue && error?.message.contains(reason) == true)
  }

  @Test(
    arguments: [
      (nil, [], [], nil), (4 << 30, [], [], "Up to 4 GiB per file."), (nil, ["image/*"], [], "Only image/*."),
      (1_000_000, ["image/*", "application/pdf"], [], "Up to 1 MB per file; only image/*, application/pdf."),
      (nil, [], ["image/svg+xml"], "Not image/svg+xml."),
      (1024, ["image/*"], ["image/svg+xml"], "Up to 1 KiB per file; only image/*; not image/svg+xml."),
    ] as [(UInt64?, [String], [String], String?)]
  )
  func `the limits are one sentence`(size: UInt64?, allowed: [String], denied: [String], sentence: String?) throws {
    var profile = ServerProfile()
    profile.maxSize = size.map { SizeSetting($0) }
    profile.types.allowed = try allowed.map { try MediaTypePattern($0) }
    profile.types.denied = try denied.map { try MediaTypePattern($0) }
    #expect(profile.limits == sentence)
  }
}
