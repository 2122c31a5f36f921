import Testing
import UploadCore

@testable import UploadTrials

@Suite struct ServerNotesTests {
  @Test func `output lines are recorded`() {
    var notes = ServerNotes()
    notes.take(.output(#"{"event":"listening","url":"http://127.0.0.1:1","rawPort":null,"dir":"d","pid":1}"#))
    notes.take(.output(#"{"event":"progress","id":"1","bytes":5,"speed":2.5,"residentBytes":70,"eta":null}"#))
    #expect(notes.url == "http://127.0.0.1:1" && notes.bytes == 5 && notes.rate == 2.5 && !notes.hasEnded)
    notes.take(.output("no JSON"))
    notes.take(.error("first"))
    notes.take(.error("second"))
    notes.take(.output(#"{"event":"finished","id":"1","bytes":9,"peakResidentBytes":100}"#))
    #expect(notes.bytes == 9 && notes.uploadPeak == 100 && notes.hasEnded && notes.complaint == "first")
  }

  @Test func `a failed upload keeps its peak memory`() {
    var notes = ServerNotes()
    notes.take(.output(#"{"event":"progress","id":"1","bytes":5,"residentBytes":70}"#))
    notes.take(.output(#"{"event":"failed","id":"1","error":{"code":"clientGone","message":"m"}}"#))
    #expect(notes.hasEnded && notes.uploadPeak == 70 && notes.bytes == 5)
  }

  @Test func `lines are split at any read boundary`() {
    let text = "one\ntwo\r\n\nthree\n" + String(repeating: "x", count: 100_000) + "\nend"
    for piece in [1, 2, 3, 7, 1 << 20] {
      var buffer = LineBuffer()
      var lines: [String] = []
      var rest = Array(text.utf8)[...]
      while !rest.isEmpty {
        Array(rest.prefix(piece)).withUnsafeBytes { lines += buffer.add($0) }
        rest = rest.dropFirst(piece)
      }
      #expect(lines.prefix(4) == ["one", "two\r", "", "three"] && lines.count == 5)
      #expect(lines[4].utf8.count == 64 << 10)
    }
  }
}
