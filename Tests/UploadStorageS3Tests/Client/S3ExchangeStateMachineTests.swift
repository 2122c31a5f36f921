import NIOCore
import NIOHTTP1
import Testing

@testable import UploadStorageS3

@Suite struct S3ExchangeStateMachineTests {
  private static let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

  private func machine(
    length: UInt64 = 0,
    chunk: UInt64 = 10,
    reads: Bool = false,
    streams: Bool = false
  ) -> S3ExchangeStateMachine {
    S3ExchangeStateMachine(
      S3ExchangeStateMachine.Plan(
        length: length,
        chunkSize: chunk,
        readsChunks: reads,
        streams: streams,
        bodyLimit: 8,
        idleTimeout: .seconds(5),
        responseTimeout: .seconds(20)
      )
    )
  }

  private func head(_ status: Int, _ headers: HTTPHeaders = [:]) -> HTTPResponseHead {
    HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: headers)
  }

  /// A text for each action, to compare.
  private func text(_ action: S3ExchangeStateMachine.Action) -> String {
    switch action {
    case .none: "none"
    case .writeHead: "start"
    case .read(let range): "read \(range)"
    case .write(let range, let isLast): "write \(range)\(isLast ? " last" : "")"
    case .writeEnd: "end"
    case .pass(let bytes): "pass \(String(buffer: bytes))"
    case .end(.success(let response), let keeps):
      "\(response.status) \(String(buffer: response.body))\(response.isCut ? " cut" : "")\(keeps ? " keep" : "")"
    case .end(.failure(let failure), _): "\(failure)"
    }
  }

  private func bytes(_ text: String) -> ByteBuffer { ByteBuffer(string: text) }

  @Test func `a request without a body`() {
    var machine = machine()
    #expect(text(machine.connected(at: Self.start)) == "start")
    #expect(text(machine.wroteHead()) == "end")
    #expect(text(machine.wrote(at: Self.start)) == "none")
    #expect(text(machine.responded(head(200), at: Self.start)) == "none")
    #expect(text(machine.received(bytes("abc"), at: Self.start)) == "none")
    #expect(text(machine.received(bytes("def"), at: Self.start)) == "none")
    #expect(text(machine.responseEnded()) == "200 abcdef keep")
    #expect(machine.isOver && machine.deadline == nil)
    #expect(text(machine.disconnected()) == "none")
  }

  @Test func `a body is written in chunks, the last with the end`() {
    var machine = machine(length: 25)
    _ = machine.connected(at: Self.start)
    #expect(text(machine.wroteHead()) == "write 0..<10")
    #expect(machine.isWithinBody)
    #expect(text(machine.wrote(at: Self.start)) == "write 10..<20")
    #expect(text(machine.wrote(at: Self.start)) == "write 20..<25 last")
    #expect(!machine.isWithinBody)
    #expect(text(machine.wrote(at: Self.start)) == "none")
    #expect(text(machine.responded(head(204), at: Self.start)) == "none")
    #expect(text(machine.responseEnded()) == "204  keep")
  }

  @Test func `chunks that must be encrypted are read before`() {
    var machine = machine(length: 15, reads: true)
    _ = machine.connected(at: Self.start)
    #expect(text(machine.wroteHead()) == "read 0..<10")
    #expect(text(machine.didRead(at: Self.start)) == "write 0..<10")
    #expect(text(machine.wrote(at: Self.start)) == "read 10..<15")
    #expect(text(machine.didRead(at: Self.start)) == "write 10..<15 last")
    #expect(text(machine.fail(.cancelled)) == "cancelled")
    #expect(text(machine.didRead(at: Self.start)) == "none")
  }

  @Test func `a failure before the end of the body stops it, and the connection is not kept`() {
    var machine = machine(length: 25)
    _ = machine.connected(at: Self.start)
    _ = machine.wroteHead()
    #expect(text(machine.responded(head(503), at: Self.start)) == "none")
    #expect(text(machine.wrote(at: Self.start)) == "none")
    #expect(text(machine.received(bytes("no"), at: Self.start)) == "none")
    #expect(text(machine.responseEnded()) == "503 no")
  }

  @Test func `a success before the end of the body is an error`() {
    var machine = machine(length: 25)
    _ = machine.connected(at: Self.start)
    _ = machine.wroteHead()
    #expect(text(machine.responded(head(200), at: Self.start)) == "malformedResponse")
  }

  @Test func `informational responses are ignored, up to 16; 101 is an error`() {
    var machine = machine()
    _ = machine.connected(at: Self.start)
    var other = machine
    for _ in 0..<16 { #expect(text(machine.responded(head(100), at: Self.start)) == "none") }
    #expect(text(machine.responded(head(100), at: Self.start)) == "malformedResponse")
    #expect(text(other.responded(head(101), at: Self.start)) == "malformedResponse")
  }

  @Test func `a body beyond its limit is cut`() {
    var machine = machine()
    _ = machine.connected(at: Self.start)
    _ = machine.wroteHead()
    _ = machine.wrote(at: Self.start)
    _ = machine.responded(head(200), at: Self.start)
    #expect(text(machine.received(bytes("12345678"), at: Self.start)) == "none")
    #expect(text(machine.received(bytes("9"), at: Self.start)) == "200 12345678 cut")
  }

  @Test func `a connection is kept only if the engine keeps it`() {
    var machine = machine()
    _ = machine.connected(at: Self.start)
    _ = machine.wroteHead()
    _ = machine.wrote(at: Self.start)
    _ = machine.responded(head(200, ["Connection": "close"]), at: Self.start)
    #expect(text(machine.responseEnded()) == "200 ")
  }

  // MARK: Streaming

  private func streaming() -> S3ExchangeStateMachine {
    var machine = machine(streams: true)
    _ = machine.connected(at: Self.start)
    _ = machine.wroteHead()
    _ = machine.wrote(at: Self.start)
    return machine
  }

  @Test func `a streamed body is passed on one piece after the other, of any length`() {
    var machine = streaming()
    _ = machine.responded(head(206), at: Self.start)
    #expect(machine.readRequested() && !machine.takePendingRead())
    #expect(text(machine.received(bytes("1234567890"), at: Self.start)) == "pass 1234567890")
    #expect(!machine.readRequested() && machine.deadline == nil)
    #expect(text(machine.received(bytes("b"), at: Self.start)) == "none")
    #expect(text(machine.passedOn(at: Self.start)) == "pass b")
    #expect(text(machine.responseEnded()) == "none")
    #expect(machine.takePendingRead() == false)
    #expect(text(machine.passedOn(at: Self.start)) == "206  keep")
    #expect(machine.takePendingRead() && !machine.takePendingRead())
  }

  @Test func `the body of a failure is kept, not streamed`() {
    var machine = streaming()
    _ = machine.responded(head(404), at: Self.start)
    #expect(text(machine.received(bytes("no"), at: Self.start)) == "none")
    #expect(text(machine.responseEnded()) == "404 no keep")
  }

  @Test func `a lost connection is reported when everything before was passed on`() {
    var machine = streaming()
    _ = machine.responded(head(200), at: Self.start)
    _ = machine.received(bytes("a"), at: Self.start)
    _ = machine.received(bytes("b"), at: Self.start)
    #expect(text(machine.disconnected()) == "none")
    #expect(text(machine.passedOn(at: Self.start)) == "pass b")
    #expect(text(machine.passedOn(at: Self.start)) == "connectionLost(hasBegun: true)")
  }

  @Test func `a connection that is closed behind the last byte is no failure`() {
    var machine = streaming()
    _ = machine.responded(head(200), at: Self.start)
    _ = machine.received(bytes("a"), at: Self.start)
    _ = machine.responseEnded()
    #expect(text(machine.disconnected()) == "none")
    #expect(text(machine.passedOn(at: Self.start)) == "200 ")
  }

  // MARK: Time

  @Test func `an engine has its time to accept data, to respond, and to continue`() {
    let late = Self.start + .seconds(5)
    var sending = machine(length: 25)
    _ = sending.connected(at: Self.start)
    _ = sending.wroteHead()
    #expect(sending.deadline == late)
    #expect(text(sending.timerFired(at: Self.start + .seconds(4), queued: 10)) == "none")
    // The socket has accepted a part of the chunk.
    #expect(text(sending.timerFired(at: late, queued: 5)) == "none")
    #expect(sending.deadline == late + .seconds(5))
    #expect(text(sending.timerFired(at: late + .seconds(5), queued: 5)) == "stalled")

    var waiting = machine()
    _ = waiting.connected(at: Self.start)
    _ = waiting.wroteHead()
    _ = waiting.wrote(at: Self.start)
    #expect(waiting.deadline == Self.start + .seconds(20))
    #expect(text(waiting.timerFired(at: late, queued: 0)) == "none")
    var receiving = waiting
    #expect(text(waiting.timerFired(at: Self.start + .seconds(20), queued: 0)) == "responseTimedOut")

    _ = receiving.responded(head(200), at: late)
    #expect(receiving.deadline == late + .seconds(5))
    #expect(text(receiving.timerFired(at: late + .seconds(5), queued: 0)) == "stalled")
  }

  @Test func `bytes that belong to no response are an error`() {
    var machine = machine()
    _ = machine.connected(at: Self.start)
    #expect(text(machine.received(bytes("a"), at: Self.start)) == "malformedResponse")
    var other = self.machine()
    _ = other.connected(at: Self.start)
    #expect(text(other.responseEnded()) == "malformedResponse")
    var lost = self.machine()
    _ = lost.connected(at: Self.start)
    #expect(text(lost.disconnected()) == "connectionLost(hasBegun: false)")
  }
}
