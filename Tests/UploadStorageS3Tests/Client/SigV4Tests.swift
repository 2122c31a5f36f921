import Crypto
import Testing
import UploadCore

@testable import UploadStorageS3

/// The examples that Amazon publishes in its S3 API reference, "Examples: Signature calculations", with their keys.
@Suite struct SigV4Tests {
  /// Fri, 24 May 2013 00:00:00 GMT
  private static let time: Int64 = 1_369_353_600
  private static let host = (name: "host", value: "examplebucket.s3.amazonaws.com")

  private func signer(token: String? = nil) throws -> SigV4 {
    SigV4(
      credentials: try S3Credentials(
        accessKeyID: "AKIAIOSFODNN7EXAMPLE",
        secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        sessionToken: token
      ),
      region: "us-east-1"
    )
  }

  private func authorization(_ request: SigV4.Request) throws -> String {
    try #require(try signer().fields(request, at: Self.time).first { $0.name == "authorization" }).value
  }

  @Test func `GET of a range of an object`() throws {
    let request = SigV4.Request(
      method: "GET",
      path: "/test.txt",
      headers: [Self.host, ("range", "bytes=0-9")],
      payload: SigV4.emptyPayload
    )
    let scope = "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request"
    #expect(
      try authorization(request) == "AWS4-HMAC-SHA256 Credential=\(scope), "
        + "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
        + "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    )
    let fields = try signer().fields(request, at: Self.time)
    #expect(fields.first { $0.name == "x-amz-date" }?.value == "20130524T000000Z")
    #expect(
      fields.first { $0.name == "x-amz-content-sha256" }?.value
        == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )
  }

  @Test func `PUT of an object with a digest, whose name has a dollar sign`() throws {
    let request = SigV4.Request(
      method: "PUT",
      path: S3Location.encoded("/test$file.text"),
      headers: [
        Self.host, ("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
      ],
      payload: Hexadecimal.text(SHA256.hash(data: Array("Welcome to Amazon S3.".utf8)))
    )
    #expect(
      try authorization(request).hasSuffix(
        "SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class, "
          + "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
      )
    )
  }

  @Test(arguments: [
    (["lifecycle": nil] as S3Query, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
    (
      ["prefix": "J", "max-keys": "2"] as S3Query, "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
    ),
  ])
  func `GET of a subresource and of a listing`(query: S3Query, signature: String) throws {
    let request = SigV4.Request(
      method: "GET",
      path: "/",
      query: query,
      headers: [Self.host],
      payload: SigV4.emptyPayload
    )
    #expect(try authorization(request).hasSuffix("Signature=\(signature)"))
  }

  @Test func `a presigned URL`() throws {
    let request = SigV4.Request(method: "GET", path: "/test.txt", headers: [Self.host], payload: "")
    #expect(
      try signer().presignedQuery(request, at: Self.time, expires: 86_400)
        == "X-Amz-Algorithm=AWS4-HMAC-SHA256"
        + "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
        + "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        + "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    )
  }

  /// "Examples of how to derive a signing key" in Amazon's general reference.
  @Test func `the signing key of a day, a region and a service`() {
    let key = SigV4.signingKey(
      secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
      day: "20150830",
      region: "us-east-1",
      service: "iam"
    )
    #expect(
      key.withUnsafeBytes { Hexadecimal.text($0) } == "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"
    )
  }

  @Test func `the token of temporary credentials is signed, in a URL as a parameter`() throws {
    let request = SigV4.Request(
      method: "GET",
      path: "/",
      headers: [Self.host],
      payload: SigV4.emptyPayload
    )
    let fields = try signer(token: "a/b=").fields(request, at: Self.time)
    #expect(fields.first { $0.name == "x-amz-security-token" }?.value == "a/b=")
    #expect(fields.last?.value.contains("x-amz-date;x-amz-security-token,") == true)
    let query = try signer(token: "a/b=").presignedQuery(request, at: Self.time, expires: 1)
    #expect(query.contains("&X-Amz-Security-Token=a%2Fb%3D&"))
  }

  @Test func `parameters are sorted by their encoded names, and only subresources are sent without =`() {
    let query: S3Query = ["uploads": nil, "prefix": "", "Z": "1", "a b": "\u{FC}+/", "a": "2"]
    #expect(query.canonicalText == "Z=1&a=2&a%20b=%C3%BC%2B%2F&prefix=&uploads=")
    #expect(query.text == "Z=1&a=2&a%20b=%C3%BC%2B%2F&prefix=&uploads")
  }
}
