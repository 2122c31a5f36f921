import HTTPTypes
import NIOCore

/// The beginning of the request whose headers are being decoded: what the response needs if the headers break a rule of
/// the decoder, which does not tell where.
///
/// A pipelined request may begin in the same step as the one before it ends. Its first bytes are not known then, so that
/// the response may have the wrong form, or status 414 in place of 431; nothing else depends on it.
struct RequestBeginning {
  /// The longest target that the decoder accepts, in bytes, and the longest header field.
  static let lineLimit = 16 * 1024
  /// The page is retained for requests with a target of this length at most: it has a link for each directory of it.
  private static let longestRetainedTarget = 1024

  /// The input from the request's first byte on, while it is being decoded.
  private var input: ByteBuffer?
  /// The response's page if the headers have arrived in part; nil also for a client that does not prefer HTML.
  private var retainedPage: Page?
  /// Bytes of the first line, as far as it has been decoded.
  private var lineLength = 0
  private var lineIsComplete = false

  /// Call it before the decoder gets bytes that may belong to headers.
  /// - Parameters:
  ///   - size: how many bytes of `input` it gets.
  ///   - isFirst: whether they are the first ones of a request, as far as is known.
  mutating func note(_ size: Int, of input: ByteBuffer, isFirst: Bool) {
    if isFirst {
      self = RequestBeginning()
      self.input = input
    }
    guard !lineIsComplete else { return }
    let end = input.readableBytesView.prefix(size).firstIndex(of: UInt8(ascii: "\n"))
    lineLength += end.map { $0 - input.readerIndex } ?? min(size, input.readableBytes)
    lineIsComplete = end != nil
  }

  /// Call it when the input has been decoded, or waits: releases it.
  /// - Parameter isIncomplete: whether the headers of a request have arrived in part.
  mutating func release(isIncomplete: Bool) {
    guard isIncomplete else { return self = RequestBeginning() }
    guard let input else { return }
    let request = UndecodedRequest(input)
    retainedPage = request.head.path?.utf8.count ?? 0 <= Self.longestRetainedTarget ? request.page : nil
    self.input = nil
  }

  /// Whether the first line is longer than the limit, so that its target must be the reason where headers are too long.
  var hasLongLine: Bool { lineLength >= Self.lineLimit }

  /// The page for the response; nil where the client does not prefer HTML, as far as is known.
  var page: Page? { input.flatMap { UndecodedRequest($0).page } ?? retainedPage }
}
