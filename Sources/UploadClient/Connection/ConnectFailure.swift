import Glibc
import NIOCore
import NIOPosix
import UploadCore

/// Describes why there is no connection, and says which failures are worth a retry.
enum ConnectFailure {
  /// Whether another attempt may succeed: not where the address itself is wrong.
  static func isPassing(_ error: any Error, target: SendTarget) -> Bool {
    if let zone = target.zone, !InterfaceZone.exists(zone) { return false }
    if let code = resolverCode(error) { return code != Int(EAI_NONAME) && code != noAddress }
    let codes = causes(of: error).compactMap { ($0 as? IOError)?.errnoCode }
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

  /// The failure to connect in the terms of the rest of the program.
  /// - Parameter timeout: how long connecting was allowed to take.
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
    if let zone = target.zone, !InterfaceZone.exists(zone) {
      return UploadError(
        .unreachable,
        "This machine has no network interface \"\(PlainText.sanitized(zone))\". There are \(InterfaceZone.names).",
        cause: error
      )
    }
    if let failure = error as? NIOConnectionError, failure.connectionErrors.isEmpty {
      let reason = resolverCode(error).map { ": " + String(cString: gai_strerror(CInt(clamping: $0))) } ?? ""
      return UploadError(
        .unreachable,
        "No address is known for the host \"\(target.host)\"\(reason). Check its name and the network.",
        cause: error
      )
    }
    if codes.contains(EINVAL), target.zone == nil, target.host.lowercased().hasPrefix("fe80:") {
      return UploadError(
        .unreachable,
        "\(target.host) is a link-local address. Name the interface that leads to it: http://[\(target.host)%25eth0]:\(target.port)",
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
