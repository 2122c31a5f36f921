package import UploadClient
package import UploadCore
package import UploadServer

extension SendTarget {
  /// A server of this process's own: by its token, and by its certificate, whoever signed that.
  /// - Throws: ``UploadError`` with code `badURL`.
  package init(own address: ServerAddress, _ engine: ServerEngine) throws(UploadError) {
    try self.init(
      address.url,
      token: engine.token?.text,
      trust: address.fingerprint.map(ServerTrust.pinned) ?? .system
    )
  }
}
