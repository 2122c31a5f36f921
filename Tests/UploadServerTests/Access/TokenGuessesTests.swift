import NIOCore
import Testing
import UploadCore
import UploadProtocol

@testable import UploadServer

@Suite struct TokenGuessesTests {
  private let start = NIODeadline.uptimeNanoseconds(5_000_000_000)

  @Test func `the tenth wrong token within a minute blocks a client for a minute`() {
    let guesses = TokenGuesses()
    for second in 0..<9 { guesses.note(1, of: "a", at: start + .seconds(Int64(second))) }
    #expect(guesses.blockedTime(of: "a", at: start + .seconds(9)) == nil)
    guesses.note(1, of: "a", at: start + .seconds(59))
    #expect(guesses.blockedTime(of: "a", at: start + .seconds(59)) == .seconds(60))
    #expect(guesses.blockedTime(of: "b", at: start + .seconds(59)) == nil)
    #expect(guesses.blockedTime(of: "a", at: start + .seconds(118)) == .seconds(1))
    #expect(guesses.blockedTime(of: "a", at: start + .seconds(119)) == nil)
    #expect(guesses.clients == 0, "the count begins at zero")
  }

  @Test func `fewer than ten wrong tokens a minute never block a client`() {
    let guesses = TokenGuesses()
    for round in 0..<100 {
      let now = start + .seconds(Int64(7 * round))
      guesses.note(1, of: "a", at: now)
      #expect(guesses.blockedTime(of: "a", at: now) == nil)
    }
  }

  @Test func `each of several wrong tokens in one request counts as a guess`() {
    let guesses = TokenGuesses()
    for _ in 0..<4 { guesses.note(3, of: "a", at: start) }
    #expect(guesses.blockedTime(of: "a", at: start) != nil)
  }

  @Test func `the number of recorded clients is bounded, and blocked ones are dropped last`() {
    let guesses = TokenGuesses()
    for _ in 0..<10 { guesses.note(1, of: "guesser", at: start) }
    for number in 0..<(3 * TokenGuesses.maxClients) {
      guesses.note(1, of: "\(number)", at: start + .milliseconds(Int64(number)))
      #expect(guesses.clients <= TokenGuesses.maxClients)
    }
    #expect(guesses.blockedTime(of: "guesser", at: start + .seconds(15)) != nil)
  }

  // MARK: Through the handler

  private static let token = "secret-token-1"

  private func gate(proxies: [String] = []) throws -> AccessGate {
    var rules = AccessRules()
    rules.token = try AccessToken(Self.token)
    rules.trustedProxies = try proxies.map { try AddressRange(parsing: $0) }
    return AccessGate(rules)
  }

  private func get(_ token: String?, _ fields: [String] = []) -> String {
    request("GET /files/", (token.map { ["Authorization: Bearer \($0)"] } ?? []) + fields)
  }

  @Test func `after ten wrong tokens a client gets 429 for a minute, even with the right token`() async throws {
    try await withHandler(access: gate()) { harness in
      for number in 0..<10 {
        try harness.send(get("wrong-token-\(number)"))
        #expect(try harness.statuses() == [401])
      }
      harness.advance(15)
      for token in ["wrong-token-10", Self.token, nil] {
        try harness.send(get(token))
        let response = try harness.received()
        #expect(response.hasPrefix("HTTP/1.1 429 Too Many Requests\r\n"))
        #expect(response.contains("\r\nRetry-After: 45\r\n"))
        #expect(response.contains(#"{"status":429,"msg":"Too many wrong tokens from this address"#))
      }
      try harness.send(request("GET /healthz"))
      #expect(try harness.statuses() == [200])
      // Longer than the idle timeout would close the connection.
      for _ in 0..<3 {
        harness.advance(15)
        try harness.send(request("GET /healthz"))
      }
      #expect(try harness.statuses() == [200, 200, 200])
      try harness.send(get(Self.token))
      #expect(try harness.statuses() == [200])
    }
  }

  @Test func `requests without a token or with malformed credentials do not count as guesses`() async throws {
    try await withHandler(access: gate()) { harness in
      let malformed = ["Bearer", "Bearer -", "Basic !!", "other"].map { ["Authorization: \($0)"] }
      for fields in [[]] + malformed {
        for _ in 0..<10 { try harness.send(get(nil, fields)) }
        #expect(try harness.statuses() == Array(repeating: 401, count: 10))
      }
      for _ in 0..<10 { try harness.send(request("GET /files/?token=")) }
      #expect(try harness.statuses() == Array(repeating: 401, count: 10))
      try harness.send(get(Self.token))
      #expect(try harness.statuses() == [200])
    }
  }

  @Test func `at most three tokens of a request are compared`() async throws {
    try await withHandler(access: gate()) { harness in
      let wrong = (0..<100).map { "Authorization: Bearer wrong-token-\($0)" }
      try harness.send(get(nil, wrong + ["Authorization: Bearer \(Self.token)"]))
      #expect(try harness.statuses() == [401], "the right token is not among the first three")
    }
  }

  @Test func `a connection that has presented the right token is not blocked by wrong tokens after it`() async throws {
    try await withHandler(access: gate()) { harness in
      try harness.send(get(Self.token))
      for _ in 0..<20 { try harness.send(get("wrong-token")) }
      try harness.send(get(Self.token))
      let statuses = try harness.statuses()
      #expect(statuses == [200] + Array(repeating: 401, count: 20) + [200])
    }
  }

  @Test func `behind a trusted proxy the guesses of each client are counted separately`() async throws {
    try await withHandler(access: gate(proxies: ["192.0.2.1"])) { harness in
      let guesser = ["X-Forwarded-For: 2001:db8::1"]
      try harness.send(get(Self.token, ["X-Forwarded-For: 203.0.113.8"]))
      for _ in 0..<10 { try harness.send(get("wrong-token", guesser)) }
      #expect(try harness.statuses() == [200] + Array(repeating: 401, count: 10))
      try harness.send(get(Self.token, guesser))
      try harness.send(get(Self.token, ["X-Forwarded-For: 2001:db8::ffff"]))
      try harness.send(get(Self.token, ["X-Forwarded-For: 2001:db8:0:1::1"]))
      try harness.send(get(Self.token, ["X-Forwarded-For: 203.0.113.8"]))
      #expect(try harness.statuses() == [429, 429, 200, 200])
    }
  }
}
