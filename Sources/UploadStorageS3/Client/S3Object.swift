/// What is stored with an object besides its bytes.
package struct S3ObjectHeaders: Sendable, Equatable {
  /// Its media type; nil for the engine's default.
  package var contentType: String?
  /// The `x-amz-meta-` fields without that prefix; names are lower-case tokens. Values may be any text: one that is not
  /// printable ASCII is sent percent-encoded in UTF-8, as is a `%`, and decoded by this client.
  package var metadata: [String: String]

  package init(contentType: String? = nil, metadata: [String: String] = [:]) {
    (self.contentType, self.metadata) = (contentType, metadata)
  }
}

/// An object of the bucket.
package struct S3Object: Sendable, Equatable {
  /// Unescaped, with the prefix.
  package var key: String
  /// In bytes.
  package var size: UInt64
  /// When it was stored, in seconds since 1970 by the engine's clock.
  package var modified: Int64
  /// The text of its ETag without quotes: only for comparing it with another of the same object. May be empty.
  package var tag: String
  /// Nil in listings.
  package var contentType: String?
  /// See ``S3ObjectHeaders/metadata``; empty in listings.
  package var metadata: [String: String]

  package init(
    key: String,
    size: UInt64,
    modified: Int64,
    tag: String = "",
    contentType: String? = nil,
    metadata: [String: String] = [:]
  ) {
    (self.key, self.size, self.modified, self.tag) = (key, size, modified, tag)
    (self.contentType, self.metadata) = (contentType, metadata)
  }
}

/// A part of a multipart upload that the engine has stored.
package struct S3Part: Sendable, Equatable {
  /// From 1 on.
  package var number: Int
  /// In bytes.
  package var size: UInt64
  /// The text of its ETag without quotes, opaque; the request that completes the upload repeats it. May be empty.
  package var tag: String

  package init(number: Int, size: UInt64, tag: String) {
    (self.number, self.size, self.tag) = (number, size, tag)
  }
}

/// A part of the list of a bucket's objects.
package struct S3ListingPage: Sendable, Equatable {
  /// Ordered by the UTF-8 bytes of their keys.
  package var objects: [S3Object]
  /// The common beginnings of keys up to and with the delimiter; in order.
  package var prefixes: [String]
  /// Pass it to get the next page; nil when there is none.
  package var continuation: String?

  package init(objects: [S3Object] = [], prefixes: [String] = [], continuation: String? = nil) {
    (self.objects, self.prefixes, self.continuation) = (objects, prefixes, continuation)
  }
}
