import Hummingbird
import NIOCore
import UploadCore
import UploadStorage

/// Responds with a listing, a few KiB at a time and each only when the client has taken the one before: thousands may be
/// requested at once and read slowly or not at all.
struct Listing: Sendable {
  /// Bytes rendered at once, and all that a response holds besides the names that it shares.
  static let pieceSize = 4096

  let snapshot: DirectorySnapshot
  let format: ListingFormat
  /// Of ``pieceSize`` bytes.
  let reservation: MemoryReservation
  let reader: UploadDirectoryReader
  /// Threads for reading the disk.
  let workers: WorkerPool
  let channel: any Channel

  func response() -> Response {
    var fields = ServerResponse(status: .ok, contentType: format.contentType, body: "").fields
    fields[.contentLength] = nil
    let body = ResponseBody { writer in
      var place = Place()
      while !place.isAtEnd {
        let from = place
        let piece: ByteBuffer
        (piece, place) = try await workers.runIfActive { render(from: from) }
        try await channel.sendBody(piece)
      }
      try await writer.finish(nil)
    }
    return Response(status: .ok, headers: fields, body: body)
  }

  /// How far it has been rendered.
  private struct Place: Sendable {
    var isAtStart = true
    var hasFiles = false
    var next = 0
    var isAtEnd = false
  }

  /// Renders the next piece; blocks.
  private func render(from start: Place) -> (ByteBuffer, Place) {
    var place = start
    var piece = ByteBufferAllocator().buffer(capacity: Self.pieceSize)
    if place.isAtStart { piece.writeString(format.start) }
    place.isAtStart = false
    while place.next < snapshot.count, piece.readableBytes < Self.pieceSize {
      // A file that has gone since is left out.
      if let file = reader.open(snapshot.name(at: place.next))?.typed {
        piece.writeString(place.hasFiles ? format.separator : format.first)
        piece.writeString(format.row(file))
        place.hasFiles = true
      }
      place.next += 1
    }
    if place.next == snapshot.count {
      piece.writeString((place.hasFiles ? format.last : format.empty) + format.end)
      place.isAtEnd = true
    }
    return (piece, place)
  }
}
