import Testing
import UploadCore

@testable import UploadTrials

@Suite struct ServerNotesTests {
  @Test func `address, progress and end of an upload are read from the server's output lines`() {
    let notes = ServerNotes()
    notes.add(#"{"event":"listening","url":"http://127.0.0.1:1","rawPort":null,"dir":"d","pid":1}"#, isError: false)
    notes.add(
      #"{"event":"progress","id":"1","bytes":5,"speed":2.5,"residentBytes":70,"eta":null}"#,
      isError: false
    )
    #expect(notes.url == "http://127.0.0.1:1" && notes.bytes == 5 && notes.rate == 2.5 && !notes.hasEnded)
    notes.add("no JSON", isError: false)
    notes.add("first", isError: true)
    notes.add("second", isError: true)
    notes.add(#"{"event":"finished","id":"1","bytes":9,"peakResidentBytes":100}"#, isError: false)
    #expect(notes.bytes == 9 && notes.uploadPeak == 100 && notes.hasEnded && notes.firstError == "first")
  }

  @Test func `the notes on a failed upload keep its bytes and peak memory`() {
    let notes = ServerNotes()
    notes.add(#"{"event":"progress","id":"1","bytes":5,"residentBytes":70}"#, isError: false)
    notes.add(#"{"event":"failed","id":"1","error":{"code":"clientGone","message":"m"}}"#, isError: false)
    #expect(notes.hasEnded && notes.uploadPeak == 70 && notes.bytes == 5)
  }

  @Test func `figures that are no whole numbers of 64 bits are ignored`() {
    let notes = ServerNotes()
    for bytes in ["-1", "1e30", "18446744073709551616", "\"5\""] {
      notes.add(#"{"event":"progress","id":"1","bytes":\#(bytes)}"#, isError: false)
    }
    #expect(notes.bytes == 0)
    notes.add(#"{"event":"progress","id":"1","residentBytes":18446744073709551615}"#, isError: false)
    #expect(notes.uploadPeak == .max)
  }

  @Test func `text lines are split at any read boundary, and cut to 64 KiB`() {
    let text = "one\ntwo\r\n\nthree\n" + String(repeating: "x", count: 100_000) + "\nend"
    for size in [1, 2, 3, 7, 1 << 20] {
      var buffer = LineBuffer()
      var lines: [String] = []
      var rest = Array(text.utf8)[...]
      while !rest.isEmpty {
        Array(rest.prefix(size)).withUnsafeBytes { lines += buffer.add($0) }
        rest = rest.dropFirst(size)
      }
      #expect(lines.prefix(4) == ["one", "two\r", "", "three"] && lines.count == 5)
      #expect(lines[4].utf8.count == 64 << 10)
    }
  }
}
