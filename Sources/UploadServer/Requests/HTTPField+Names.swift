import HTTPTypes

/// Fields that HTTPTypes does not name.
extension HTTPField.Name {
  static let xForwardedFor = field("X-Forwarded-For")
  static let xForwardedHost = field("X-Forwarded-Host")
  static let xForwardedProto = field("X-Forwarded-Proto")
  static let referrerPolicy = field("Referrer-Policy")
  static let allowPrivateNetwork = field("Access-Control-Allow-Private-Network")
  static let requestPrivateNetwork = field("Access-Control-Request-Private-Network")

  /// The names above are well-formed; another one would be this harmless name.
  private static func field(_ name: String) -> HTTPField.Name {
    HTTPField.Name(name) ?? .xContentTypeOptions
  }
}
