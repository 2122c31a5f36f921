import ArgumentParser
import DashboardApp
import Glibc
import UploadCore
import UploadTrials

/// `sluice sample`: generates a big file to try uploads with.
struct SampleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sample",
    abstract: "Generate a big file to upload: rows of CSV, or random bytes."
  )

  @Argument(help: ArgumentHelp("File to generate.", valueName: "path"), completion: .file())
  var path: String

  @Option(
    help: ArgumentHelp("Size of the file, exact to the byte.", valueName: "size"),
    transform: OptionValue<SizeSetting>.init(parsing:)
  )
  var size: OptionValue<SizeSetting>

  @Flag(help: "Fill the file with bytes that cannot be compressed.")
  var random = false

  @Flag(help: "Replace an existing file.")
  var force = false

  func run() throws { throw ExitCode(MainLoop.run(forcedStatus: 130) { [self] stop in write(stop) }) }

  private func write(_ stop: StopRequest) -> Int32 {
    let writer = SampleWriter(path: path, size: size.value, random: random, force: force)
    do throws(UploadError) {
      try writer.write(
        onBegin: { unfinished in stop.onForce { unlink(unfinished) } },
        progress: { show($0) },
        isCancelled: { stop.signal != nil }
      )
      clear()
      Output.line("\(PlainText.sanitized(path)): \(size.value.bytes) bytes (\(size.value))")
      return 0
    } catch {
      clear()
      Output.errorLine("sluice: \(PlainText.sanitized(error.message))")
      return stop.signal == SIGINT ? 130 : 1
    }
  }

  private func show(_ written: UInt64) {
    guard Output.canRedraw(ProcessEnvironment.all), size.value.bytes > 0 else { return }
    let percent = Int(Double(written) / Double(size.value.bytes) * 100)
    Output.raw("\r\(ByteSize.text(written)) of \(size), \(percent)%\u{1B}[K")
  }

  private func clear() { if Output.canRedraw(ProcessEnvironment.all) { Output.raw("\r\u{1B}[K") } }
}
