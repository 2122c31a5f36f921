import Testing

@testable import UploadServer

@Suite struct ReadDemandTests {
  @Test func `An allowed read leaves nothing pending`() {
    var demand = ReadDemand()
    #expect(demand.request(isAllowed: true) == true)
    #expect(demand.resume(isAllowed: true) == false)
  }

  @Test func `A blocked read is made up for once, as soon as it is allowed`() {
    var demand = ReadDemand()
    #expect(demand.request(isAllowed: false) == false)
    #expect(demand.request(isAllowed: false) == false)
    #expect(demand.resume(isAllowed: false) == false)
    #expect(demand.resume(isAllowed: true) == true)
    #expect(demand.resume(isAllowed: true) == false)
  }

  @Test func `A read that is wanted anyway needs no pending one, but must be allowed`() {
    var demand = ReadDemand()
    #expect(demand.resume(isAllowed: false, isWanted: true) == false)
    #expect(demand.resume(isAllowed: true, isWanted: true) == true)
  }
}
