import Testing
import UploadTestSupport

extension TemporaryDirectory {
  /// Has openssl make a certificate and its key, for loopback: `cert.pem` and `key.pem`.
  /// - Returns: the options that give them to a server.
  func certificate() async throws -> [String] {
    let (cert, key) = (file("cert.pem"), file("key.pem"))
    let made = try await ProcessRunner.run(
      "openssl",
      [
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
        "-subj", "/CN=sluice test", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", key, "-out",
        cert,
      ]
    )
    #expect(made.exit == .status(0), "\(made)")
    return ["--tls-cert", cert, "--tls-key", key]
  }
}
