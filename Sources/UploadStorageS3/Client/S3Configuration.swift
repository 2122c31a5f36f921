package import HTTPExchange

/// How bucket and key are put into URLs.
package enum S3Addressing: String, Sendable, CaseIterable {
  /// `https://HOST/BUCKET/KEY`
  case path
  /// `https://BUCKET.HOST/KEY`
  case virtual
}

/// The configuration of one ``S3Client``.
package struct S3Configuration: Sendable {
  /// Scheme, host and port of the engine.
  package var endpoint: S3Endpoint
  /// The bucket of all requests; it must exist.
  package var bucket: String
  /// The region that requests are signed for.
  package var region: String
  /// How it is put into URLs.
  package var addressing: S3Addressing
  /// Signs all requests.
  package var credentials: S3Credentials
  /// How an https engine's certificate is verified.
  package var trust: ServerTrust = .system
  /// The proxy that leads to the engine; nil for a direct connection.
  package var proxy: ProxyServer?

  /// How long resolving the host and connecting to it may take together; then the TLS handshake may take as long.
  package var connectTimeout: Duration = .seconds(10)
  /// How long the engine may accept no byte of a body, or send no further byte of a response that has begun.
  package var idleTimeout: Duration = .seconds(60)
  /// How long the engine may take to begin its response once the request was sent. Completing a multipart upload of many
  /// parts may take minutes.
  package var responseTimeout: Duration = .seconds(300)
  /// The most requests at once that send objects and parts, or complete multipart uploads; those beyond that wait.
  package var transfers = 64
  /// The most other requests at once, which are short: a lease is renewed in time however many parts wait to be sent. Streamed
  /// objects do not count.
  package var shortRequests = 32
  /// The most objects that are streamed at once (``S3Client/get(_:range:ifMatch:onBytes:)``); others wait.
  package var downloads = 512
  /// When failed requests are repeated.
  package var retry = S3RetryPolicy()

  package init(
    endpoint: S3Endpoint,
    bucket: String,
    region: String,
    addressing: S3Addressing,
    credentials: S3Credentials
  ) {
    (self.endpoint, self.bucket, self.region) = (endpoint, bucket, region)
    (self.addressing, self.credentials) = (addressing, credentials)
  }
}

/// How often and after which pauses a request that failed for a temporary reason is repeated.
package struct S3RetryPolicy: Sendable, Equatable {
  /// The most attempts of one call, the first included, unless ``patience`` allows more; less than 1 counts as 1.
  package var attempts = 8
  /// How long after its first failure a call may begin further attempts, however many there were. Uploads that have arrived in
  /// part wait that long for an engine that is down. Some engines do not use a server for a minute after it has failed.
  package var patience = Duration.seconds(180)
  /// The upper bound of the first pause; each later bound is twice the previous one, up to ``longestPause``.
  package var firstPause = Duration.milliseconds(200)
  /// The upper bound of every pause, also of one that the engine asks for.
  package var longestPause = Duration.seconds(20)

  package init() {}

  /// For calls whose result a client waits for: a response that reports the failure is better than none for minutes.
  var impatient: S3RetryPolicy {
    var policy = self
    policy.patience = .zero
    return policy
  }
}
