import Glibc
import NIOCore
import NIOPosix
import NIOSSL
package import UploadCore
import UploadProtocol

/// Why there is no connection that is ready for a request, and whether another attempt to connect may succeed.
package struct ConnectFailure: Error {
  /// For the user.
  package let error: UploadError
  /// Whether another attempt may succeed.
  package var isTemporary: Bool

  package init(error: UploadError, isTemporary: Bool = false) { (self.error, self.isTemporary) = (error, isTemporary) }
}

extension ConnectFailure {
  /// An error of ``ServerConnector``, or of what it needs.
  package init(unusable error: any Error) {
    self =
      error as? ConnectFailure
      ?? ConnectFailure(
        error: error as? UploadError
          ?? UploadError(.internalFailure, "The connection could not be used.", cause: error)
      )
  }

  /// The failure of resolving the peer's host or of connecting to it: with code `connectionRefused`, `unreachable`, or
  /// `internalFailure` when too many files are open.
  /// - Parameter timeout: how long connecting was allowed to take, for the message.
  init(_ error: any Error, to peer: ConnectionPeer, timeout: Duration) {
    let (name, host, zone) = (peer.name, peer.address.host, peer.address.zone)
    let codes = Self.causes(of: error).compactMap { ($0 as? IOError)?.errnoCode }
    var code = UploadError.Code.unreachable
    let message: String
    if codes.contains(ETIMEDOUT) || Self.causes(of: error).contains(where: Self.isConnectTimeout) {
      message =
        "\(peer.subject) did not respond within \(timeout.formattedSeconds). "
        + "Check \(peer.addressToCheck), the network and any firewall."
    } else if codes.contains(ECONNREFUSED) {
      code = .connectionRefused
      message =
        switch peer {
        case .server: "No server listens at \(name). Check that the server runs and that the port is right."
        case .proxy(let proxy, _):
          "No proxy listens at \(proxy). Check that the proxy runs, and \(peer.addressToCheck)."
        }
    } else if codes.contains(where: { $0 == EMFILE || $0 == ENFILE }) {
      code = .internalFailure
      message = "Too many files are open to connect to \(name). Send fewer at once."
    } else if let zone, !InterfaceZone.exists(zone) {
      message =
        "This machine has no network interface \"\(PlainText.sanitized(zone))\". There are \(InterfaceZone.names)."
    } else if let failure = error as? NIOConnectionError, failure.connectionErrors.isEmpty {
      let reason = Self.resolverCode(error).map { ": " + String(cString: gai_strerror(CInt(clamping: $0))) } ?? ""
      message =
        switch peer {
        case .server: "No address is known for the host \"\(host)\"\(reason). Check its name and the network."
        case .proxy:
          "No address is known for the host \"\(host)\" of the proxy\(reason). "
            + "Check \(peer.addressToCheck) and the network."
        }
    } else if codes.contains(EINVAL), zone == nil, host.lowercased().hasPrefix("fe80:") {
      message =
        "\(host) is a link-local address. Name the interface that leads to it: "
        + "http://[\(host)%25eth0]:\(peer.address.port)"
    } else {
      let reason = codes.first.map { String(cString: strerror($0)) } ?? "there is no route to it"
      message = "\(peer.subject) cannot be reached: \(reason). Check \(peer.addressToCheck) and the network."
    }
    self.init(
      error: UploadError(code, message, cause: error),
      isTemporary: Self.isTemporary(error, codes, zone: zone)
    )
  }

  /// Whether another attempt may succeed: not where the address itself is wrong.
  /// - Parameter codes: the error numbers of all addresses that were tried.
  private static func isTemporary(_ error: any Error, _ codes: [CInt], zone: String?) -> Bool {
    if let zone, !InterfaceZone.exists(zone) { return false }
    if let code = resolverCode(error) { return code != Int(EAI_NONAME) && code != noAddress }
    return codes.isEmpty || !codes.allSatisfy { [EINVAL, EAFNOSUPPORT, EMFILE, ENFILE].contains($0) }
  }

  /// EAI_NODATA, which Glibc's module hides: the name exists, and has no address.
  private static let noAddress = -5

  /// The error of getaddrinfo; nil when it was not called, or succeeded.
  private static func resolverCode(_ error: any Error) -> Int? {
    let failure = error as? NIOConnectionError
    return [failure?.dnsAAAAError, failure?.dnsAError].lazy
      .compactMap { ($0 as? SocketAddressError.UnknownHost)?.errorCode }.first
  }

  /// The errors of all addresses that were tried.
  private static func causes(of error: any Error) -> [any Error] {
    (error as? NIOConnectionError)?.connectionErrors.map(\.error) ?? [error]
  }

  private static func isConnectTimeout(_ error: any Error) -> Bool {
    if case .connectTimeout = error as? ChannelError { true } else { false }
  }
}

/// Describes failed TLS handshakes, and says which are worth another attempt.
enum TLSFailure {
  /// The failure for a handshake that did not succeed: with code `untrustedServer`, `badAnswer` when the peer does not speak
  /// TLS as expected, or `connectionLost`, which alone is temporary.
  /// - Parameters:
  ///   - error: the first error that the channel reported; nil when the connection closed without one.
  ///   - presented: the fingerprint of the peer's certificate; nil when it sent none.
  static func error(
    _ error: (any Error)?,
    peer: ConnectionPeer,
    presented: CertificateFingerprint?
  ) -> ConnectFailure {
    let text = error.map { "\($0)" } ?? ""
    let isUnverified = error is NIOSSLExtraError || text.contains("CERTIFICATE_VERIFY_FAILED")
    if let presented, let distrust = distrust(peer, presented, isUnverified: isUnverified) {
      return ConnectFailure(error: UploadError(.untrustedServer, distrust, cause: error))
    }
    // Other errors mean that the peer closed or reset the connection.
    let isAboutTLS = error is NIOSSLError || error is BoringSSLError
    if isAboutTLS, !text.contains("eofDuringHandshake"), !text.contains("EOF during handshake") {
      let reason =
        "The TLS handshake with \(peer.name) failed. "
        + "Check \(peer.portToCheck), and whether the \(peer.kind) expects http instead of https."
      return ConnectFailure(error: UploadError(.badAnswer, reason, cause: error))
    }
    let reason =
      "\(peer.subject) closed the connection during the TLS handshake. "
      + "Check \(peer.portToCheck), and whether the \(peer.kind) expects https."
    return ConnectFailure(error: UploadError(.connectionLost, reason, cause: error), isTemporary: true)
  }

  /// The failure, temporary and with code `unreachable`, for a handshake that did not complete within `timeout`.
  static func timedOut(peer: ConnectionPeer, timeout: Duration) -> ConnectFailure {
    let reason =
      "The TLS handshake with \(peer.name) did not complete within \(timeout.formattedSeconds). "
      + "Check \(peer.portToCheck), and whether the \(peer.kind) expects https."
    return ConnectFailure(error: UploadError(.unreachable, reason), isTemporary: true)
  }

  /// Why the peer's certificate is not trusted, and what to do; nil when that is not why the handshake failed.
  private static func distrust(
    _ peer: ConnectionPeer,
    _ presented: CertificateFingerprint,
    isUnverified: Bool
  ) -> String? {
    switch (peer, peer.trust) {
    case (.server, .pinned(let expected)) where presented != expected:
      "\(peer.name) presents another certificate, not the one of --fingerprint (\(expected)). "
        + "If the server was given a new certificate, use its fingerprint: \(presented)"
    case (.server, .system) where isUnverified:
      "\(peer.name) presents a certificate that was not issued by a trusted authority, or that is for another name. "
        + "If it is a server of yours, trust its certificate's file with --ca FILE, or this very certificate with "
        + "--fingerprint \(presented)"
    case (.server, .authorities) where isUnverified:
      "\(peer.name) presents a certificate that was not issued by an authority in the --ca file, or that is for another "
        + "name. To trust this very certificate instead of --ca FILE, use --fingerprint \(presented)"
    case (.proxy, .authorities) where isUnverified:
      "\(peer.subject) presents a certificate that was not issued by an authority in the --ca file, or that is for "
        + "another name. Add the certificate of its authority to that file."
    case (.proxy, .system) where isUnverified:
      "\(peer.subject) presents a certificate that was not issued by a trusted authority, or that is for another name. "
        + "Name the file with the certificate of its authority with --ca FILE."
    case (.server, .pinned), (.server, .system), (.server, .authorities), (.proxy, .pinned), (.proxy, .system),
      (.proxy, .authorities):
      nil
    }
  }
}
