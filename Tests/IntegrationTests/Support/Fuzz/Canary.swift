import Foundation
import Testing
import UploadTestSupport

/// What lies around the directory for uploads, to be found as it was.
struct Canary {
  private static let song = Array("a canary".utf8)

  let server: SluiceServer

  /// Puts a file beside the directory, and a link to it, a way out, into the directory.
  init(_ server: SluiceServer) throws {
    self.server = server
    let path = try server.scratch.write(Self.song, to: "canary")
    try FileManager.default.createSymbolicLink(atPath: server.uploads.file("link"), withDestinationPath: path)
  }

  /// Expects that it is as it was, and that nothing has got out, up to the root or into the server's own place.
  func check() throws {
    #expect(try server.scratch.names() == ["canary", "uploads"])
    #expect(try server.scratch.read("canary") == Self.song)
    #expect(try server.uploads.names() == ["link"])
    let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(server.process.processID)/cwd")
    var places = [own, "/tmp"]
    var place = server.scratch.path
    while place != "/", !place.isEmpty {
      place = URL(filePath: place).deletingLastPathComponent().path
      places.append(place)
    }
    for place in places {
      #expect(try FileManager.default.contentsOfDirectory(atPath: place).allSatisfy { !$0.hasPrefix("escaped") })
    }
  }
}
