import Glibc
import NIOCore
import NIOPosix
import NIOSSL
import UploadCore
import UploadProtocol

/// Describes why there is no connection, and says which failures are worth a retry.
enum ConnectFailure {
  /// Whether another attempt may succeed: not where the address itself is wrong.
  /// - Parameter codes: the error numbers of all addresses that were tried.
  private static func isTemporary(_ error: any Error, _ codes: [CInt], target: SendTarget) -> Bool {
    if let zone = target.zone, !InterfaceZone.exists(zone) { return false }
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

  /// The failed attempt for an error of resolving the host or of connecting: with code `connectionRefused`, `unreachable`, or
  /// `internalFailure` when too many files are open.
  /// - Parameter timeout: how long connecting was allowed to take, for the message.
  static func error(_ error: any Error, target: SendTarget, timeout: Duration) -> FailedAttempt {
    let server = target.authority
    let codes = causes(of: error).compactMap { ($0 as? IOError)?.errnoCode }
    var code = UploadError.Code.unreachable
    let message: String
    if codes.contains(ETIMEDOUT) || causes(of: error).contains(where: isConnectTimeout) {
      message =
        "\(server) did not respond within \(timeout.formattedSeconds). Check the address, the network and any firewall."
    } else if codes.contains(ECONNREFUSED) {
      code = .connectionRefused
      message = "No server listens at \(server). Check that the server runs and that the port is right."
    } else if codes.contains(where: { $0 == EMFILE || $0 == ENFILE }) {
      code = .internalFailure
      message = "Too many files are open to connect to \(server). Send fewer at once."
    } else if let zone = target.zone, !InterfaceZone.exists(zone) {
      message =
        "This machine has no network interface \"\(PlainText.sanitized(zone))\". There are \(InterfaceZone.names)."
    } else if let failure = error as? NIOConnectionError, failure.connectionErrors.isEmpty {
      let reason = resolverCode(error).map { ": " + String(cString: gai_strerror(CInt(clamping: $0))) } ?? ""
      message = "No address is known for the host \"\(target.host)\"\(reason). Check its name and the network."
    } else if codes.contains(EINVAL), target.zone == nil, target.host.lowercased().hasPrefix("fe80:") {
      message =
        "\(target.host) is a link-local address. Name the interface that leads to it: "
        + "http://[\(target.host)%25eth0]:\(target.port)"
    } else {
      let reason = codes.first.map { String(cString: strerror($0)) } ?? "there is no route to it"
      message = "\(server) cannot be reached: \(reason). Check the address and the network."
    }
    let isTemporary = isTemporary(error, codes, target: target)
    return FailedAttempt(error: UploadError(code, message, cause: error), isTemporary: isTemporary)
  }

  /// The errors of all addresses that were tried.
  private static func causes(of error: any Error) -> [any Error] {
    (error as? NIOConnectionError)?.connectionErrors.map(\.error) ?? [error]
  }

  private static func isConnectTimeout(_ error: any Error) -> Bool {
    if case .connectTimeout = error as? ChannelError { true } else { false }
  }
}

/// Describes failed TLS handshakes, and says which are worth a retry.
enum TLSFailure {
  /// The failed attempt for a handshake that did not succeed: with code `untrustedServer`, `badAnswer` when the server does
  /// not speak TLS as expected, or `connectionLost`, which alone is temporary.
  /// - Parameters:
  ///   - error: the first error that the channel reported; nil when the connection closed without one.
  ///   - server: host and port, for messages.
  ///   - presented: the fingerprint of the server's certificate; nil when the server sent none.
  static func error(
    _ error: (any Error)?,
    server: String,
    trust: ServerTrust,
    presented: CertificateFingerprint?
  ) -> FailedAttempt {
    let text = error.map { "\($0)" } ?? ""
    let isUnverified = error is NIOSSLExtraError || text.contains("CERTIFICATE_VERIFY_FAILED")
    let distrust: String? =
      switch (trust, presented) {
      case (.pinned(let expected), let presented?) where presented != expected:
        "\(server) presents another certificate, not the one of --fingerprint (\(expected)). "
          + "If the server was given a new certificate, use its fingerprint: \(presented)"
      case (.system, let presented?) where isUnverified:
        "\(server) presents a certificate that was not issued by a trusted authority, or that is for another name. "
          + "If it is a server of yours, trust its certificate's file with --ca FILE, or this very certificate with "
          + "--fingerprint \(presented)"
      case (.authorities, let presented?) where isUnverified:
        "\(server) presents a certificate that was not issued by an authority in the --ca file, or that is for another "
          + "name. To trust this very certificate instead of --ca FILE, use --fingerprint \(presented)"
      case (.pinned, _), (.system, _), (.authorities, _): nil
      }
    if let distrust { return FailedAttempt(error: UploadError(.untrustedServer, distrust, cause: error)) }
    // Other errors mean that the peer closed or reset the connection.
    let isAboutTLS = error is NIOSSLError || error is BoringSSLError
    if isAboutTLS, !text.contains("eofDuringHandshake"), !text.contains("EOF during handshake") {
      let reason =
        "The TLS handshake with \(server) failed. Check the port, and whether the server expects http instead of https."
      return FailedAttempt(error: UploadError(.badAnswer, reason, cause: error))
    }
    let reason =
      "\(server) closed the connection during the TLS handshake. Check the port, and whether the server expects https."
    return FailedAttempt(error: UploadError(.connectionLost, reason, cause: error), isTemporary: true)
  }

  /// The failed attempt, temporary and with code `unreachable`, for a handshake that did not complete within `timeout`.
  static func timedOut(server: String, timeout: Duration) -> FailedAttempt {
    let reason =
      "The TLS handshake with \(server) did not complete within \(timeout.formattedSeconds). "
      + "Check the port, and whether the server expects https."
    return FailedAttempt(error: UploadError(.unreachable, reason), isTemporary: true)
  }
}
