import NIOSSL
import UploadCore
import UploadProtocol

/// Why a connection cannot be encrypted, in words.
enum TLSFailure {
  /// - Parameters:
  ///   - met: of the certificate that the server showed; nil when it showed none.
  static func error(
    _ error: (any Error)?,
    server: String,
    trust: ServerTrust,
    met: CertificateFingerprint?
  ) -> FailedAttempt {
    guard let met, isAboutTrust(error, trust: trust, met: met) else { return handshake(error, server: server) }
    let reason =
      switch trust {
      case .pinned(let wanted):
        "\(server) shows another certificate than the one of --fingerprint (\(wanted)). "
          + "If the server was given a new one, use its fingerprint: \(met)"
      case .system:
        "\(server) shows a certificate that no authority known here vouches for, or that is for another name. "
          + "If it is a server of yours, trust its certificate's file with --ca FILE, or this very certificate with "
          + "--fingerprint \(met)"
      case .authorities:
        "\(server) shows a certificate that the file of --ca does not vouch for, or that is for another name. "
          + "To trust this very certificate instead of --ca FILE, use --fingerprint \(met)"
      }
    return FailedAttempt(error: UploadError(.untrustedServer, reason, cause: error))
  }

  static func silence(server: String, timeout: Duration) -> FailedAttempt {
    FailedAttempt(
      error: UploadError(
        .unreachable,
        "\(server) did not agree on TLS within \(timeout.inSeconds) s. Check the port, and whether it is one for https."
      ),
      isPassing: true
    )
  }

  private static func isAboutTrust(_ error: (any Error)?, trust: ServerTrust, met: CertificateFingerprint) -> Bool {
    if case .pinned(let wanted) = trust { return wanted != met }
    if error is NIOSSLExtraError { return true }
    return error.map { "\($0)".contains("CERTIFICATE_VERIFY_FAILED") } ?? false
  }

  private static func handshake(_ error: (any Error)?, server: String) -> FailedAttempt {
    // The other end went away, with a reset or without a word.
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
