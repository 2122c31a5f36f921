import HTTPExchange
import UploadCore
import UploadTestSupport

@testable import UploadClient

/// Uploads through a scripted proxy.
enum ProxiedUpload {
  /// What is sent.
  static let body = Array("content".utf8)

  /// Sends a file of seven bytes through a proxy.
  /// - Parameters:
  ///   - url: of the target.
  ///   - script: what the proxy does with each connection.
  static func send(
    to url: String,
    credentials: String = "",
    configure: (inout UploadClientConfiguration) -> Void = { _ in },
    script: @escaping ScriptedServer.Script
  ) async throws -> UploadMeter {
    try await withTemporaryDirectory { directory in
      let path = try directory.write(body, to: "x.bin")
      return try await withServer(script: script) { proxy in
        var uploads = TestUploads()
        let option = "http://\(credentials)127.0.0.1:\(proxy.port)"
        uploads.configuration.proxies = ProxySettings(option: option, environment: [:])
        configure(&uploads.configuration)
        let target = try SendTarget(url, token: "secret-token")
        return await uploads.uploader.send(.file(path), to: target, mode: .stream)
      }
    }
  }
}
