import NIOCore
import Synchronization
import UploadCore
import UploadStorage

/// Small files that one connection has received together, from the beginning of their uploads to their end. Counts as
/// one upload of the client.
final class SmallFileGroup {
  private let files: [SmallFile]
  /// What they have in common.
  private let request: CurrentRequest
  private let server: ServerContext
  /// The group's place among the uploads of its client.
  private var place: PerClientCount.Place?
  private let byteCount: Int

  /// Begins the uploads, if the limits on simultaneous uploads and the memory budget allow that.
  /// - Returns: nil when they do not, and for no files: then nothing has begun.
  init?(_ files: [SmallFile], of request: CurrentRequest, in server: ServerContext) {
    byteCount = files.reduce(0) { $0 + $1.file.content.readableBytes }
    guard !files.isEmpty, server.budget.growBuffer(by: byteCount) else { return nil }
    do throws(UploadError) {
      place = try server.admit(request.client)
    } catch {
      server.budget.shrinkBuffer(by: byteCount)
      return nil
    }
    (self.files, self.request, self.server) = (files, request, server)
    server.furtherInGroups.add(files.count - 1, ordering: .relaxed)
    server.ledger.begin(complete: files.map(\.file.meter))
  }

  /// Ends the uploads. Call it once.
  /// - Parameter results: of the store, in the order of the files.
  func end(_ results: [Result<StoredFile, any Error>]) -> [Result<StoredFile, UploadError>] {
    let outcomes = results.map { $0.mapError { UploadError.wrapping($0) } }
    for (file, outcome) in zip(files, outcomes) {
      file.file.meter.setNetworkBytes(0)
      server.ledger.end(file.file.meter, with: outcome)
    }
    server.furtherInGroups.subtract(files.count - 1, ordering: .relaxed)
    server.budget.shrinkBuffer(by: byteCount)
    place = nil
    return outcomes
  }

  /// The responses to all requests, in their order.
  /// - Parameter closes: whether the connection is closed after the last one.
  func responses(_ outcomes: [Result<StoredFile, UploadError>], closes: Bool) -> ByteBuffer {
    var bytes = ByteBufferAllocator().buffer(capacity: 512 * files.count)
    for (index, (file, outcome)) in zip(files, outcomes).enumerated() {
      let closes = closes && index == files.count - 1
      if case .success(let stored) = outcome, StoredResponse.suits(request, stored) {
        let response = StoredResponse(file: stored, target: file.target, setsTime: file.modified != nil)
        response.write(into: &bytes, closes: closes)
        continue
      }
      var request = request
      request.rawTarget = file.target
      let response: ServerResponse =
        switch outcome {
        case .success(let stored): .stored([stored], for: request, adding: .settingTime(file.modified))
        case .failure(let error): ServerResponse(failure: error)
        }
      response.write(for: request, closes: closes, into: &bytes)
    }
    return bytes
  }
}
