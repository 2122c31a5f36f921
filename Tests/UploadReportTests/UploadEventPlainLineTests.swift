import Testing
import UploadCore

@testable import UploadReport

@Suite struct UploadEventPlainLineTests {
  private let upload = UploadSnapshot.example()

  @Test func `the listening sentence has the server's addresses and settings`() {
    let plain = ServerListening(url: "http://127.0.0.1:8080", directory: "./uploads", processID: 1)
    #expect(UploadEvent.listening(plain).plainLine() == "listening on http://127.0.0.1:8080, files go to ./uploads")
    var full = plain
    (full.rawPort, full.token, full.adminToken, full.fingerprint) = (9000, "t0k", "0wn", "ab:cd")
    #expect(
      UploadEvent.listening(full).plainLine()
        == "listening on http://127.0.0.1:8080, files go to ./uploads, raw TCP on port 9000, token t0k, "
        + "owner's token 0wn, certificate ab:cd"
    )
  }

  @Test func `the listening sentence says how many unfinished uploads the server found, if there are any`() {
    func line(_ unfinished: Int) -> String? {
      let server = ServerListening(url: "http://h:1", directory: "up", processID: 1, unfinished: unfinished)
      return UploadEvent.listening(server).plainLine()
    }
    let head = "listening on http://h:1, files go to up"
    #expect(line(0) == head && line(-1) == head)
    #expect(line(1) == head + ", found 1 unfinished upload, which can be continued")
    #expect(line(3) == head + ", found 3 unfinished uploads, which can be continued")
  }

  @Test func `the started sentence has the size and the peer`() {
    #expect(
      UploadEvent.started(upload).plainLine() == "incoming stream \"a.bin\" started, 1.0 GiB, from 127.0.0.1:5555"
    )
    let most = upload.changed { $0.sizeExact = false }
    #expect(UploadEvent.started(most).plainLine()?.contains("started, at most 1.0 GiB, from") == true)
    let unknown = upload.changed {
      $0.size = nil
      $0.direction = .outgoing
    }
    #expect(
      UploadEvent.started(unknown).plainLine() == "outgoing stream \"a.bin\" started, size unknown, to 127.0.0.1:5555"
    )
  }

  @Test func `the progress sentence shows the rate while bytes move, and otherwise the state in words`() {
    let head = "incoming stream \"a.bin\" 512.0 MiB"
    func line(_ change: (inout UploadSnapshot) -> Void) -> String? {
      UploadEvent.progress(upload.changed(change)).plainLine()
    }
    #expect(line { _ in } == head + " of 1.0 GiB 50% 96.2 MiB/s 0:05 left, memory 3.0 MiB")
    #expect(
      line {
        $0.size = nil; $0.eta = nil
      } == head + " 96.2 MiB/s, memory 3.0 MiB"
    )
    #expect(
      line { $0.state = .limited } == head + " of 1.0 GiB 50% 96.2 MiB/s, slowed by a rate limit, memory 3.0 MiB"
    )
    #expect(line { $0.state = .waitingForMemory } == head + " of 1.0 GiB 50%, waiting for memory, memory 3.0 MiB")
    #expect(line { $0.state = .waiting } == head + " of 1.0 GiB 50%, waiting for the first byte, memory 3.0 MiB")
    let retrying = line { ($0.state, $0.retryReason) = (.waiting, "HTTP 429: 10 in a minute.") }
    #expect(retrying?.hasSuffix(": HTTP 429: 10 in a minute, memory 3.0 MiB") == true, "\(retrying ?? "")")
    #expect(
      line { $0 = $0.stalled(.disk, 6) } == head + " of 1.0 GiB 50%, stalled: waiting for the disk, memory 3.0 MiB"
    )
    #expect(line { $0.state = .finishing } == head + " of 1.0 GiB 50%, finishing, memory 3.0 MiB")
  }

  @Test func `100 percent is shown only for all bytes`() {
    let almost = upload.changed { $0.bytes = (1 << 30) - 1 }
    #expect(UploadEvent.progress(almost).plainLine()?.contains(" 99% ") == true)
  }

  @Test(
    arguments: [
      (.client, "the client"), (.server, "the server"), (.disk, "the disk"), (.store, "the store"), (.memory, "memory"),
      (.limit, "the rate limit"), (.network, "the network"),
    ] as [(StallCause, String)]
  )
  func `the stalled sentence states the cause`(cause: StallCause, words: String) {
    #expect(
      UploadEvent.stalled(upload.stalled(cause, 5)).plainLine()
        == "incoming stream \"a.bin\" stalled for 5 s: waiting for \(words)"
    )
  }

  @Test func `the resumed sentence has the duration`() {
    #expect(UploadEvent.resumed(upload, seconds: 7.24).plainLine() == "incoming stream \"a.bin\" resumed after 7.2 s")
  }

  @Test func `the finished sentence has the stored name, size and rate`() {
    let form = upload.changed {
      $0.mode = .multipart
      $0.name = "x.zip"
      $0.seconds = 10.2
    }
    #expect(
      UploadEvent.finished(form, FinishedUpload(path: "x (2).zip", bytes: 1 << 30)).plainLine()
        == "incoming multipart \"x.zip\" stored as \"x (2).zip\", 1.0 GiB in 10.2 s (100.4 MiB/s), peak memory 3.0 MiB"
    )
    let sent = form.changed { $0.direction = .outgoing }
    #expect(
      UploadEvent.finished(sent, FinishedUpload(path: "x.zip", bytes: 1 << 30)).plainLine()
        == "outgoing multipart \"x.zip\" sent, 1.0 GiB in 10.2 s (100.4 MiB/s), peak memory 3.0 MiB"
    )
    #expect(
      UploadEvent.finished(sent, FinishedUpload(path: "y", bytes: 1)).plainLine()?
        .hasPrefix("outgoing multipart \"x.zip\" sent, stored as \"y\", 1 B in") == true
    )
    let quick = form.changed { $0.seconds = 0.0123 }
    #expect(
      UploadEvent.finished(quick, FinishedUpload(path: "x.zip", bytes: 1)).plainLine()?.contains("in 0.01 s") == true
    )
    let instant = form.changed { $0.seconds = 0 }
    #expect(
      UploadEvent.finished(instant, FinishedUpload(path: "x.zip", bytes: 1)).plainLine()?.contains("in 0 s (0 B/s)")
        == true
    )
  }

  @Test func `the failed sentence has the reason, and the cancelled one the bytes that had moved`() {
    let error = UploadError(.clientGone, "The client went away.")
    #expect(UploadEvent.failed(upload, error).plainLine() == "incoming stream \"a.bin\" failed: The client went away.")
    #expect(UploadEvent.cancelled(upload).plainLine() == "incoming stream \"a.bin\" cancelled after 512.0 MiB")
  }

  @Test func `the rejected sentence has the request, status and count`() {
    var request = RejectedRequest(
      time: "",
      client: "192.0.2.7",
      method: "PUT",
      path: "/a",
      status: 413,
      reason: "Too large."
    )
    #expect(UploadEvent.rejected(request).plainLine() == "rejected PUT /a from 192.0.2.7 with 413: Too large.")
    request.count = 12
    (request.method, request.path) = (nil, nil)
    #expect(
      UploadEvent.rejected(request).plainLine() == "rejected from 192.0.2.7 with 413: Too large. (12 requests)"
    )
  }

  @Test func `the sentence of a download has its bytes, speed and client, and its size where it was aborted`() {
    #expect(
      UploadEvent.download(.example(.aborted)).plainLine()
        == #"download of "a.bin" aborted, 1.0 MiB of 1.0 GiB in 2.5 s (409.6 KiB/s), to 192.0.2.7:5555"#
    )
    #expect(
      UploadEvent.download(.example(.finished)).plainLine()
        == #"download of "a.bin" finished, 1.0 GiB in 2.5 s (409.6 MiB/s), to 192.0.2.7:5555"#
    )
    var archive = DownloadSnapshot.example(.aborted)
    archive.size = nil
    #expect(
      UploadEvent.download(archive).plainLine()
        == #"download of "a.bin" aborted, 1.0 MiB in 2.5 s (409.6 KiB/s), to 192.0.2.7:5555"#
    )
  }

  @Test func `the process event has no sentence`() {
    #expect(UploadEvent.process(ProcessMemory(resident: 1, peak: 1), SlabUse(used: 0, budget: 0)).plainLine() == nil)
  }

  @Test func `text from a peer is safe to show on a terminal, in sentences and in JSON`() {
    let evil = "\u{1B}]0;x\u{7}\n\u{202E}"
    let hostile = upload.changed {
      $0.name = evil
      $0.remote = evil
    }
    var download = DownloadSnapshot.example(.aborted)
    (download.name, download.remote) = (evil, evil)
    let events: [UploadEvent] = [
      .download(download), .started(hostile), .progress(hostile), .stalled(hostile),
      .interrupted(hostile.interrupted(1)),
      .resumed(hostile, seconds: 1), .cancelled(hostile),
      .finished(hostile, FinishedUpload(path: evil + "2", bytes: 1)), .failed(hostile, UploadError(.badAnswer, evil)),
      .rejected(RejectedRequest(time: evil, client: evil, method: evil, path: evil, status: 400, reason: evil)),
      .listening(ServerListening(url: evil, directory: evil, processID: 1, token: evil, fingerprint: evil)),
    ]
    for event in events {
      #expect(event.plainLine()?.unicodeScalars.contains(where: PlainText.isUnsafe) == false)
      #expect(!event.json.serialized.unicodeScalars.contains(where: PlainText.isUnsafe))
    }
  }
}
