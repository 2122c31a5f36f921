import ArgumentParser
import DashboardApp
import Glibc
import UploadCore
import UploadTrials

/// `sluice sample`: a big file to try uploads with.
struct SampleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sample",
    abstract: "Make a big file to upload: rows of CSV, or random bytes."
  )

  @Argument(help: ArgumentHelp("The file to make.", valueName: "path"), completion: .file())
  var path: String

  @Option(
    help: ArgumentHelp("Its size, exact to the byte.", valueName: "size"),
    transform: OptionValue<SizeSetting>.init(parsing:)
  )
  var size: OptionValue<SizeSetting>

  @Flag(help: "Fill it with bytes that cannot be compressed.")
  var random = false

  @Flag(help: "Overwrite a file that is there already.")
  var force = false

  func run() throws {
    let status = MainLoop.run(forcedStatus: 130) { [self] stop in make(stop) }
    throw ExitCode(status)
  }

  private func make(_ stop: StopRequest) -> Int32 {
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
    Output.raw("\r\(ByteSize.text(written)) of \(size.value), \(percent)%\u{1B}[K")
  }

  private func clear() {
    if Output.canRedraw(ProcessEnvironment.all) { Output.raw("\r\u{1B}[K") }
  }
}
