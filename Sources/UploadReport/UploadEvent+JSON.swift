package import UploadCore

extension UploadEvent {
  /// The event as one JSON object, which example/docs/json.md documents: lowerCamelCase keys in a fixed order, sizes in
  /// bytes, speeds in whole bytes per second, durations in seconds with at most three decimals, `null` for unknown
  /// values.
  package var json: JSONValue {
    switch self {
    case .listening(let server):
      .object([
        ("event", .string("listening")), ("url", .string(server.url)),
        ("links", .array(server.links.map { .string($0) })),
        ("rawPort", server.rawPort.map { .integer($0) } ?? .null), ("dir", .string(server.directory)),
        ("pid", .integer(Int(server.processID))), ("token", .optional(server.token)),
        ("adminToken", .optional(server.adminToken)), ("fingerprint", .optional(server.fingerprint)),
        ("unfinished", .integer(server.unfinished)),
      ])
    case .started(let upload):
      .object(
        [
          ("event", .string("started")), ("id", .string(upload.id.description)),
          ("request", .string(upload.request.description)), ("direction", .string(upload.direction.rawValue)),
          ("mode", .string(upload.mode.rawValue)), ("name", .string(upload.name)), ("size", .optional(upload.size)),
          ("sizeExact", .bool(upload.sizeExact)), ("remote", .string(upload.remote)),
          ("declaredType", .optional(upload.declaredType)),
        ] + (upload.group.map { [("tree", .string($0.id))] } ?? []) + Self.sender(upload)
      )
    case .progress(let upload): Self.object("progress", upload, Self.progressMembers(upload))
    case .stalled(let upload):
      Self.object(
        "stalled",
        upload,
        [("cause", .optional(upload.cause?.rawValue)), ("seconds", .double(upload.stalledSeconds))]
      )
    case .interrupted(let upload):
      Self.object(
        "interrupted",
        upload,
        [
          ("stored", .optional(upload.stored)), ("durable", .optional(upload.durable)),
          ("expiresIn", .optional(upload.expiresIn)),
        ]
      )
    case .resumed(let upload, let seconds, let after):
      Self.object("resumed", upload, [("seconds", .double(seconds)), ("after", .string(after.rawValue))])
    case .retrying(let upload):
      Self.object(
        "retrying",
        upload,
        [
          ("attempt", .integer(upload.attempt)), ("seconds", .double(upload.retryIn ?? 0)),
          ("reason", .optional(upload.retryReason)),
        ]
      )
    case .noticed(let upload): Self.object("notice", upload, [("message", .optional(upload.notice))])
    case .finished(let upload, let file):
      Self.object(
        "finished",
        upload,
        [
          ("mode", .string(upload.mode.rawValue)), ("name", .string(upload.name)), ("path", .string(file.path)),
          ("bytes", .unsigned(file.bytes)), ("seconds", .double(upload.seconds)),
          ("peakResidentBytes", .integer(upload.peakResidentBytes)), ("type", .optional(file.type)),
          ("declaredType", .optional(file.declaredType ?? upload.declaredType)),
          ("detectedType", .optional(file.detectedType)), ("sha256", .optional(file.sha256)),
        ] + Self.ending(upload)
      )
    case .failed(let upload, let error):
      Self.object("failed", upload, [("name", .string(upload.name)), ("error", error.json)] + Self.ending(upload))
    case .cancelled(let upload):
      Self.object("cancelled", upload, [("name", .string(upload.name))] + Self.ending(upload))
    case .tree(let group, _): group.json
    case .rejected(let request):
      .object([
        ("event", .string("rejected")), ("time", .string(request.time)), ("client", .optional(request.client)),
        ("method", .optional(request.method)), ("host", .optional(request.host)), ("path", .optional(request.path)),
        ("status", .integer(request.status)), ("reason", .string(request.reason)), ("count", .unsigned(request.count)),
      ])
    case .download(let download):
      .object([
        ("event", .string("download")), ("id", .string(download.id.description)),
        ("outcome", .string(download.outcome.rawValue)), ("name", .string(download.name)),
        ("remote", .string(download.remote)), ("size", .optional(download.size)),
        ("bytes", .unsigned(download.bytes)), ("seconds", .double(download.seconds)),
      ])
    case .process(let memory, let slabs):
      .object([
        ("event", .string("process")), ("rss", .unsigned(memory.resident)), ("rssPeak", .unsigned(memory.peak)),
        ("slabBytes", .integer(slabs.used)), ("budget", .integer(slabs.budget)),
      ])
    case .summary(let summary): summary.json
    }
  }

  private typealias Members = [(String, JSONValue)]

  /// An event of an upload: its kind, the upload's identifier and direction, then `members`.
  private static func object(_ event: String, _ upload: UploadSnapshot, _ members: Members) -> JSONValue {
    let (id, direction) = (upload.id.description, upload.direction.rawValue)
    let head: Members = [("event", .string(event)), ("id", .string(id)), ("direction", .string(direction))]
    return .object(head + members)
  }

  /// The sender's name, for events that begin or end an upload; empty where the sender states none.
  private static func sender(_ upload: UploadSnapshot) -> Members {
    upload.sender.map { [("sender", .string($0))] } ?? []
  }

  /// The fields that all events have which end an upload: its time, and the sender's name.
  private static func ending(_ upload: UploadSnapshot) -> Members {
    upload.timeMembers + upload.linkMembers + sender(upload)
  }

  private static func partMembers(_ parts: UploadParts) -> Members {
    [("parts", .unsigned(UInt64(parts.accepted))), ("partCount", .optional(parts.count.map { UInt64($0) }))]
  }

  private static func progressMembers(_ upload: UploadSnapshot) -> Members {
    let members: Members =
      [
        ("state", .string(upload.state.rawValue)), ("bytes", .unsigned(upload.bytes)),
        ("stored", .optional(upload.stored)), ("durable", .optional(upload.durable)), ("speed", .speed(upload.speed)),
        ("speedAvg", .speed(upload.averageSpeed)), ("eta", .optional(upload.eta)),
        ("residentBytes", .integer(upload.residentBytes)),
      ] + (upload.parts.map(partMembers) ?? []) + upload.timeMembers
    // Only a client retries.
    if upload.direction == .incoming { return members }
    return members + [("attempt", .integer(upload.attempt)), ("retryIn", .optional(upload.retryIn))]
  }
}

extension UploadError {
  /// The error as an object in events, `{"code":..,"message":..}`; without the cause.
  package var json: JSONValue {
    .object([("code", .string(code.rawValue)), ("message", .string(message))])
  }
}
