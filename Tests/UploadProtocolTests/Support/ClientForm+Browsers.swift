extension ClientForm {
  static let browsers: [ClientForm] = [
    ClientForm(
      "browser, raw UTF-8 and a control without a file",
      boundary: "----WebKitFormBoundary7MA4YWxkTrZu0gW",
      #"""
      ------WebKitFormBoundary7MA4YWxkTrZu0gW
      Content-Disposition: form-data; name="_charset_"

      UTF-8
      ------WebKitFormBoundary7MA4YWxkTrZu0gW
      Content-Disposition: form-data; name="photo"; filename="Füße \ %41 %22x%22.jpg"
      Content-Type: image/jpeg

      JPEG
      ------WebKitFormBoundary7MA4YWxkTrZu0gW
      Content-Disposition: form-data; name="none"; filename=""
      Content-Type: application/octet-stream


      ------WebKitFormBoundary7MA4YWxkTrZu0gW--

      """#,
      files: [File(field: "photo", name: #"Füße \ %41 "x".jpg"#, type: "image/jpeg", content: "JPEG")]
    ),
    ClientForm(
      "browser, a Blob",
      boundary: "---------------------------9051914041544843365972754266",
      """
      -----------------------------9051914041544843365972754266
      Content-Disposition: form-data; name="data"; filename="blob"
      Content-Type: application/octet-stream

      -----------------------------905191404154484336597275426
      -----------------------------9051914041544843365972754266--

      """,
      files: [
        File(
          field: "data",
          name: "blob",
          type: "application/octet-stream",
          content: "-----------------------------905191404154484336597275426"
        )
      ]
    ),
    ClientForm(
      "old Internet Explorer, a path",
      boundary: "---------------------------7d01ecf406a6",
      #"""
      -----------------------------7d01ecf406a6
      Content-Disposition: form-data; name="f"; filename="C:\dir\file.txt"
      Content-Type: text/plain

      IE
      -----------------------------7d01ecf406a6--

      """#,
      files: [File(field: "f", name: #"C:\dir\file.txt"#, type: "text/plain", content: "IE")]
    ),
    ClientForm(
      "old Internet Explorer, quotes nobody escaped",
      boundary: "---------------------------7d01",
      #"""
      -----------------------------7d01
      Content-Disposition: form-data; name="f"; filename="C:\dir\my "best" file.txt"
      Content-Type: text/plain

      IE
      -----------------------------7d01--

      """#,
      files: [File(field: "f", name: #"C:\dir\my "best" file.txt"#, type: "text/plain", content: "IE")]
    ),
  ]
}
