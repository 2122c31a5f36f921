import Testing
import UploadTestSupport

@testable import UploadStorageS3

@Suite struct S3DocumentsTests {
  private func root(_ text: String) throws -> XMLElement { try XMLReader.read(Array(text.utf8)) }

  @Test func `a completion names the parts in their order, with their tags quoted and escaped`() throws {
    let parts = [S3Part(number: 1, size: 5, tag: "a<b"), S3Part(number: 10, size: 5, tag: "")]
    let text = S3Documents.completion(of: parts)
    #expect(text.hasPrefix("<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Part>"))
    let list = Array(try root(text).all("Part"))
    #expect(list.map { $0["PartNumber"]?.text } == ["1", "10"])
    #expect(list.map { $0["ETag"]?.text } == ["\"a<b\"", "\"\""])
  }

  @Test func `a listing has objects, common prefixes and a continuation`() throws {
    let page = try #require(
      S3Documents.listing(
        try root(
          """
          <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><Prefix>a&amp;b/</Prefix>
          <IsTruncated>true</IsTruncated><NextContinuationToken>1a/+==</NextContinuationToken><MaxKeys>2</MaxKeys>
          <Contents><Key>a&amp;b/c+d%20</Key><LastModified>2026-11-30T18:00:00.123Z</LastModified>
          <ETag>&quot;d41d8&quot;</ETag><Size>123456789012</Size><StorageClass>STANDARD</StorageClass></Contents>
          <Contents><Key>a&amp;b/ü</Key><LastModified>2026-11-30T18:00:01Z</LastModified><ETag/><Size>0</Size></Contents>
          <CommonPrefixes><Prefix>a&amp;b/d/</Prefix></CommonPrefixes></ListBucketResult>
          """
        )
      )
    )
    #expect(
      page.objects[0] == S3Object(key: "a&b/c+d%20", size: 123_456_789_012, modified: 1_796_061_600, tag: "d41d8")
    )
    #expect(page.objects[1].key == "a&b/\u{FC}" && page.objects[1].tag.isEmpty)
    #expect(page.objects[1].modified == 1_796_061_601)
    #expect(page.prefixes == ["a&b/d/"] && page.continuation == "1a/+==")
  }

  @Test func `keys that an engine has encoded are decoded, and an empty listing is one`() throws {
    let page = S3Documents.listing(
      try root(
        """
        <ListBucketResult><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated><Contents><Key>a+b%2Bc/%C3%BC</Key>
        <LastModified>2026-11-30T18:00:00Z</LastModified><Size>1</Size></Contents></ListBucketResult>
        """
      )
    )
    #expect(page?.objects.first?.key == "a b+c/\u{FC}" && page?.continuation == nil)
    #expect(S3Documents.listing(XMLElement(name: "ListBucketResult")) == S3ListingPage())
  }

  @Test(arguments: [
    "<Other/>", "<ListBucketResult><Contents/></ListBucketResult>",
    "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
    "<ListBucketResult><Contents><Key>a</Key><LastModified>yesterday</LastModified><Size>1</Size></Contents></ListBucketResult>",
    "<ListBucketResult><Contents><Key>a</Key><LastModified>2026-11-30T18:00:00Z</LastModified><Size>-1</Size></Contents></ListBucketResult>",
    "<ListBucketResult><EncodingType>url</EncodingType><CommonPrefixes><Prefix>%zz</Prefix></CommonPrefixes></ListBucketResult>",
  ])
  func `a listing that is incomplete or malformed is none`(text: String) throws {
    #expect(S3Documents.listing(try root(text)) == nil)
  }

  @Test func `the parts of an upload come in pages`() throws {
    let page = try #require(
      S3Documents.parts(
        try root(
          """
          <ListPartsResult><IsTruncated>true</IsTruncated><NextPartNumberMarker>1</NextPartNumberMarker>
          <Part><PartNumber>1</PartNumber><ETag>"x"</ETag><Size>5</Size></Part>
          <Part><PartNumber>3</PartNumber><ETag></ETag><Size>7</Size></Part></ListPartsResult>
          """
        )
      )
    )
    #expect(page.parts == [S3Part(number: 1, size: 5, tag: "x"), S3Part(number: 3, size: 7, tag: "")])
    #expect(page.next == 3)
    let endless = "<ListPartsResult><IsTruncated>true</IsTruncated></ListPartsResult>"
    #expect(S3Documents.parts(try root(endless)) == nil)
    let unordered =
      "<ListPartsResult><Part><PartNumber>2</PartNumber><Size>1</Size></Part>"
      + "<Part><PartNumber>2</PartNumber><Size>1</Size></Part></ListPartsResult>"
    #expect(S3Documents.parts(try root(unordered)) == nil)
  }

  @Test func `errors have a code, and perhaps more`() throws {
    let text =
      "<?xml version='1.0'?><Error><Code>PermanentRedirect</Code><Message>No.</Message><Endpoint>b.s3.example</Endpoint>"
      + "<Region>eu-west-1</Region><AWSAccessKeyId>AK</AWSAccessKeyId></Error>"
    #expect(
      S3ErrorDocument(try root(text))
        == S3ErrorDocument(code: "PermanentRedirect", message: "No.", region: "eu-west-1", endpoint: "b.s3.example")
    )
    #expect(S3ErrorDocument(try root("<Error><Code>X</Code><Message></Message></Error>")) == S3ErrorDocument(code: "X"))
    #expect(S3ErrorDocument(try root("<ErrorResponse><Error><Code>X</Code></Error></ErrorResponse>"))?.code == "X")
    #expect(S3ErrorDocument(try root("<Error/>")) == nil)
    #expect(S3ErrorDocument(try root("<html><body/></html>")) == nil)
  }

  @Test func `an upload's id, and whether one is complete`() throws {
    let id = "<InitiateMultipartUploadResult><UploadId>VXBs</UploadId></InitiateMultipartUploadResult>"
    #expect(S3Documents.uploadID(try root(id)) == "VXBs")
    #expect(S3Documents.uploadID(XMLElement(name: "InitiateMultipartUploadResult")) == nil)
    let complete = "<CompleteMultipartUploadResult><ETag></ETag></CompleteMultipartUploadResult>"
    #expect(S3Documents.isCompletion(try root(complete)))
    #expect(!S3Documents.isCompletion(XMLElement(name: "Error")))
  }

  @Test(arguments: [
    ("\"a\"", "a"), ("a", "a"), ("", ""), ("\"\"", ""), ("\"", "\""), ("W/\"a-1\"", "a-1"), ("\"a\"b\"", "a\"b"),
  ])
  func `tags lose their quotes`(text: String, tag: String) { #expect(S3Tag.unquoted(text) == tag) }

  @Test(arguments: [
    ("1970-01-01T00:00:01Z", 1 as Int64?), ("1970-01-01T00:00:01.999Z", 1), ("1970-01-01T00:00:01", nil),
    ("1970-01-01T00:00:01.x0Z", nil), ("", nil), ("Z", nil), (".Z", nil), ("1970-01-01 00:00:01Z", nil),
  ])
  func `dates are in UTC, with a fraction or without`(text: String, seconds: Int64?) {
    #expect(S3Date.seconds(text) == seconds)
  }
}
