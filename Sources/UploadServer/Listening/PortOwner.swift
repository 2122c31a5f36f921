import CLinux
import Foundation
import Glibc
import NIOCore
import UploadCore

extension UploadError {
  /// The error for a port that cannot be listened on (code `cannotListen`), with the reason and a remedy. Blocks: reads
  /// `/proc` to find the owner of a port that is taken.
  /// - Parameters:
  ///   - error: the error of binding the port.
  ///   - host: the address or name to listen on.
  ///   - option: the command-line option that sets the port, such as `--port`.
  static func cannotListen(_ error: any Error, host: String, port: Int, option: String) -> UploadError {
    let host = PlainText.sanitized(host)
    let place = "port \(port) on \(host)"
    let unknownHost = (error as? SocketAddressError.UnknownHost).map {
      "no address is known for the host \"\(host)\": \($0.errorDescription). Check --host."
    }
    let reason =
      switch (error as? IOError)?.errnoCode {
      case EADDRINUSE:
        "\(place) is taken\(PortOwner.describe(port: port).map { " (by \($0))" } ?? ""). "
          + "Choose another with \(option), or 0 for any."
      case EACCES: "no permission for \(place). Choose one above 1023 with \(option)."
      case EADDRNOTAVAIL: "this machine has no such address for \(place). Check --host."
      case EAFNOSUPPORT: "this machine does not support IPv6, for \(place). Use --host 0.0.0.0 or an IPv4 address."
      case EINVAL where host.lowercased().hasPrefix("fe80:") && !host.contains("%"):
        "\(host) is a link-local address. Name its interface: --host \(host)%eth0."
      case let code?: "\(place): \(String(cString: strerror(code)))."
      case nil: unknownHost ?? "\(place): \(error)."
      }
    return UploadError(.cannotListen, "Cannot listen: " + reason, cause: error)
  }
}

/// Finds the process that listens on a port, for the message that the port is taken.
enum PortOwner {
  /// Name and number of the process that listens on a TCP port, such as `python3, process 4711`. Blocks: reads `/proc`.
  /// - Returns: nil when no process listens, it is not visible, as with other users' processes, or `port` is no port.
  static func describe(port: Int) -> String? {
    guard let port = UInt16(exactly: port) else { return nil }
    var inode = clinux_listening_inode(AF_INET, port)
    if inode == 0 { inode = clinux_listening_inode(AF_INET6, port) }
    guard inode != 0 else { return nil }
    for process in DirectoryNames.read("/proc") where Int(process) != nil {
      for descriptor in DirectoryNames.read("/proc/\(process)/fd")
      where target(of: "/proc/\(process)/fd/\(descriptor)") == "socket:[\(inode)]" {
        let path = target(of: "/proc/\(process)/exe") ?? "a program"
        return "\(path.split(separator: "/").last ?? "a program"), process \(process)"
      }
    }
    return nil
  }

  private static func target(of link: String) -> String? {
    try? FileManager.default.destinationOfSymbolicLink(atPath: link)
  }
}
