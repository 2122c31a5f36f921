import Testing

@testable import UploadServer

@Suite struct PipelinedPartsTests {
  @Test func `Parts and ends of requests are counted`() {
    var parts = PipelinedParts()
    #expect(parts.isEmpty && !parts.hasEnd)
    parts.enqueue(.head(isLast: false))
    #expect(!parts.isEmpty && !parts.hasEnd)
    parts.enqueue(.end)
    parts.enqueue(.head(isLast: false))
    #expect(parts.hasEnd)
    parts.dequeue(.head(isLast: false))
    parts.dequeue(.end)
    #expect(!parts.isEmpty && !parts.hasEnd)
    parts.dequeue(.head(isLast: false))
    #expect(parts.isEmpty)
  }

  @Test func `A discarded queue is empty`() {
    var parts = PipelinedParts()
    parts.enqueue(.body(3))
    parts.enqueue(.end)
    parts.removeAll()
    #expect(parts.isEmpty && !parts.hasEnd)
  }

  @Test func `Draining does not begin within itself`() {
    var parts = PipelinedParts()
    parts.enqueue(.head(isLast: false))
    #expect(parts.beginDraining() == true)
    #expect(parts.isDraining)
    #expect(parts.beginDraining() == false)
    parts.dequeue(.head(isLast: false))
    #expect(parts.isDraining, "until the outer loop ends")
    #expect(parts.endDraining() == true)
    #expect(!parts.isDraining)
  }

  @Test func `An empty queue is not drained`() {
    var parts = PipelinedParts()
    #expect(parts.beginDraining() == true)
    #expect(!parts.isDraining)
    #expect(parts.endDraining() == false)
  }
}
