extension ClientForm {
  static let libraries: [ClientForm] = [
    ClientForm(
      "Node's fetch (undici), no last CRLF; a file without a name is a field",
      boundary: "----formdata-undici-069416321478",
      """
      ------formdata-undici-069416321478
      Content-Disposition: form-data; name="a"; filename="n.bin"
      Content-Type: application/octet-stream

      N
      ------formdata-undici-069416321478
      Content-Disposition: form-data; name="b"
      Content-Type: application/octet-stream

      unnamed
      ------formdata-undici-069416321478--
      """,
      files: [File(field: "a", name: "n.bin", type: "application/octet-stream", content: "N")]
    ),
    ClientForm(
      "requests (urllib3)",
      boundary: "3fbd04f5b8f94a0fa1a5d4a3a4c9a7f1",
      """
      --3fbd04f5b8f94a0fa1a5d4a3a4c9a7f1
      Content-Disposition: form-data; name="f"; filename="%22ü%22"

      R
      --3fbd04f5b8f94a0fa1a5d4a3a4c9a7f1--

      """,
      files: [File(field: "f", name: "\"ü\"", content: "R")]
    ),
    ClientForm(
      "requests with an old urllib3",
      boundary: "3fbd04f5",
      """
      --3fbd04f5
      Content-Disposition: form-data; name="f"; filename*=utf-8''na%C3%AFve%20%E2%82%AC.txt

      R
      --3fbd04f5--

      """,
      files: [File(field: "f", name: "naïve €.txt", content: "R")]
    ),
    ClientForm(
      "aiohttp, lengths and another order",
      boundary: "7a2ce3d9",
      """
      --7a2ce3d9
      Content-Type: text/csv
      Content-Length: 5
      Content-Disposition: form-data; name="f"; filename="t.csv"; filename*=utf-8''t.csv

      a,b

      --7a2ce3d9
      Content-Length: 1
      content-disposition: form-data; name="g"; filename="u"

      u
      --7a2ce3d9--

      """,
      files: [
        File(field: "f", name: "t.csv", type: "text/csv", length: 5, content: "a,b\r\n"),
        File(field: "g", name: "u", length: 1, content: "u"),
      ]
    ),
    ClientForm(
      "Go, a quoted boundary and an empty part without its CRLF",
      boundary: "\"go(boundary)/1\"",
      #"""
      --go(boundary)/1
      Content-Disposition: form-data; name="e"; filename="empty"
      Content-Type: application/octet-stream

      --go(boundary)/1
      Content-Disposition: form-data; name="f"; filename="say \"hi\" \\ there.txt"
      Content-Type: application/octet-stream

      G
      --go(boundary)/1--

      """#,
      files: [
        File(field: "e", name: "empty", type: "application/octet-stream", content: ""),
        File(field: "f", name: #"say "hi" \ there.txt"#, type: "application/octet-stream", content: "G"),
      ]
    ),
    ClientForm(
      ".NET",
      boundary: "\"6a8d1f1e-9b1c-4d9a-8d8e-0b9a4f5c6d7e\"",
      """
      --6a8d1f1e-9b1c-4d9a-8d8e-0b9a4f5c6d7e
      Content-Type: text/plain; charset=utf-8
      Content-Disposition: form-data; name=note

      hello
      --6a8d1f1e-9b1c-4d9a-8d8e-0b9a4f5c6d7e
      Content-Disposition: form-data; name=f; filename=my file.txt; filename*=utf-8''my%20other.txt

      D
      --6a8d1f1e-9b1c-4d9a-8d8e-0b9a4f5c6d7e--

      """,
      files: [File(field: "f", name: "my file.txt", content: "D")]
    ),
    ClientForm(
      "OkHttp",
      boundary: "c1b2a3d4-e5f6",
      """
      --c1b2a3d4-e5f6
      Content-Disposition: form-data; name="f"; filename="o.png"
      Content-Type: image/png
      Content-Transfer-Encoding: 8bit
      Content-Length: 2

      OK
      --c1b2a3d4-e5f6--

      """,
      files: [File(field: "f", name: "o.png", type: "image/png", length: 2, content: "OK")]
    ),
  ]
}
