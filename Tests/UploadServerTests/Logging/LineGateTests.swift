import NIOCore
import Testing

@testable import UploadServer

@Suite struct LineGateTests {
  @Test func `So many lines a second pass, and the next says how many did not`() {
    var gate = LineGate()
    let start = NIODeadline.uptimeNanoseconds(5_000_000_000)
    for _ in 0..<LineGate.most { #expect(gate.pass(at: start) == 0) }
    for _ in 0..<1000 { #expect(gate.pass(at: start + .milliseconds(999)) == nil) }
    #expect(gate.pass(at: start + .seconds(1)) == 1000)
    #expect(gate.pass(at: start + .seconds(1)) == 0)
  }
}
