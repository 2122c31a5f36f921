import NIOCore
import UploadCore
import UploadProtocol
import UploadStorage

/// Small files whose requests repeat the headers of an accepted one: all that a read has brought are stored together, and
/// their responses are written at once. Everything else is left to the decoder.
extension ConnectionHandler {
  /// The most files of a group.
  private static let largestGroup = 64

  /// Begins to store the small files whose complete requests the input begins with, and removes them from it.
  /// - Parameter input: begins with a request.
  /// - Returns: false when it begins with none, or none can be served now: then the decoder has to read it.
  func beginSmallFiles(_ input: inout ByteBuffer) -> Bool {
    guard let repeated = machine.repeated, machine.isAtRest, session.isWritable, !machine.closesAfterResponse,
      session.context?.channel.isActive == true, repeated.upload.isUnrestricted(in: session.server)
    else { return false }
    var rest = input
    var files: [SmallFile] = []
    while files.count < Self.largestGroup,
      let head = rest.withUnsafeReadableBytes({ repeated.fields.head(of: $0) }),
      let size = head.smallSize, size <= rest.readableBytes,
      let file = repeated.upload.file(head, rest, in: session.server)
    {
      files.append(file)
      rest.moveReaderIndex(forwardBy: size)
    }
    guard let group = SmallFileGroup(files, of: repeated.upload.request, in: session.server) else { return false }
    input = rest
    machine.beginSmallFiles(repeated.upload.request, at: session.now)
    session.server.smallFiles.queue(of: session.eventLoop).add(files.map(\.file)) { [weak self] results in
      let outcomes = group.end(results)
      self?.respond(to: group, outcomes)
    }
    return true
  }

  /// Whether input begins with a request for a small file that may repeat an earlier one, or with a part of one.
  func mayRepeat(_ input: ByteBuffer) -> Bool {
    machine.repeated?.fields.repetition(input) ?? .none != .none
  }

  /// Whether input that ``beginSmallFiles(_:)`` has not removed waits for its rest: see
  /// ``ConnectionStateMachine/awaitsRest(at:)``.
  func awaitsRest(of input: ByteBuffer) -> Bool {
    guard let repeated = machine.repeated, session.isWritable, repeated.upload.isUnrestricted(in: session.server),
      repeated.fields.repetition(input) == .part
    else { return false }
    return machine.awaitsRest(at: session.now)
  }

  private func respond(to group: SmallFileGroup, _ outcomes: [Result<StoredFile, UploadError>]) {
    guard let output = decoderGuard?.output else { return }
    let next = machine.respond(isTimeout: false, at: session.now)
    let bytes = group.responses(outcomes, closes: next != .nextRequest)
    output.writeAndFlush(NIOAny(bytes), promise: sentPromise())
    proceed(next)
  }
}

/// What input begins with, of a request for a small file that repeats an earlier one.
private enum Repetition {
  case whole, part, none
}

extension RepeatedFields {
  fileprivate func repetition(_ input: ByteBuffer) -> Repetition {
    switch input.withUnsafeReadableBytes(read) {
    case .complete(let head): head.smallSize.map { $0 <= input.readableBytes ? .whole : .part } ?? .none
    case .incomplete: .part
    case .other: .none
    }
  }
}
