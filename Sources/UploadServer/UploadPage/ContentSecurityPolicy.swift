import Basics
import Crypto

/// The values of `Content-Security-Policy` (CSP level 3), which let a page run and load nothing but what was shipped with
/// it: whatever a client could get into a page, no browser would execute it.
enum ContentSecurityPolicy {
  /// For a page that has one script and one style, both inline. The script may send requests to this server alone.
  /// - Parameters:
  ///   - script: exactly what is between the tags, in UTF-8; and so for the style.
  static func policy(script: String, style: String) -> String {
    "default-src 'none'; script-src \(source(of: script)); style-src \(source(of: style)); connect-src 'self'; \(common)"
  }

  /// For a page with a style alone.
  static func policy(style: String) -> String {
    "default-src 'none'; style-src \(source(of: style)); \(common)"
  }

  /// The source expression that allows an inline script or style with this content: its SHA-256.
  static func source(of content: String) -> String {
    "'sha256-\(Base64.encode(Array(SHA256.hash(data: Array(content.utf8)))))'"
  }

  private static let common = "form-action 'self'; base-uri 'none'; img-src data:; frame-ancestors 'none'"
}
