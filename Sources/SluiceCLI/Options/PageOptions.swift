import ArgumentParser
import UploadCore
import UploadServer

/// What visitors see on a server's upload page: options of every command that hosts one.
struct PageOptions: ParsableArguments {
  @Option("Text above the form of the upload page, up to 500 characters. (default: none)", value: "text")
  var greeting: OptionValue<Greeting>?

  /// Sets the fields of `settings` that these options are about.
  func apply(to settings: inout PageSettings) {
    settings.greeting = greeting?.value.text
  }
}

/// A greeting, which may have several text lines.
struct Greeting: OptionReadable {
  /// The text in the form in which it is shown.
  let text: String

  init(_ text: String) throws(UploadError) { self.text = try PageSettings.greeting(text) }
}
