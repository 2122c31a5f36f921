import Glibc
import Testing
import UploadTestSupport

@testable import UploadCore

@Suite struct LinkReadingTests {
  @Test func `a pipe, a socket that is no TCP one and a closed descriptor have no reading`() {
    var pipes: [CInt] = [0, 0]
    #expect(pipe(&pipes) == 0)
    #expect(LinkReading(descriptor: pipes[0]) == nil)
    var sockets: [CInt] = [0, 0]
    #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &sockets) == 0)
    #expect(LinkReading(descriptor: sockets[0]) == nil)
    for descriptor in pipes + sockets { close(descriptor) }
    #expect(LinkReading(descriptor: sockets[0]) == nil)
    #expect(LinkReading(descriptor: -1) == nil)
  }

  @Test func `the facts of an upload are those since it began on the connection`() {
    var (first, last) = (LinkReading(), LinkReading())
    (first.sentPackets, first.retransmitted, first.receivedPackets, first.outOfOrder) = (1000, 900, 500, 500)
    (last.sentPackets, last.retransmitted, last.receivedPackets, last.outOfOrder) = (1100, 925, 600, 501)
    (last.roundTrip, last.deliveryRate, last.windowLimited) = (0.05, 1e6, 3)
    let outgoing = LinkFacts(last, since: first, .outgoing)
    #expect(outgoing == LinkFacts(roundTrip: 0.05, deliveryRate: 1e6, disturbed: 0.25, windowSeconds: 3))
    #expect(LinkFacts(last, since: first, .incoming) == LinkFacts(roundTrip: 0.05, disturbed: 0.01))
    #expect(LinkFacts(LinkReading(), since: LinkReading(), .outgoing) == LinkFacts())
  }

  @Test func `the load of a thread is the time that it computes`() {
    let begin = ContinuousClock.now
    var load = ThreadLoad(at: begin)
    var sum = 0
    while ContinuousClock.now - begin < .milliseconds(30) { sum &+= 1 }
    let busy = load.take(at: .now)
    // Other programs may take turns on the processor.
    #expect(busy > 0.05 && busy <= 1 && sum > 0)
    #expect(load.take(at: begin) == 0)
  }
}
