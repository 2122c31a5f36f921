import NIOSSL
import UploadCore
import UploadProtocol

/// Describes failed TLS handshakes, and says which are worth a retry.
enum TLSFailure {
  /// - Parameters:
  ///   - error: the first error that the channel reported; nil when the connection closed without one.
  ///   - presented: the fingerprint of the server's certificate; nil when the server sent none.
  static func error(
    _ error: (any Error)?,
    server: String,
    trust: ServerTrust,
    presented: CertificateFingerprint?
  ) -> FailedAttempt {
    guard let presented, isAboutTrust(error, trust: trust, presented: presented) else {
      return handshake(error, server: server)
    }
    let reason =
      switch trust {
      case .pinned(let expected):
        "\(server) shows another certificate than the one of --fingerprint (\(expected)). "
          + "If the server was given a new one, use its fingerprint: \(presented)"
      case .system:
        "\(server) presents a certificate that was not issued by a trusted authority, or that is for another name. "
          + "If it is a server of yours, trust its certificate's file with --ca FILE, or this very certificate with "
          + "--fingerprint \(presented)"
      case .authorities:
        "\(server) presents a certificate that was not issued by an authority in the --ca file, or that is for another name. "
          + "To trust this very certificate instead of --ca FILE, use --fingerprint \(presented)"
      }
    return FailedAttempt(error: UploadError(.untrustedServer, reason, cause: error))
  }

  /// The handshake did not end within `timeout`.
  static func timedOut(server: String, timeout: Duration) -> FailedAttempt {
    FailedAttempt(
      error: UploadError(
        .unreachable,
        "\(server) did not agree on TLS within \(timeout.inSeconds) s. Check the port, and whether it is one for https."
      ),
      isPassing: true
    )
  }

  private static func isAboutTrust(
    _ error: (any Error)?,
    trust: ServerTrust,
    presented: CertificateFingerprint
  ) -> Bool {
    if case .pinned(let expected) = trust { return expected != presented }
    if error is NIOSSLExtraError { return true }
    return error.map { "\($0)".contains("CERTIFICATE_VERIFY_FAILED") } ?? false
  }

  private static func handshake(_ error: (any Error)?, server: String) -> FailedAttempt {
    // The peer closed or reset the connection.
    let text = error.map { "\($0)" } ?? ""
    guard error != nil, error is NIOSSLError || error is BoringSSLError, !text.contains("eofDuringHandshake"),
      !text.contains("EOF during handshake")
    else {
      return FailedAttempt(
        error: UploadError(
          .connectionLost,
          "\(server) closed the connection before TLS was agreed on. Check the port, and whether it is one for https.",
          cause: error
        ),
        isPassing: true
      )
    }
    return FailedAttempt(
      error: UploadError(
        .badAnswer,
        "\(server) does not speak TLS that can be agreed on. Check the port, and whether it is one for http instead.",
        cause: error
      )
    )
  }
}
