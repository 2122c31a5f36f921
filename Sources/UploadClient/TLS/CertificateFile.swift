import NIOSSL
import UploadCore

/// Reads certificates for the client.
enum CertificateFile {
  /// All certificates of a PEM file.
  /// - Parameter option: which option named the file, for messages.
  /// - Throws: ``UploadError`` with code `badCertificate`.
  static func certificates(_ path: String, option: String) throws(UploadError) -> [NIOSSLCertificate] {
    let name = PlainText.sanitized(path)
    if let reason = FileAccess.problem(path) {
      throw UploadError(.badCertificate, "The file \"\(name)\" of \(option) cannot be read: \(reason). Check its path.")
    }
    do {
      let certificates = try NIOSSLCertificate.fromPEMFile(path)
      guard !certificates.isEmpty else { throw NIOSSLError.failedToLoadCertificate }
      return certificates
    } catch {
      throw UploadError(
        .badCertificate,
        "The file \"\(name)\" of \(option) holds no certificate that can be read. "
          + "It must be PEM text, with -----BEGIN CERTIFICATE----- in it.",
        cause: error
      )
    }
  }
}
