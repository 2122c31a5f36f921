/// Who may use the server.
package struct AccessRules: Sendable {
  /// What every request but `/healthz` must show; nil when nothing is asked.
  package var token: AccessToken?
  /// Origins besides the server's own whose web pages may use it, as browsers write them: `https://app.example`.
  package var allowedOrigins: [String] = []
  /// Proxies whose `X-Forwarded-For`, `X-Forwarded-Host` and `X-Forwarded-Proto` are believed.
  package var trustedProxies: [AddressRange] = []

  package init() {}
}
