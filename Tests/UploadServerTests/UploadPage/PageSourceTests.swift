import Testing

@testable import UploadServer

@Suite struct PageSourceTests {
  @Test func `indentation, empty lines and spaces at the ends of lines are not served`() {
    #expect(PageSource("  a {\n\n    b: c;  \n\t}\r\n\n", .css).served == "a{\nb:c;\n}\n")
    #expect(PageSource("", .html).served == "" && PageSource("\n \n", .javaScript).served == "")
  }

  @Test(arguments: [
    (
      PageSource.Language.javaScript, "// one\nf();\n  // two\n/* three\n four */\n  /** five */\ng(); // six\n",
      "f();\ng(); // six\n"
    ),
    (.javaScript, "/* a */ f();\n/*\n*/ g();\n", "f();\ng();\n"),
    (.javaScript, "let u = \"https://h\";\nlet r = a / b;\n", "let u = \"https://h\";\nlet r = a / b;\n"),
    (.css, "/* one */\n/*\n  two\n*/\na { b: c; }\n", "a{b:c;}\n"),
    (.css, "a { /* kept */ }\n//\n", "a{/* kept */}\n//\n"),
    (.html, "<!doctype html>\n<!-- one -->\n  <!--\n two -->\n<p>x</p>\n", "<!doctype html>\n<p>x</p>\n"),
    (.html, "<p><!-- kept --></p>\n// text\n", "<p><!-- kept --></p>\n// text\n"),
    (.css, "a :hover { b: c(1, 2) d; e: f }\n", "a :hover{b:c(1,2) d;e:f}\n"),
    (.css, "/* never ends\na {}\n", ""),
  ])
  func `comments on lines of their own are not served`(language: PageSource.Language, text: String, served: String) {
    #expect(PageSource(text, language).served == served)
    #expect(PageSource(Array(text.utf8), language).served == served)
  }
}
