import Logging
import Synchronization
import Testing

@testable import DashboardApp

@Suite struct LineLogHandlerTests {
  private final class Lines: Sendable {
    let all = Mutex<[String]>([])
  }

  private func line(isJSON: Bool, _ message: String, _ metadata: Logger.Metadata) throws -> String {
    let lines = Lines()
    let logger = Logger(label: "test") { _ in
      LineLogHandler(isJSON: isJSON) { line in lines.all.withLock { $0.append(line) } }
    }
    logger.warning("\(message)", metadata: metadata)
    let all = lines.all.withLock { $0 }
    try #require(all.count == 1)
    return all[0]
  }

  @Test func `control characters of a message and its metadata are not in the log line`() throws {
    let nasty = "a\"\n\u{1B}[2J\u{202E}b"
    for isJSON in [true, false] {
      let text = try line(isJSON: isJSON, "hello\r\nworld \u{9B}", ["name": "\(nasty)", "bytes": "5"])
      #expect(!text.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x9B || $0.value == 0x202E })
    }
  }

  @Test func `plain and JSON log lines have the level, the message and the sorted metadata`() throws {
    let text = try line(isJSON: false, "upload finished", ["name": "a b", "bytes": "5"])
    #expect(text.hasSuffix("Z warning upload finished bytes=\"5\" name=\"a b\""))
    let json = try line(isJSON: true, "upload finished", ["name": "a b", "bytes": "5"])
    #expect(json.hasPrefix(#"{"time":"20"#))
    #expect(json.hasSuffix(#"Z","level":"warning","msg":"upload finished","bytes":"5","name":"a b"}"#))
  }
}
