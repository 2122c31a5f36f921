import Testing
import UploadCore
import UploadProtocol
import UploadStorage
import UploadTestSupport

@testable import UploadServer

/// A request with a small file.
func put(_ name: String, _ body: String, _ fields: [String] = []) -> String {
  request("PUT /\(name)", fields, body: body)
}

/// Runs `body` with a connection on which a first file has been stored, so that others may repeat its request.
func withRepeatable(
  limits: UploadLimits = UploadLimits(),
  digests: Set<DigestAlgorithm> = [],
  access: AccessGate = AccessGate(),
  fields: [String] = [],
  _ body: (HandlerHarness) throws -> Void
) async throws {
  try await withHandler(limits: limits, digests: digests, access: access) { harness in
    try harness.send(put("first", "1", fields))
    #expect(try harness.statuses() == [201])
    #expect(harness.store.groups == [])
    try body(harness)
  }
}
