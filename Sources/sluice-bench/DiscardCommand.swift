import ArgumentParser
import Basics
import Foundation
import Glibc
import UploadCore

/// Runs a server that discards bodies as fast as the kernel can, so that clients can be measured.
///
/// It prints its port, accepts PUT and POST with a Content-Length on keep-alive connections, responds to
/// `Expect: 100-continue`, and runs until it is killed.
struct DiscardCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "discard",
    abstract: "Run a server that discards the bodies of uploads, and print its port."
  )

  @Option(help: "Port of 127.0.0.1; 0 is any free port. (default: 0)", transform: Parse.number(in: 0...65_535))
  var port = 0

  func run() throws {
    signal(SIGPIPE, SIG_IGN)
    let listener = try ListeningSocket(port: UInt16(port))
    writeAll("\(listener.port)\n", to: STDOUT_FILENO)
    while true {
      let descriptor = try listener.accept()
      Thread.detachNewThread {
        DiscardingConnection(descriptor: descriptor).serve()
        close(descriptor)
      }
    }
  }
}

/// A TCP socket that listens on 127.0.0.1.
struct ListeningSocket {
  /// The port that it listens on.
  let port: UInt16
  private let descriptor: Int32

  /// - Parameter port: 0 for any free port.
  /// - Throws: ``UploadError`` with code `cannotListen`.
  init(port: UInt16) throws(UploadError) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in.loopback(port)
    let isListening = address.withAddress { address, length in
      var length = length
      return bind(descriptor, address, length) == 0 && listen(descriptor, 1024) == 0
        && getsockname(descriptor, address, &length) == 0
    }
    try check(isListening, "listen", .cannotListen, "Cannot listen on port \(port)")
    self.descriptor = descriptor
    self.port = UInt16(bigEndian: address.sin_port)
  }

  /// Waits for a connection.
  /// - Returns: its descriptor, which the caller closes.
  /// - Throws: ``UploadError`` with code `cannotListen`.
  func accept() throws(UploadError) -> Int32 {
    let connection = Glibc.accept(descriptor, nil, nil)
    try check(connection >= 0, "accept", .cannotListen, "Cannot accept a connection")
    return connection
  }
}

/// One connection of the discarding server.
struct DiscardingConnection {
  /// The largest request headers that are accepted, in bytes.
  private static let limit = 64 << 10
  /// Bytes that are discarded by one system call.
  private static let block = 8 << 20

  let descriptor: Int32

  /// Serves requests until the peer closes the connection, or sends something other than a request with headers.
  func serve() {
    var received: [UInt8] = []
    while let head = receiveHead(&received) {
      guard head.isUpload else {
        guard send("HTTP/1.1 405 Method Not Allowed\r\nAllow: PUT, POST\r\nContent-Length: 0\r\n\r\n") else { return }
        continue
      }
      guard let length = head.contentLength else {
        _ = send("HTTP/1.1 411 Length Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        return
      }
      if head.expectsContinue, !send("HTTP/1.1 100 Continue\r\n\r\n") { return }
      let early = min(received.count, length)
      received.removeFirst(early)
      guard discard(length - early), send("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n") else { return }
    }
  }

  /// Receives up to the end of a request's headers and removes these from `received`; nil at the end of the connection.
  private func receiveHead(_ received: inout [UInt8]) -> UploadRequestHead? {
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    while received.count < Self.limit {
      if let end = received.firstRange(of: "\r\n\r\n".utf8) {
        let head = UploadRequestHead(received[..<end.upperBound])
        received.removeFirst(end.upperBound)
        return head
      }
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0 else { return nil }
      received += buffer[..<count]
    }
    return nil
  }

  /// Discards bytes of the body in the kernel, without a copy (MSG_TRUNC in tcp(7)).
  /// - Returns: false when the connection ended before.
  private func discard(_ length: Int) -> Bool {
    var left = length
    while left > 0 {
      let count = recv(descriptor, nil, min(left, Self.block), Int32(MSG_TRUNC))
      guard count > 0 else { return false }
      left -= count
    }
    return true
  }

  private func send(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    // Shorter than the kernel's buffer, of which nothing else is in use.
    return Glibc.send(descriptor, bytes, bytes.count, 0) == bytes.count
  }
}

/// What the discarding server reads of a request's headers.
struct UploadRequestHead: Equatable {
  /// Whether the method is PUT or POST.
  let isUpload: Bool
  /// Nil without a Content-Length.
  let contentLength: Int?
  let expectsContinue: Bool

  /// - Parameter bytes: the request line and headers. Malformed ones have no method that is known, and no length.
  init(_ bytes: some Sequence<UInt8>) {
    let lines = String(decoding: Array(bytes), as: UTF8.self).lowercased().split(separator: "\r\n")
    let fields = lines.dropFirst().map { $0.split { ": ".contains($0) } }
    isUpload = lines.first.map { $0.hasPrefix("put ") || $0.hasPrefix("post ") } ?? false
    let length = fields.first { $0.first == "content-length" }?.last.flatMap { Int($0) }
    contentLength = length.flatMap { $0 < 0 ? nil : $0 }
    expectsContinue = fields.contains(["expect", "100-continue"])
  }
}
