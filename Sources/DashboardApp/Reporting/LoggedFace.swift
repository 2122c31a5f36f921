package import Logging
package import UploadCore

/// Another face, and a line of the log for each upload that has ended and for rejected requests.
package struct LoggedFace<Inner: Face>: Face {
  private var inner: Inner
  private let logger: Logger

  package init(_ inner: Inner, logger: Logger) {
    self.inner = inner
    self.logger = logger
  }

  package mutating func show(_ snapshot: Snapshot) {
    inner.show(snapshot)
    for upload in snapshot.uploads { log(upload) }
    for request in snapshot.rejected { log(request) }
  }

  package mutating func end() {
    inner.end()
  }

  private func log(_ request: RejectedRequest) {
    var facts: Logger.Metadata = ["status": "\(request.status)", "reason": "\(request.reason)"]
    if let client = request.client { facts["remote"] = "\(client)" }
    if let method = request.method { facts["method"] = "\(method)" }
    if let host = request.host { facts["host"] = "\(host)" }
    if let path = request.path { facts["path"] = "\(path)" }
    if request.count > 1 { facts["count"] = "\(request.count)" }
    logger.info("request rejected", metadata: facts)
  }

  private func log(_ upload: UploadSnapshot) {
    var facts: Logger.Metadata = [
      "id": "\(upload.id)", "mode": "\(upload.mode.rawValue)", "name": "\(upload.name)", "remote": "\(upload.remote)",
      "bytes": "\(upload.bytes)", "seconds": "\((upload.seconds * 1000).rounded() / 1000)",
    ]
    switch upload.outcome {
    case .finished(let file):
      facts["path"] = "\(file.path)"
      logger.info("upload finished", metadata: facts)
    case .failed(let error):
      facts["code"] = "\(error.code.rawValue)"
      facts["reason"] = "\(error.message)"
      logger.info("upload failed", metadata: facts)
    case .cancelled: logger.info("upload cancelled", metadata: facts)
    case nil: break
    }
  }
}
