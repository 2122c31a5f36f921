import Testing
import UploadCore

@testable import Dashboard

struct PastedPathsTests {
  private func parse(_ text: String) -> [String] {
    PastedPaths.parse(text, home: "/home/ann")
  }

  @Test(arguments: [
    ("/tmp/a.bin", ["/tmp/a.bin"]),
    ("/tmp/a.bin \n", ["/tmp/a.bin"]),
    ("'/tmp/it'\\''s here.bin' ", ["/tmp/it's here.bin"]),
    ("\"/tmp/a \\\"b\\\" \\$c \\x.bin\"", ["/tmp/a \"b\" $c \\x.bin"]),
    ("/tmp/a\\ b\\(1\\).bin", ["/tmp/a b(1).bin"]),
    ("$'/tmp/row\\nbreak\\x21\\041\\'.bin'", ["/tmp/row\nbreak!!'.bin"]),
    ("$'/tmp/\\303\\274.bin'", ["/tmp/ü.bin"]),
    ("~/a.bin", ["/home/ann/a.bin"]),
    ("~", ["/home/ann"]),
    ("/tmp/a /tmp/b", ["/tmp/a", "/tmp/b"]),
    ("'/tmp/a b' '/tmp/c d'", ["/tmp/a b", "/tmp/c d"]),
    ("/tmp/a\n/tmp/b\r\n/tmp/a\n", ["/tmp/a", "/tmp/b"]),
    ("file:///tmp/a%20b%C3%BC.bin", ["/tmp/a bü.bin"]),
    ("file://localhost/tmp/a", ["/tmp/a"]),
    ("FILE:/tmp/a", ["/tmp/a"]),
    ("file:///tmp/a\r\nfile:///tmp/b\r\n", ["/tmp/a", "/tmp/b"]),
    // Not quoted at all, as file managers copy paths.
    ("/tmp/My Holiday.mp4", ["/tmp/My Holiday.mp4"]),
    ("/tmp/it's mine.txt", ["/tmp/it's mine.txt"]),
    ("/tmp/My Holiday.mp4\n/tmp/'My Work'.txt", ["/tmp/My Holiday.mp4", "/tmp/My Work.txt"]),
  ])
  func `absolute paths, ~ paths and file URLs are found, quoted as in shells or not`(text: String, paths: [String]) {
    #expect(parse(text) == paths)
  }

  @Test(arguments: [
    "", " \n", "hello", "hello /tmp/a", "videos/a.bin", "'~/a'", "http://127.0.0.1/a", "file://elsewhere/tmp/a",
    "file:///tmp/%zz", "file:///tmp/%2", "file:///tmp/%00", "file:relative", "'unterminated",
    "$'\\xg'",
    "$'\\xFF'", "$'\\777'", "trailing\\", "/tmp/a\nand a sentence",
  ])
  func `text yields no paths when it is blank, quoted wrongly, or in part not a path of this machine`(text: String) {
    #expect(parse(text) == [])
  }

  @Test func `a file URL with an escaped byte that is not UTF-8 keeps the byte`() {
    #expect(parse("file:///tmp/%FF") == [NameBytes("/tmp/".utf8 + [0xFF]).losslessText])
  }

  @Test func `a path of 4,096 bytes and a text of more than 1 MiB yield no paths`() {
    #expect(parse("/" + String(repeating: "a", count: 4_094)).count == 1)
    #expect(parse("/" + String(repeating: "a", count: 4_095)).isEmpty)
    #expect(parse(String(repeating: "/a\n", count: 400_000)).isEmpty)
  }
}
