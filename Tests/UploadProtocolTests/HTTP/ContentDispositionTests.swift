import Testing
import UploadCore

@testable import UploadProtocol

@Suite struct ContentDispositionTests {
  private func filename(part field: String) -> NameBytes? {
    ContentDisposition(part: Array("form-data; name=\"n\"; \(field)".utf8)).filename
  }

  @Test(arguments: [
    // Quoted, as browsers write it: nothing but three escapes.
    (#"filename="a.txt""#, "a.txt") as (String, NameBytes),
    (#"filename="a%22b%0D%0Ac""#, "a\"b\r\nc"),
    (#"filename="%2F%41%0a%0d%2522%""#, "%2F%41%0a%0d%2522%"),
    (#"filename="C:\dir\file.txt""#, #"C:\dir\file.txt"#),
    (#"filename="a\""#, #"a\"#),
    (#"filename="a\"; x="y""#, #"a"; x="y"#),
    (#"filename="a\\""#, #"a\\"#),
    // Quoted, as curl and Go write it: an escaped quote turns backslashes on and percent escapes off.
    (#"filename="a\"b""#, "a\"b"),
    (#"filename="a\\\"b%22;c""#, #"a\"b%22;c"#),
    (#"filename="\"""#, "\""),
    // Unescaped quotes, as old Internet Explorer writes them.
    (#"filename="a "b" c.txt""#, #"a "b" c.txt"#),
    (#"filename="a"b"; x=y"#, #"a"b"#),
    (#"filename=""a"""#, #""a""#),
    // No quotes, as .NET writes it.
    ("filename=a.txt", "a.txt"),
    ("filename=my file.txt ; x=y", "my file.txt"),
    (#"filename=C:\dir\file.txt"#, #"C:\dir\file.txt"#),
    ("filename=%22a%22", "%22a%22"),
    // Spaces and text around the value.
    (#"FileName = "a" ; x"#, "a"),
    (#"filename="a;b.txt"; x=y"#, "a;b.txt"),
    (#"filename="a" junk"#, #"a" junk"#),
    (#"filename="a"#, "a"),
    ("filename=", ""),
    (#"filename="""#, ""),
    (#"filename=""#, ""),
    // The first of repeated parameters counts.
    (#"filename="a"; filename="b""#, "a"),
    ("filename*=utf-8''a; filename*=utf-8''b", "a"),
    // filename takes precedence over filename* in any order.
    (#"filename*=utf-8''b; filename="a""#, "a"),
    (#"filename=""; filename*=utf-8''b"#, ""),
    // filename* alone.
    ("filename*=utf-8''na%C3%AFve%2Ftxt", "naïve/txt"),
    ("filename*=UTF-8'en'%e2%82%ac", "€"),
    ("filename*=iso-8859-1''%FC.txt", "ü.txt"),
    ("filename*=\"utf-8''a%20b\"", "a b"),
    ("filename*=utf-8''%FF", NameBytes([0xFF])),
    // .NET and PowerShell 7: RFC 2047 encoding next to filename*.
    (#"filename="=?utf-8?B?w6Qv8J+Yii50eHQ=?="; filename*=utf-8''%C3%A4%20b.txt"#, "ä b.txt"),
    (#"filename*=utf-8''%C3%A4; filename="=?utf-8?B?w6Q=?=""#, "ä"),
    (#"filename==?utf-8?B?w6Q=?=; filename*=utf-8''b"#, "b"),
    // RFC 2047 encoding alone, or next to a filename* that cannot be decoded.
    (#"filename="=?utf-8?B?w6QvYg==?=""#, "ä/b"),
    (#"filename="=?UTF-8?b?w6Q=?="; filename*=koi8-r''%C1"#, "ä"),
    (#"filename="=?utf-8?Q?=C3=A4_b=2Etxt?=""#, "ä b.txt"),
    (#"filename="=?iso-8859-1?q?caf=E9?=""#, "café"),
    (#"filename="=?utf-8*de?B?w6Q=?=""#, "ä"),
    (#"filename="=?utf-8?B?w6Q=?= =?utf-8?Q?b?=""#, "äb"),
    (#"filename="=?utf-8?Q?a=FF?=""#, NameBytes([0x61, 0xFF])),
    // Text that only resembles the encoding is the name.
    (#"filename="=?utf-8?B?%%%?=""#, "=?utf-8?B?%%%?="),
    (#"filename="=?koi8-r?B?w6Q=?=""#, "=?koi8-r?B?w6Q=?="),
    (#"filename="=?utf-8?X?w6Q=?=""#, "=?utf-8?X?w6Q=?="),
    (#"filename="=?utf-8?Q?=C?=""#, "=?utf-8?Q?=C?="),
    (#"filename="=?utf-8?Q?a?= b.txt""#, "=?utf-8?Q?a?= b.txt"),
    (#"filename="=?=""#, "=?="),
    (#"filename="a =?utf-8?Q?b?=""#, "a =?utf-8?Q?b?="),
    // A value that cannot be decoded is still a file name.
    ("filename*=koi8-r''%C1", "koi8-r''%C1"),
    ("filename*=utf-8''%4", "utf-8''%4"),
    ("filename*=plain", "plain"),
  ]) func `the file name of a part is decoded from every notation that clients use`(
    field: String,
    expected: NameBytes
  ) {
    #expect(filename(part: field) == expected)
  }

  @Test(arguments: ["", "x=y", "filename", "filenames=a", "name=filename", "; ;=a; =", "name=\"filename=\""])
  func `a part without a filename parameter has no file name`(field: String) {
    #expect(filename(part: field) == nil)
  }

  @Test func `a semicolon inside a quoted name is not a separator`() {
    let field = ContentDisposition(part: Array(#"form-data; name="a; filename=b"; filename="c""#.utf8))
    #expect(field.name == "a; filename=b")
    #expect(field.filename == "c")
  }

  @Test func `names are read from a Content-Disposition without a disposition type`() {
    let field = ContentDisposition(part: Array(#"name="n"; filename="f""#.utf8))
    #expect(field.name == "n")
    #expect(field.filename == "f")
  }

  @Test(arguments: [
    (#"attachment; filename="a.txt""#, "a.txt") as (String, NameBytes),
    (#"attachment; filename="=?utf-8?B?w6Q=?=""#, "ä"),
    ("attachment; filename=a.txt", "a.txt"),
    // Takes precedence here in any order.
    (#"attachment; filename="a"; filename*=UTF-8''%E2%82%AC"#, "€"),
    (#"attachment; filename*=UTF-8''%E2%82%AC; filename="a""#, "€"),
    ("attachment; filename*=UTF-8''b; filename*=UTF-8''c", "b"),
    // Unless it is malformed.
    (#"attachment; filename="a"; filename*=koi8-r''%C1"#, "a"),
    (#"attachment; filename="a"; filename*=UTF-8''%4"#, "a"),
    // RFC 6266 has no percent escapes in filename.
    (#"attachment; filename="a%22b""#, "a%22b"),
    (#"attachment; filename="a\"b""#, "a\"b"),
    (#"attachment; filename="C:\dir\a""#, #"C:\dir\a"#),
  ]) func `a request's file name is that of a valid filename*, otherwise that of filename`(
    field: String,
    expected: NameBytes
  ) {
    #expect(ContentDisposition(header: field).filename == expected)
  }

  @Test(arguments: ["", "attachment", "inline; x=y", "attachment; filename*=garbage"])
  func `a request without a valid filename parameter has no file name`(field: String) {
    #expect(ContentDisposition(header: field).filename == nil)
  }
}

@Suite struct AttachmentTests {
  @Test(arguments: [
    ("a.txt", "a.txt", "a.txt"), ("a b.txt", "a b.txt", "a%20b.txt"), ("ü.txt", "_.txt", "%C3%BC.txt"),
    (#"a"b\c"#, "a_b_c", "a%22b%5Cc"), ("50%.txt", "50%.txt", "50%25.txt"), ("a%20b", "a_20b", "a%2520b"),
    ("%4", "%4", "%254"), ("a;b=c", "a;b=c", "a%3Bb%3Dc"), ("a\r\nb", "a__b", "a%0D%0Ab"),
    ("👨‍👩‍👧", "_____", "%F0%9F%91%A8%E2%80%8D%F0%9F%91%A9%E2%80%8D%F0%9F%91%A7"),
  ])
  func `an attachment's name is written in ASCII as filename and exactly as filename*`(
    name: String,
    fallback: String,
    exact: String
  ) {
    let field = ContentDisposition.attachment(named: NameBytes(name))
    #expect(field == "attachment; filename=\"\(fallback)\"; filename*=UTF-8''\(exact)")
    #expect(ContentDisposition(header: field).filename == NameBytes(name))
  }

  @Test func `an attachment's name that is not UTF-8 is written in ASCII as filename only`() {
    let name = NameBytes(Array("caf".utf8) + [0xE9] + Array(".txt".utf8))
    #expect(ContentDisposition.attachment(named: name) == "attachment; filename=\"caf_.txt\"")
  }
}
