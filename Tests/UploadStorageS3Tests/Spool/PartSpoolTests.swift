import NIOCore
import NIOPosix
import Testing
import UploadCore
import UploadStorage
import UploadTestSupport

@testable import UploadStorageS3

@Suite struct PartSpoolTests {
  @Test func `bytes of a part that may not be opened are not written`() async throws {
    try await withTemporaryDirectory { place in
      let directory = try UploadDirectory(path: place.path, minFree: 0)
      let (workers, loop) = (WorkerPool(threads: 2), MultiThreadedEventLoopGroup.singleton.next())
      let plan = try PartPlan(size: nil, chosen: 1)
      let failure = try await loop.submit { () -> UploadError? in
        let spool = PartSpool(
          plan,
          hash: WholeHash(nil),
          hashesParts: true,
          directory: directory,
          workers: workers,
          on: loop
        )
        var failure: UploadError?
        spool.write(.buffer(ByteBuffer(repeating: 1, count: 100))) {
          nil
        } then: { result in
          if case .failure(let error) = result { failure = error as? UploadError }
        }
        #expect(spool.size == 0 && !spool.isWriting && spool.takeLast() == nil)
        return failure
      }.get()
      #expect(failure?.code == .internalFailure)
      await workers.shutDown()
    }
  }
}
