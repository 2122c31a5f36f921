import Foundation
import NIOCore
import NIOSSL
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadServer

/// Certificates and keys of a server: generated, and read from files.
@Suite struct TLSIdentityTests {
  @Test func `Two self-signed certificates for the same host have different fingerprints`() throws {
    let first = try TLSIdentity(selfSignedFor: "127.0.0.1")
    #expect(try TLSIdentity(selfSignedFor: "127.0.0.1").fingerprint != first.fingerprint)
  }

  @Test func `A self-signed certificate names localhost for a loopback host, and only the host itself for another`() {
    func names(_ host: String) -> String {
      SelfSignedCertificate.names(host: host).map { String(describing: $0) }.joined(separator: " ")
    }
    #expect(names("127.0.0.1").contains("localhost"))
    #expect(names("files.example").contains("files.example") && !names("files.example").contains("localhost"))
    #expect(SelfSignedCertificate.names(host: "192.0.2.1").count == 1)
    #expect(SelfSignedCertificate.names(host: "0.0.0.0").count >= 3)
  }

  /// A server that stops waits this long for each client, after the grace period.
  @Test func `The server waits less than a second for a client's close_notify`() throws {
    let (certificate, key) = try SelfSignedCertificate.make(host: "127.0.0.1")
    let configuration = TLSIdentity.configuration(chain: [certificate], key: key)
    #expect(configuration.shutdownTimeout < .seconds(1))
  }

  @Test func `The error about a missing, empty or mismatched certificate or key says what is wrong`() async throws {
    try await withTemporaryDirectory { directory in
      let (certificate, key) = try Self.write(directory, "own")
      let (_, other) = try Self.write(directory, "other")
      let empty = try directory.write([], to: "empty.pem")
      _ = try TLSIdentity(certificateFile: certificate, keyFile: key)
      for (cert, key, word) in [
        (directory.file("no.pem"), key, "no.pem"), (certificate, directory.file("no.key"), "no.key"),
        (empty, key, "contains no readable certificate"), (certificate, empty, "contains no readable private key"),
        (key, key, "--tls-cert"), (certificate, other, "does not belong"), (directory.path, key, "directory"),
      ] {
        do throws(UploadError) {
          _ = try TLSIdentity(certificateFile: cert, keyFile: key)
          Issue.record("\(word): accepted")
        } catch {
          #expect(error.code == .badCertificate)
          #expect(error.message.contains(word), "\(error)")
        }
      }
    }
  }

  /// Writes a new certificate and its key as PEM.
  private static func write(_ directory: TemporaryDirectory, _ name: String) throws -> (String, String) {
    let (certificate, key) = try SelfSignedCertificate.make(host: "127.0.0.1")
    return (
      try directory.write(pem("CERTIFICATE", try certificate.toDERBytes()), to: "\(name).pem"),
      try directory.write(pem("EC PRIVATE KEY", try key.derBytes), to: "\(name).key")
    )
  }

  private static func pem(_ mark: String, _ bytes: [UInt8]) -> [UInt8] {
    let text = Data(bytes).base64EncodedString(options: .lineLength64Characters)
    return Array("-----BEGIN \(mark)-----\n\(text)\n-----END \(mark)-----\n".utf8)
  }
}
