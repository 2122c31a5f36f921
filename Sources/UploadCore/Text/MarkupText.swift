/// Text in HTML and XML documents.
package enum MarkupText {
  /// `text` as it stands in content and in quoted attributes: no character of it can begin markup.
  ///
  /// By number where HTML and XML have no name in common.
  package static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
