import Testing
import UploadCore
import UploadTestSupport

@testable import UploadStorageS3

@Suite struct S3CredentialsTests {
  private static let file = """
    # of the team
    [default]
    aws_access_key_id = AKDEFAULT
    aws_secret_access_key = secret/with+signs=

    [ other ]
    AWS_ACCESS_KEY_ID=AKOTHER
    aws_secret_access_key\t=\tsecret2\r
    aws_session_token = token
    region = here
    [incomplete]
    aws_access_key_id = AK
    """

  private func error(_ body: () throws(UploadError) -> S3Credentials) throws -> UploadError {
    let error = UploadError.thrown(by: body)
    return try #require(error)
  }

  @Test func `the environment comes first`() throws {
    let environment = [
      "AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "SK", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "other",
    ]
    #expect(try S3Credentials.load(environment) == S3Credentials(accessKeyID: "AK", secretAccessKey: "SK"))
    let token = try S3Credentials.load(environment.merging(["AWS_SESSION_TOKEN": "T"]) { $1 })
    #expect(token.sessionToken == "T")
  }

  @Test func `a profile of the shared file has the keys, else`() async throws {
    try await withTemporaryDirectory { directory in
      let path = try directory.write(Array(Self.file.utf8), to: "credentials")
      var environment = ["AWS_SHARED_CREDENTIALS_FILE": path]
      #expect(
        try S3Credentials.load(environment)
          == S3Credentials(accessKeyID: "AKDEFAULT", secretAccessKey: "secret/with+signs=")
      )
      environment["AWS_PROFILE"] = "other"
      #expect(
        try S3Credentials.load(environment)
          == S3Credentials(accessKeyID: "AKOTHER", secretAccessKey: "secret2", sessionToken: "token")
      )
      environment["AWS_PROFILE"] = "missing"
      let missing = try error { () throws(UploadError) in try S3Credentials.load(environment) }
      #expect(missing.code == .badValue && missing.message.contains("\"missing\"") && missing.message.contains(path))
      environment["AWS_PROFILE"] = "incomplete"
      let incomplete = try error { () throws(UploadError) in try S3Credentials.load(environment) }
      #expect(incomplete.message.contains("aws_secret_access_key"))
    }
  }

  @Test func `without credentials the message says what to set`() throws {
    let none = try error { () throws(UploadError) in try S3Credentials.load(["HOME": "/nonexistent"]) }
    #expect(none.code == .badValue && none.message.contains("AWS_ACCESS_KEY_ID"))
    let half = try error { () throws(UploadError) in try S3Credentials.load(["AWS_ACCESS_KEY_ID": "AK"]) }
    #expect(half.message.contains("AWS_SECRET_ACCESS_KEY"))
    let unreadable = try error { () throws(UploadError) in
      try S3Credentials.load(["AWS_SHARED_CREDENTIALS_FILE": "/nonexistent/x"])
    }
    #expect(unreadable.code == .unreadableFile && unreadable.message.contains("/nonexistent/x"))
  }

  @Test func `keys are never shown`() throws {
    let credentials = try S3Credentials(accessKeyID: "AKIAX", secretAccessKey: "hush", sessionToken: "token")
    var dumped = ""
    dump(credentials, to: &dumped)
    for text in ["\(credentials)", String(reflecting: credentials), dumped] {
      #expect(!text.contains("AKIAX") && !text.contains("hush") && !text.contains("token"))
    }
    for secret in ["hush hush", "", "h\u{1}", "geh\u{E4}im"] {
      let error = try error { () throws(UploadError) in
        try S3Credentials(accessKeyID: "AKIAX", secretAccessKey: secret)
      }
      #expect(error.code == .badValue && (secret.isEmpty || !error.message.contains(secret)))
    }
  }
}
