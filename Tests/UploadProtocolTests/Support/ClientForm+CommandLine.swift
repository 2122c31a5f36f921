extension ClientForm {
  static let commandLine: [ClientForm] = [
    ClientForm(
      "curl -F, percent escapes",
      boundary: "------------------------d74496d66958873e",
      #"""
      --------------------------d74496d66958873e
      Content-Disposition: form-data; name="note"

      hello
      --------------------------d74496d66958873e
      Content-Disposition: form-data; name="file"; filename="a%22b%0D%0A\c.txt"
      Content-Type: text/plain

      line one
      line two

      --------------------------d74496d66958873e--

      """#,
      files: [File(field: "file", name: "a\"b\r\n\\c.txt", type: "text/plain", content: "line one\r\nline two\r\n")]
    ),
    ClientForm(
      "curl --form-escape",
      boundary: "------------------------1f2e",
      #"""
      --------------------------1f2e
      Content-Disposition: form-data; name="a\"b"; filename="c\\d\"e%22;.bin"
      Content-Type: application/octet-stream

      x
      --------------------------1f2e--

      """#,
      files: [File(field: "a\"b", name: #"c\d"e%22;.bin"#, type: "application/octet-stream", content: "x")]
    ),
    ClientForm(
      "curl, two files in one -F",
      boundary: "------------------------outer",
      """
      --------------------------outer
      Content-Disposition: form-data; name="files"
      Content-Type: multipart/mixed; boundary=------------------------inner

      --------------------------inner
      Content-Disposition: attachment; filename="a"
      Content-Type: application/octet-stream

      AAA
      --------------------------inner--

      --------------------------outer--

      """,
      files: [
        File(
          field: "files",
          name: nil,
          type: "multipart/mixed; boundary=------------------------inner",
          content: "--------------------------inner\r\nContent-Disposition: attachment; filename=\"a\"\r\n"
            + "Content-Type: application/octet-stream\r\n\r\nAAA\r\n--------------------------inner--\r\n"
        )
      ]
    ),
    ClientForm(
      "Postman",
      boundary: "--------------------------110801",
      """
      ----------------------------110801
      Content-Disposition: form-data; name="f"; filename="p.txt"
      Content-Type: text/plain
      Content-Transfer-Encoding: binary

      P
      ----------------------------110801--

      """,
      files: [File(field: "f", name: "p.txt", type: "text/plain", content: "P")]
    ),
  ]
}
