import Glibc
import UploadCore

/// Clients that send at a steady, low rate, all from one thread.
struct SlowCrowd {
  /// Bytes sent at once: what an Ethernet frame takes of a TCP stream.
  private static let piece = 1448

  private let connections: [Connection]
  private let source: SourceFile
  /// Bytes of each upload, all but its last byte sent by ``send()``.
  private let size: Int
  /// Between two pieces of any of the clients, in seconds.
  private let interval: Double

  /// Connects them all and sends the heads of their requests.
  /// - Parameter rate: bytes per second, each.
  init(uploads: Int, rate: Int, seconds: Int, source: SourceFile, port: UInt16) throws(UploadError) {
    self.source = source
    size = max(2, rate * seconds)
    interval = Double(Self.piece) / Double(rate) / Double(uploads)
    var connections: [Connection] = []
    for number in 0..<uploads {
      let connection = try Connection(port: port)
      let target = "/stream-upload?name=slow-\(number)"
      try connection.send(Sender.head(target, type: "application/octet-stream", length: size))
      connections.append(connection)
    }
    self.connections = connections
  }

  /// Sends everything but the last byte of each, every piece at its time.
  func send() throws(UploadError) {
    let start = ContinuousClock.now
    var pieces = 0
    for offset in stride(from: 0, to: size - 1, by: Self.piece) {
      for connection in connections {
        let wait = (start + .seconds(interval * Double(pieces)) - .now).inSeconds
        // What is due within a millisecond goes out together: to sleep for less would cost more than it tells.
        if wait > 0.001 { usleep(UInt32(wait * 1_000_000)) }
        try connection.send(source, count: min(Self.piece, size - 1 - offset))
        pieces += 1
      }
    }
  }

  /// Sends the last bytes and waits for all answers.
  /// - Throws: ``UploadError``; code `refusedByServer` when one is not 201.
  func finish() throws(UploadError) {
    for connection in connections { try connection.send(source, count: 1) }
    for connection in connections { try Sender.expectStored(connection) }
  }
}
