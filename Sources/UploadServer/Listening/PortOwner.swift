import CLinux
import Glibc
import UploadCore

/// Finds out which process listens on a port, for the message that it is taken.
enum PortOwner {
  /// Name and number of the process that listens on a TCP port, such as `python3, process 4711`; nil when it cannot be
  /// seen, as with other people's processes.
  static func describe(port: Int) -> String? {
    guard let port = UInt16(exactly: port) else { return nil }
    var inode = clinux_listening_inode(AF_INET, port)
    if inode == 0 { inode = clinux_listening_inode(AF_INET6, port) }
    guard inode != 0 else { return nil }
    for process in DirectoryNames.read("/proc") where Int(process) != nil {
      for descriptor in DirectoryNames.read("/proc/\(process)/fd")
      where target(of: "/proc/\(process)/fd/\(descriptor)") == "socket:[\(inode)]" {
        return "\(name(of: process)), process \(process)"
      }
    }
    return nil
  }

  private static func name(of process: String) -> String {
    let path = target(of: "/proc/\(process)/exe") ?? "a program"
    return path.split(separator: "/").last.map(String.init) ?? path
  }

  private static func target(of link: String) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { buffer in
      let length = buffer.baseAddress.map { readlink(link, $0, buffer.count) } ?? -1
      guard length > 0 else { return nil }
      return String(decoding: buffer[..<length].lazy.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
  }
}
