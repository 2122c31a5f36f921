import HTTPTypes
import UploadCore

@testable import UploadProtocol

/// A server of resumable uploads without I/O: it performs the actions of the exchanges on content in memory.
struct ResumableServer {
  enum Kind {
    case draft, tus
  }

  /// What a client receives.
  struct Reply {
    var interim: [ResumableResponse] = []
    var status: Int
    var fields: HTTPFields
    var problem: ProblemDocument?
    /// Whether it is the response that a plain upload would get.
    var isStored = false

    subscript(_ name: HTTPField.Name) -> String? { fields[name] }

    /// A field as clients look it up.
    func value(_ name: String) -> String? { HTTPField.Name(name).flatMap { fields[$0] } }
  }

  struct Resource {
    var resource: UploadResource
    var content: [UInt8] = []
    var name: NameBytes?
  }

  static let now: Int64 = 1_795_824_000

  var limits: ResumableLimits
  var resources: [String: Resource] = [:]
  /// How many resources were created.
  private var created = 0
  /// The contents of the files that were published.
  var published: [[UInt8]] = []

  init(_ limits: ResumableLimits = ResumableLimits()) { self.limits = limits }

  /// The ID in a Location field; nil where there is none.
  static func id(_ reply: Reply) -> String? {
    reply[.location].flatMap { TusConcat.id(inURL: $0) }
  }

  static func exchange(_ kind: Kind, _ request: ResumableRequest) -> any ResumableExchange {
    switch kind {
    case .draft: DraftExchange(request)
    case .tus: TusExchange(request)
    }
  }

  /// Performs a request.
  /// - Parameters:
  ///   - id: of the resource; nil for a creation.
  ///   - isChunked: whether the length of the body is unknown.
  ///   - arriving: the bytes of the body that arrive before the connection breaks; nil for all.
  mutating func send(
    _ kind: Kind,
    _ method: HTTPRequest.Method,
    _ id: String? = nil,
    _ fields: HTTPFields = [:],
    body: String = "",
    isChunked: Bool = false,
    trailers: HTTPFields? = nil,
    arriving: Int? = nil
  ) -> Reply {
    let head = HTTPRequest(method: method, scheme: "https", authority: "a.test", path: "/uploads", headerFields: fields)
    let request = ResumableRequest(
      head: head,
      bodyLength: isChunked ? nil : UInt64(body.utf8.count),
      id: id,
      limits: limits,
      now: Self.now
    )
    var run = Run(exchange: Self.exchange(kind, request), body: Array(body.utf8), trailers: trailers)
    run.arriving = arriving
    var action = run.exchange.start()
    while true {
      switch step(action, &run) {
      case .success(let next): action = next
      case .failure(let end): return end.reply
      }
    }
  }

  private struct Run {
    var exchange: any ResumableExchange
    var body: [UInt8]
    var trailers: HTTPFields?
    var arriving: Int?
    var id: String?
    var interim: [ResumableResponse] = []
    var pending: [UInt8] = []
  }

  private struct End: Error {
    var reply: Reply
  }

  private mutating func step(_ action: ResumableAction, _ run: inout Run) -> Result<ResumableAction, End> {
    func end(_ response: ResumableResponse) -> Result<ResumableAction, End> {
      let reply = Reply(
        interim: run.interim,
        status: response.status,
        fields: response.fields,
        problem: response.problem
      )
      return .failure(End(reply: reply))
    }
    switch action {
    case .respond(let response): return end(response)
    case .discard(let response):
      if let id = run.id { resources[id]?.resource.state = .gone }
      return end(response)
    case .remove(let response):
      if let id = run.id { resources[id] = nil }
      return end(response)
    case .create(let new):
      created += 1
      let id = "aB-_" + String(repeating: "0", count: 17 - String(created).count) + "\(created)z"
      run.id = id
      let resource = UploadResource(
        offset: 0,
        length: new.length,
        properties: new.properties,
        expires: Self.now + limits.maxAge
      )
      resources[id] = Resource(resource: resource, name: new.name)
      let location = "https://a.test/prefix/uploads/\(id)"
      return .success(run.exchange.created(location: location, expires: resource.expires))
    case .find(let id, _):
      run.id = id
      return .success(run.exchange.found(resources[id]?.resource))
    case .append(let plan): return append(plan, &run)
    case .concatenate(let ids):
      let parts = ids.compactMap { resources[$0] }.filter(\.resource.isCompletePart)
      guard parts.count == ids.count, let id = run.id else {
        return end(run.exchange.failed(UploadError(.badRequest, ""), status: 400, isFinal: true, offset: nil))
      }
      resources[id]?.content = parts.flatMap(\.content)
      sync(id)
      return .success(run.exchange.concatenated(length: resources[id]?.resource.offset ?? 0))
    case .suspend:
      store(&run)
      return .success(run.exchange.suspended(at: run.id.flatMap { resources[$0]?.resource.offset } ?? 0))
    case .finalize:
      store(&run)
      if let id = run.id {
        resources[id]?.resource.state = .finished
        let offset = resources[id]?.resource.offset
        resources[id]?.resource.length = offset
        published.append(resources[id]?.content ?? [])
      }
      return .success(run.exchange.finalized())
    case .respondStored(let fields):
      let reply = Reply(interim: run.interim, status: 201, fields: fields, isStored: true)
      return .failure(End(reply: reply))
    }
  }

  private mutating func append(_ plan: AppendPlan, _ run: inout Run) -> Result<ResumableAction, End> {
    if let interim = plan.interim { run.interim.append(interim) }
    if let length = plan.length, let id = run.id { resources[id]?.resource.length = length }
    var checksum = ChecksumComputer(plan)
    var rest = run.body.prefix(run.arriving ?? .max)
    while !rest.isEmpty {
      let chunk = Array(rest.prefix(3))
      rest = rest.dropFirst(3)
      if let action = run.exchange.receive(chunk.count) { return .success(action) }
      chunk.withUnsafeBytes { checksum?.update($0) }
      run.pending += chunk
    }
    guard run.arriving == nil else {
      // The connection breaks: what has arrived is recorded, unless it has a checksum.
      if checksum == nil { store(&run) }
      return .failure(End(reply: Reply(interim: run.interim, status: 0, fields: [:])))
    }
    do throws(UploadError) {
      let matches = try checksum?.matches(plan, trailers: run.trailers)
      return .success(run.exchange.bodyEnded(checksumMatches: matches))
    } catch {
      let response = run.exchange.failed(error, status: 400, isFinal: false, offset: nil)
      return .failure(End(reply: Reply(interim: run.interim, status: response.status, fields: response.fields)))
    }
  }

  private mutating func store(_ run: inout Run) {
    guard let id = run.id else { return }
    resources[id]?.content += run.pending
    run.pending = []
    sync(id)
  }

  private mutating func sync(_ id: String) {
    guard let count = resources[id]?.content.count else { return }
    resources[id]?.resource.offset = UInt64(count)
  }
}
