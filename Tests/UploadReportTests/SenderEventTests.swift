import Testing

@testable import UploadCore
@testable import UploadReport

/// The name that a sender states, in events.
@Suite struct SenderEventTests {
  private let upload = UploadSnapshot.example { $0.sender = "Anna" }
  private let file = FinishedUpload(path: "a.bin", bytes: 1 << 30)

  @Test func `events that begin and end an upload have the sender`() {
    let failure = UploadError(.clientGone, "Gone.")
    let events: [UploadEvent] = [
      .started(upload), .finished(upload, file), .failed(upload, failure), .cancelled(upload),
    ]
    for event in events {
      #expect(event.json.serialized.hasSuffix(#","sender":"Anna"}"#), "\(event)")
    }
    for event in [UploadEvent.progress(upload), .stalled(upload), .interrupted(upload)] {
      #expect(!event.json.serialized.contains("sender"), "\(event)")
    }
  }

  @Test func `without a sender's name events are as they were`() {
    let upload = UploadSnapshot.example()
    for event in [UploadEvent.started(upload), .finished(upload, file), .cancelled(upload)] {
      #expect(!event.json.serialized.contains("sender"))
    }
    #expect(UploadEvent.cancelled(upload).plainLine() == "incoming stream \"a.bin\" cancelled after 512.0 MiB")
  }

  @Test func `plain lines name the sender before the address`() {
    let from = "from Anna (127.0.0.1:5555)"
    #expect(UploadEvent.started(upload).plainLine() == "incoming stream \"a.bin\" started, 1.0 GiB, \(from)")
    let finished = UploadEvent.finished(upload, file).plainLine()
    #expect(finished?.hasPrefix("incoming stream \"a.bin\" \(from) stored, 1.0 GiB in ") == true, "\(finished ?? "")")
    let failed = UploadEvent.failed(upload, UploadError(.clientGone, "Gone."))
    #expect(failed.plainLine() == "incoming stream \"a.bin\" \(from) failed: Gone.")
    #expect(UploadEvent.cancelled(upload).plainLine() == "incoming stream \"a.bin\" \(from) cancelled after 512.0 MiB")
  }

  @Test func `a sender's name cannot control a terminal`() {
    let upload = UploadSnapshot.example { $0.sender = "a\u{1B}[2Jb" }
    #expect(UploadEvent.started(upload).plainLine()?.contains("\u{1B}") == false)
  }

  @Test func `a tree has the sender of its first file`() {
    let id = "x"
    let sender = try? SenderName("Anna".utf8)
    var tallies = GroupTallies()
    let meter = UploadMeter(
      direction: .incoming,
      mode: .stream,
      name: "photos/a.jpg",
      size: 1,
      remote: "192.0.2.7:5555",
      sender: sender,
      group: UploadGroup(id: id, name: "photos", files: 30)
    )
    tallies.begin(meter, at: meter.startedAt)
    var sampler = GroupSampler()
    let groups = sampler.sample(tallies, [], [:], stallAfter: .seconds(5), at: meter.startedAt)
    #expect(groups.first?.sender == "Anna")
    let line = groups.first?.plainLine(.started)
    #expect(line == "incoming tree \"photos/\" started, 30 files, from Anna (192.0.2.7:5555)")
    #expect(groups.first?.json.serialized.hasSuffix(#","sender":"Anna"}"#) == true)
  }
}
