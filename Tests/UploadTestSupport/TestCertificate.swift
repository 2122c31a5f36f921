/// A self-signed certificate for `localhost` and its key, as PEM texts. Of the tests alone: they protect nothing.
package enum TestCertificate {
  package static let key = """
    -----BEGIN PRIVATE KEY-----
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgy3QDXjRK66GvtIrO
    CLKWcFxGyf3+E43Qz5FCO/EgWGWhRANCAASTuP03n/Wk9KLJWJxppxJHyBMscgId
    asixsudhXQarjaKi05b77F+JS92oVMFsEbLukTct/ajVNFpED8j+duBw
    -----END PRIVATE KEY-----
    """
  package static let certificate = """
    -----BEGIN CERTIFICATE-----
    MIIBfzCCASWgAwIBAgIUfPKDUTFzaNi7jN9hgrDnrz8iQigwCgYIKoZIzj0EAwIw
    FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyOTEzNDIzMFoYDzIxMjYxMTA1
    MTM0MjMwWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
    PQMBBwNCAASTuP03n/Wk9KLJWJxppxJHyBMscgIdasixsudhXQarjaKi05b77F+J
    S92oVMFsEbLukTct/ajVNFpED8j+duBwo1MwUTAdBgNVHQ4EFgQUYLBxNKeE4CM1
    4hea16Ph+utAuY4wHwYDVR0jBBgwFoAUYLBxNKeE4CM14hea16Ph+utAuY4wDwYD
    VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEA7qPb6ONCvparF5B3Y7Ns
    YQoDpvZH9Exy3P8jAGOyM2ECIH0QHLLaDG8yL6gYlA12n3/BKalVbS0zRzOvuLH4
    P1RV
    -----END CERTIFICATE-----
    """
}
