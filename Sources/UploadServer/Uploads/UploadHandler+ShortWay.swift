import NIOCore
import NIOHTTPTypes
import UploadStorage

/// Bodies of a known length that are one file need no decoding, so most of their bytes are read straight into slabs.
extension UploadHandler {
  /// Bodies shorter than this go the usual way, in bytes: there is little to save.
  private static let shortWayFrom: UInt64 = 4 * 1024 * 1024
  /// Bytes read at one turn, so that the loop's other connections have theirs.
  private static let turn = 1024 * 1024
  /// What the decoder is given in place of bytes that it never saw: it only counts them.
  private static let blank = ByteBuffer(repeating: 0, count: turn)

  /// Takes the short way for the body that begins, where it is worth it.
  func chooseWay(_ context: ChannelHandlerContext) {
    let isLong = current.length.bytes.map { $0 >= Self.shortWayFrom } ?? false
    current.socket = isLong && body is SingleUpload ? SocketReader(context.channel) : nil
    receiveBuffer?.isGrowing = current.socket == nil
  }

  /// Reads what is on the socket and of this body straight into slabs. Called when everything that the network layer has
  /// read has been decoded.
  func readShortWay(_ context: ChannelHandlerContext) {
    guard state.isReceiving, let socket = current.socket, let remaining = current.remaining else { return }
    var left = min(Self.turn, Int(clamping: remaining))
    while left > 0, state.isReceiving, let upload = body as? SingleUpload {
      let count = upload.fill(atMost: left) { socket.read(into: $0) }
      guard count > 0 else { break }
      left -= count
      lastActivity = context.eventLoop.now
      current.received += UInt64(count)
      current.unseen += count
      // The decoder finds the body's end by counting.
      if let blank = Self.blank.getSlice(at: 0, length: count) {
        context.channel.pipeline.syncOperations.fireChannelRead(NIOAny(blank))
      }
    }
  }

  /// Whether a piece of body from the decoder is one that was read the short way before; the upload has it already.
  func wasReadShortWay(_ bytes: ByteBuffer) -> Bool {
    guard current.unseen > 0 else { return false }
    current.unseen -= bytes.readableBytes
    return true
  }
}
