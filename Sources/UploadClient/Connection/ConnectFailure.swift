import Glibc
import NIOCore
import NIOPosix
import UploadCore

/// Why there is no connection, in words.
enum ConnectFailure {
  static func error(_ error: any Error, target: SendTarget, timeout: Duration) -> UploadError {
    let server = target.authority
    let causes = causes(of: error)
    if causes.contains(where: { isTimeout($0) }) {
      return UploadError(
        .unreachable,
        "\(server) did not answer within \(timeout.inSeconds) s. Check the address, the network and any firewall.",
        cause: error
      )
    }
    let codes = causes.compactMap { ($0 as? IOError)?.errnoCode }
    if codes.contains(ECONNREFUSED) {
      return UploadError(
        .connectionRefused,
        "Nobody listens at \(server). Check that the server runs and that the port is right.",
        cause: error
      )
    }
    if codes.contains(where: { $0 == EMFILE || $0 == ENFILE }) {
      return UploadError(
        .internalFailure,
        "Too many files are open to connect to \(server). Send fewer at once.",
        cause: error
      )
    }
    if let failure = error as? NIOConnectionError, failure.connectionErrors.isEmpty {
      return UploadError(
        .unreachable,
        "No address is known for the host \"\(target.host)\". Check its name and the network.",
        cause: error
      )
    }
    let reason = codes.first.flatMap { strerror($0) }.map { String(cString: $0) } ?? "there is no way to it"
    return UploadError(
      .unreachable,
      "\(server) cannot be reached: \(reason). Check the address and the network.",
      cause: error
    )
  }

  /// The errors of all addresses that were tried.
  private static func causes(of error: any Error) -> [any Error] {
    guard let failure = error as? NIOConnectionError else { return [error] }
    return failure.connectionErrors.map(\.error)
  }

  private static func isTimeout(_ error: any Error) -> Bool {
    if case .connectTimeout = error as? ChannelError { return true }
    return (error as? IOError)?.errnoCode == ETIMEDOUT
  }
}
