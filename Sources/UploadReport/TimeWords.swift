package import UploadCore

/// As text: what the time of an upload was spent on, and what has slowed it down.
package enum TimeWords {
  /// In seconds: the lines of shorter uploads do not say what their time was spent on.
  static let shortest = 5.0

  /// `client 72 %, disk 9 %, limit 19 %`; nil without any time.
  package static func text(_ time: TimeShares) -> String? {
    let parts = time.percentages.map { "\($0.cause.rawValue) \($0.percent) %" }
    return parts.isEmpty ? nil : parts.joined(separator: ", ")
  }

  /// ``text(_:)`` of an upload of 5 s or more, to be put behind its figures; nil for all others.
  static func ofLong(_ upload: UploadSnapshot) -> String? {
    guard upload.seconds >= shortest, let time = upload.time else { return nil }
    return text(time)
  }

  /// `slowed by the server: its receive window was full 83 % of the time`, with what the kernel says of the
  /// connection where the network is the cause; nil while no bottleneck is known.
  package static func bottleneck(_ upload: UploadSnapshot) -> String? {
    guard let bottleneck = upload.bottleneck else { return nil }
    let percent = "\(Int((min(max(0, bottleneck.share), 1) * 100).rounded())) % of the time"
    let isIncoming = upload.direction == .incoming
    switch bottleneck.cause {
    case .client where isIncoming: return "slowed by the client: its bytes were awaited \(percent)"
    case .client: return "slowed by this client: it was busy sending \(percent)"
    case .server where isIncoming: return "slowed by this server: more bytes had arrived \(percent)"
    case .server:
      let isFull = (upload.link?.windowSeconds ?? 0) * 2 >= (upload.time?[.server] ?? 0)
      return "slowed by the server: its \(isFull ? "receive window was full" : "responses were awaited") \(percent)"
    case .network: return "slowed by the network \(percent)\(facts(upload.link, isIncoming: isIncoming))"
    case .disk: return "slowed by the disk: \(isIncoming ? "writes" : "reads") were awaited \(percent)"
    case .store: return "slowed by the store: it was awaited \(percent)"
    case .memory: return "slowed by memory: no buffer was free \(percent)"
    case .limit: return "slowed by the rate limit \(percent)"
    case .input: return "slowed by its input: bytes were awaited \(percent)"
    case .finishing where isIncoming: return "slowed by the disk: the file was stored and synced \(percent)"
    case .finishing: return "slowed by the server: it stored the file \(percent)"
    case .paused: return nil
    }
  }

  /// `: round trip 103 ms, 1.2 % of packets sent again, carries 5.1 MiB/s`, as far as it is known.
  private static func facts(_ link: LinkFacts?, isIncoming: Bool) -> String {
    guard let link else { return "" }
    var facts: [String] = []
    if let trip = link.roundTrip { facts.append("round trip \(milliseconds(trip))") }
    if link.disturbed > 0 {
      let part = percent(link.disturbed)
      facts.append(isIncoming ? "\(part) of packets out of order" : "\(part) of packets sent again")
    }
    if let rate = link.deliveryRate { facts.append("carries \(ByteSize.rateText(rate))") }
    return facts.isEmpty ? "" : ": " + facts.joined(separator: ", ")
  }

  /// `0.4 ms`, `103 ms`.
  private static func milliseconds(_ seconds: Double) -> String {
    let tenths = Int((min(max(0, seconds), 1e6) * 10_000).rounded())
    return tenths >= 100 ? "\((tenths + 5) / 10) ms" : "\(tenths / 10).\(tenths % 10) ms"
  }

  /// `1.2 %`; `0.1 %` for less.
  private static func percent(_ part: Double) -> String {
    let tenths = max(1, Int((min(max(0, part), 1) * 1000).rounded()))
    return "\(tenths / 10).\(tenths % 10) %"
  }
}

extension TimeShares {
  /// Seconds by cause, without causes of less than half a millisecond.
  var json: JSONValue {
    .object(TimeCause.allCases.filter { self[$0] >= 0.0005 }.map { ($0.rawValue, .double(self[$0])) })
  }
}

extension UploadSnapshot {
  /// The fields of events about the time: seconds by cause, and what has slowed the upload down; none where its time is
  /// not counted.
  var timeMembers: [(String, JSONValue)] {
    guard let time else { return [] }
    return [("time", time.json), ("bottleneck", .optional(bottleneck?.cause.rawValue))]
  }

  /// What the kernel says of the connection, for the events that end an upload; none where that is not known.
  var linkMembers: [(String, JSONValue)] {
    guard let link else { return [] }
    let disturbed = direction == .incoming ? "outOfOrder" : "retransmitted"
    var facts: [(String, JSONValue)] = [("roundTrip", .optional(link.roundTrip)), (disturbed, .double(link.disturbed))]
    if let rate = link.deliveryRate { facts.append(("deliveryRate", .speed(rate))) }
    return [("link", .object(facts))]
  }
}
