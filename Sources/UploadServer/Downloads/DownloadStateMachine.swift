import NIOCore

/// The state of one connection's downloads: a pure state machine without I/O. The caller passes the event loop's time.
///
/// A body is sent in parts, each written when the one before was accepted by the socket. A part is prepared before it is
/// written: its pages are read into the page cache, or its bytes into a buffer. For a fast client one part is prepared
/// while another is written. All ranges are relative to the beginning of the body.
struct DownloadStateMachine {
  /// What to do next, in this order; nil for nothing.
  struct Step: Equatable {
    /// Write this part, which was prepared last, and call ``written(at:)`` or ``close()``. The headers precede the first
    /// part.
    var write: Range<UInt64>?
    /// Prepare this part, or for ``DownloadPartSizes/Transport/stream`` get the next buffer, and call
    /// ``prepared(_:at:)``.
    var prepare: Range<UInt64>?
    var end: End?
  }

  enum End: Equatable {
    /// The whole response was accepted by the socket.
    case finished
    /// Close the connection: the rest of the body cannot be sent, and the client must notice.
    case aborted
  }

  /// A body that is being sent.
  private struct Transfer {
    let length: UInt64
    var sizes: DownloadPartSizes
    /// Bytes of the parts that the socket has accepted.
    var sent: UInt64 = 0
    var writing: (part: Range<UInt64>, since: NIODeadline)?
    var preparing: Range<UInt64>?
    /// Prepared, and waits until the part before it is written.
    var ready: Range<UInt64>?
    /// How many bytes of the part that is being written the socket had not accepted when it was last observed.
    var queued: UInt64?

    /// Where the next part begins that is neither prepared nor being prepared.
    var next: UInt64 { preparing?.upperBound ?? ready?.upperBound ?? writing?.part.upperBound ?? sent }

    /// Begins to prepare the next part, if there is one and it is time.
    mutating func prepareNext() -> Range<UInt64>? {
      guard preparing == nil, ready == nil, next < length, writing == nil || sizes.preparesAhead else { return nil }
      preparing = next..<next + min(sizes.length, length - next)
      return preparing
    }

    /// Begins to write the prepared part, if there is one and none is being written.
    mutating func writeReady(at now: NIODeadline) -> Range<UInt64>? {
      guard writing == nil, let part = ready else { return nil }
      (writing, ready, queued) = ((part, now), nil, nil)
      return part
    }
  }

  private enum State {
    case idle
    /// The store looks for the file.
    case opening
    case sending(Transfer)
    /// The connection is closed, or about to be.
    case closed
  }

  private var state = State.idle

  var isIdle: Bool { if case .idle = state { true } else { false } }

  /// Bytes of the body that the socket has accepted, as far as was observed; 0 while none is sent.
  var sent: UInt64 {
    guard case .sending(let transfer) = state else { return 0 }
    guard let part = transfer.writing?.part, let queued = transfer.queued else { return transfer.sent }
    return part.upperBound - min(queued, part.upperBound - part.lowerBound)
  }

  /// How the body that is being sent gets to the socket; nil while none is.
  var transport: DownloadPartSizes.Transport? {
    if case .sending(let transfer) = state { transfer.sizes.transport } else { nil }
  }

  // MARK: Opening

  /// A request for a file begins, while none is served.
  mutating func open() {
    assert(isIdle, "a request is still being served")
    state = .opening
  }

  /// The store has opened the file, or there is none.
  /// - Returns: whether the connection still waits for it; otherwise nothing may be sent.
  mutating func opened() -> Bool {
    guard case .opening = state else { return false }
    state = .idle
    return true
  }

  /// The response is to be sent, after ``opened()`` returned true.
  /// - Parameters:
  ///   - length: of the body, in bytes.
  ///   - transport: nil for a body that is prepared already, and for none.
  mutating func begin(length: UInt64, by transport: DownloadPartSizes.Transport?, at now: NIODeadline) -> Step {
    assert(isIdle, "opened() was not called")
    guard let transport, length > 0 else {
      var transfer = Transfer(length: length, sizes: DownloadPartSizes(.buffers))
      transfer.writing = (0..<length, now)
      state = .sending(transfer)
      return Step(write: 0..<length)
    }
    var transfer = Transfer(length: length, sizes: DownloadPartSizes(transport))
    let part = transfer.prepareNext()
    state = .sending(transfer)
    return Step(prepare: part)
  }

  // MARK: Sending

  /// The part of the last ``Step/prepare`` is prepared.
  /// - Parameter count: how many bytes it has: fewer than requested when the file is shorter by now, of a stream any
  ///   number, 0 at its end; nil when the bytes cannot be read.
  mutating func prepared(_ count: UInt64?, at now: NIODeadline) -> Step {
    guard case .sending(var transfer) = state, let part = transfer.preparing else { return Step() }
    transfer.preparing = nil
    let wanted = part.upperBound - part.lowerBound
    let isStream = transfer.sizes.transport == .stream
    guard let count, count > 0, isStream ? count <= transfer.length - part.lowerBound : count == wanted else {
      return abort()
    }
    transfer.ready = part.lowerBound..<part.lowerBound + count
    let step = Step(write: transfer.writeReady(at: now), prepare: transfer.prepareNext())
    state = .sending(transfer)
    return step
  }

  /// The file system does not support sendfile, with which the part of the last ``Step/prepare`` was to be sent: from now
  /// on parts are read into buffers.
  mutating func cannotUseSendfile() -> Step {
    guard case .sending(var transfer) = state, transfer.preparing != nil else { return Step() }
    transfer.preparing = nil
    transfer.sizes.useBuffers()
    let step = Step(prepare: transfer.prepareNext())
    state = .sending(transfer)
    return step
  }

  /// The socket has accepted the part of the last ``Step/write``, and the headers if it was the first.
  mutating func written(at now: NIODeadline) -> Step {
    guard case .sending(var transfer) = state, let (part, since) = transfer.writing else { return Step() }
    (transfer.writing, transfer.queued, transfer.sent) = (nil, nil, part.upperBound)
    transfer.sizes.noteSent(in: now - since)
    if transfer.sent == transfer.length {
      state = .idle
      return Step(end: .finished)
    }
    let step = Step(write: transfer.writeReady(at: now), prepare: transfer.prepareNext())
    state = .sending(transfer)
    return step
  }

  /// Whether larger buffers are worth their memory now: see ``DownloadPartSizes/wantsLargeBuffers(sent:)``.
  var wantsLargeBuffers: Bool {
    guard case .sending(let transfer) = state else { return false }
    return transfer.sizes.wantsLargeBuffers(sent: transfer.sent)
  }

  mutating func growBuffers() {
    guard case .sending(var transfer) = state else { return }
    transfer.sizes.growBuffers()
    state = .sending(transfer)
  }

  /// Call it about once a second while a body is sent. Once a file is truncated sendfile sends nothing more of it,
  /// although the socket has room, and SwiftNIO then retries for ever.
  /// - Parameters:
  ///   - queued: bytes that the channel has yet to write to the socket.
  ///   - hasRoom: whether the socket's own buffer is empty; true when that is not known.
  /// - Returns: a part of which the file may be too short now: check that, and call ``close()`` if it is. nil for none.
  mutating func observed(queued: UInt64, hasRoom: Bool) -> Range<UInt64>? {
    guard case .sending(var transfer) = state, let part = transfer.writing?.part else { return nil }
    let isStuck = hasRoom && transfer.queued == queued && queued > 0
    transfer.queued = queued
    state = .sending(transfer)
    return isStuck && transfer.sizes.transport == .sendfile ? part : nil
  }

  // MARK: Ends

  /// The connection is gone, a write has failed, the file is too short, or the time for downloads of a server that stops
  /// is over.
  /// - Returns: `aborted` when a body was being sent.
  mutating func close() -> Step {
    switch state {
    case .sending: return abort()
    case .idle, .opening, .closed:
      state = .closed
      return Step()
    }
  }

  private mutating func abort() -> Step {
    state = .closed
    return Step(end: .aborted)
  }
}
