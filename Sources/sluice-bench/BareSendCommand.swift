import ArgumentParser
import Glibc
import UploadCore

/// Sends a file with as little work as possible: one PUT by sendfile. The measure for other clients.
struct BareSendCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bare-send",
    abstract: "Send a file in one PUT by sendfile to a server on 127.0.0.1."
  )

  @Argument(help: "Path of the file.")
  var file: String
  @Option(help: "Port of the server.", transform: Parse.number(in: 1...65_535))
  var port: Int

  func run() throws {
    signal(SIGPIPE, SIG_IGN)
    let descriptor = open(file, O_RDONLY | O_CLOEXEC)
    try check(descriptor >= 0, "open", .unreadableFile, "Cannot open \(file)")
    defer { close(descriptor) }
    var status = stat()
    try check(fstat(descriptor, &status) == 0, "fstat", .unreadableFile, "Cannot read \(file)")
    let connection = try Connection(port: UInt16(port))
    try connection.sendHead(of: "PUT /bare-send", size: Int(status.st_size), more: true)
    try connection.send(descriptor, length: Int(status.st_size), count: Int(status.st_size))
    try connection.expectStored()
  }
}
