import Testing
import UploadCore
import UploadReport

@testable import UploadTrials

@Suite struct ComparisonTests {
  private static let clients = [
    CompareClient(program: .sluice, mode: .stream), CompareClient(program: .sluice, mode: .buffered),
    CompareClient(program: .curl, mode: .stream),
  ]

  private func comparison(runs: Int = 1) -> Comparison {
    let results = Self.clients.map { CompareResult(client: $0) }
    return Comparison(name: "a.bin", size: 1 << 30, runs: runs, maxMemory: nil, results: results)
  }

  private func trial(_ status: TrialStatus = .intact, seconds: Double = 2, peak: UInt64 = 20 << 20) -> TrialResult {
    var memory = MemorySeries()
    memory.add(peak, at: seconds)
    return TrialResult(
      status: status,
      reason: status == .intact ? nil : "because",
      seconds: seconds,
      bytes: 1 << 30,
      clientPeak: peak,
      serverPeak: 30 << 20,
      uploadPeak: 3 << 20,
      memory: memory
    )
  }

  @Test func `all clients send once before any sends again`() {
    var comparison = comparison(runs: 2)
    var order: [Int] = []
    while let next = comparison.next {
      order.append(next)
      comparison.running = Comparison.Running(index: next)
      comparison.end(next, trial())
    }
    #expect(order == [0, 1, 2, 0, 1, 2])
  }

  @Test func `a client that is not installed is tried once`() {
    var comparison = comparison(runs: 3)
    var order: [Int] = []
    while let next = comparison.next {
      order.append(next)
      comparison.end(next, trial(next == 2 ? .missing : .intact))
    }
    #expect(order == [0, 1, 2, 0, 1, 0, 1])
    #expect(comparison.results[2].seconds == nil && comparison.isGood)
  }

  @Test func `medians are over the intact runs, or over those with the first other status`() {
    var result = CompareResult(client: Self.clients[0])
    for (seconds, peak) in [(9.0, 50), (1, 10), (2, 20)] {
      result.trials.append(trial(seconds: seconds, peak: UInt64(peak)))
    }
    #expect(result.status == .intact && result.seconds == 2 && result.clientPeak == 20)
    #expect(result.memory.peak == 20)
    result.trials.append(trial(.failed, seconds: 100, peak: 1))
    #expect(result.status == .failed && result.seconds == 100 && result.reason == "because")
  }

  /// The figures are read from the output of another process.
  @Test(arguments: [UInt64.max, UInt64.max - 1, UInt64(1) << 63])
  func `the median of the largest amounts of memory does not overflow`(peak: UInt64) {
    var result = CompareResult(client: Self.clients[0])
    result.trials.append(trial(peak: peak))
    #expect(result.clientPeak.map { $0 >= 1 << 63 } == true)
    result.trials.append(trial(peak: 1))
    #expect(result.clientPeak.map { $0 >= 1 << 62 } == true)
    #expect(result.memory.peak > 0)
  }

  @Test(arguments: TrialStatus.allCases)
  func `only the status of a client that must succeed decides the comparison`(status: TrialStatus) {
    for index in Self.clients.indices {
      var comparison = comparison()
      for each in Self.clients.indices { comparison.end(each, trial(each == index ? status : .intact)) }
      #expect(comparison.isGood == (status == .intact || index != 0))
    }
  }

  @Test func `a comparison without runs is not a success`() {
    #expect(!comparison().isGood)
  }

  @Test func `the memory of a client is that of its run in progress, else of its ended runs`() {
    var comparison = comparison()
    comparison.end(0, trial(peak: 5))
    var memory = MemorySeries()
    memory.add(7, at: 1)
    comparison.running = Comparison.Running(index: 1, bytes: 10, rate: 5, memory: memory)
    #expect(comparison.running?.bytes == 10 && comparison.running?.rate == 5)
    #expect(comparison.memory(of: 0).peak == 5 && comparison.memory(of: 1) == memory)
    comparison.end(1, trial())
    #expect(comparison.running == nil)
  }

  @Test func `the table has a row for every client, and below it every reason`() {
    var comparison = comparison()
    comparison.end(0, trial())
    comparison.end(1, trial(.outOfMemory, seconds: 0.5, peak: 1 << 30))
    comparison.end(2, trial(.missing))
    #expect(
      ComparisonTable.text(comparison, width: 100) == """
        mode      client  seconds         rate  client peak  server peak  upload peak  result
        stream    sluice     2.00  512.0 MiB/s     20.0 MiB     30.0 MiB      3.0 MiB  intact
        buffered  sluice     0.50            -      1.0 GiB     30.0 MiB      3.0 MiB  out of memory
        stream    curl          -            -            -            -            -  missing

        sluice buffered: because
        curl stream: because
        """
    )
  }

  @Test func `the table fits the width, and drops the least important figures first`() {
    var comparison = Comparison(name: "a.bin", size: 1 << 40, runs: 1, maxMemory: nil)
    for (index, client) in comparison.results.map(\.client).enumerated() {
      let status: TrialStatus = client.mode == .buffered ? .outOfMemory : .intact
      let (peak, seconds) = (UInt64(536_870_912), 9_999.99)
      comparison.end(
        index,
        TrialResult(
          status: status,
          seconds: seconds,
          bytes: UInt64(seconds * 536_870_912),
          clientPeak: peak,
          serverPeak: peak,
          uploadPeak: peak
        )
      )
    }
    func lines(_ width: Int) -> [Substring] { ComparisonTable.text(comparison, width: width).split(separator: "\n") }
    #expect(lines(80).allSatisfy { $0.count <= 80 })
    #expect(lines(80)[0].contains("server peak") && !lines(80)[0].contains("upload peak"))
    #expect(lines(70).allSatisfy { $0.count <= 70 } && !lines(70)[0].contains("server peak"))
    #expect(lines(200)[0].contains("upload peak"))
    #expect(lines(1)[0].contains("client peak") && lines(1)[0].contains("result"))
  }

  @Test func `reasons are wrapped to the width`() {
    var comparison = Comparison(name: "a.bin", size: 1, runs: 1, maxMemory: nil)
    let reason = "The stored file differs from the one that was sent, and this explanation is long."
    var failed = trial(.failed)
    failed.reason = reason
    comparison.end(0, failed)
    let lines = ComparisonTable.text(comparison, width: 60).split(separator: "\n")
    #expect(lines.suffix(2).allSatisfy { $0.count <= 60 } && lines.suffix(2).joined(separator: " ").hasSuffix(reason))
  }

  @Test func `a run has one output line with its status, time and peak memory`() {
    let client = Self.clients[0]
    #expect(
      LineComparisonRenderer.line(client, trial(), number: 2, of: 3)
        == "sluice stream (2 of 3): intact, 2.00 s, client's peak memory 20.0 MiB"
    )
    #expect(LineComparisonRenderer.line(client, trial(.missing), number: 1, of: 1) == "sluice stream: missing: because")
  }

  @Test func `an interrupted client's bytes are in its output line, below the table and in JSON`() {
    let client = CompareClient(program: .sluice, mode: .resumable)
    var comparison = Comparison(
      name: "a.bin",
      size: 1 << 30,
      runs: 1,
      maxMemory: nil,
      results: [CompareResult(client: client)]
    )
    var interrupted = trial()
    (interrupted.interruptions, interrupted.sentBytes) = (2, 1 << 30 | 1 << 29)
    comparison.end(0, interrupted)
    let line = "sluice, interrupted twice: intact, 2.00 s, client's peak memory 20.0 MiB, 1.5 GiB sent"
    #expect(LineComparisonRenderer.line(client, interrupted, number: 1, of: 1) == line)
    let table = ComparisonTable.text(comparison, width: 80)
    #expect(table.contains("resumable  sluice") && table.hasSuffix("twice: 1.5 GiB sent, for a file of 1.0 GiB"))
    let run = JSONComparisonRenderer.json(of: interrupted, client, number: 1).serialized
    #expect(
      run.contains(#""mode":"resumable","run":1,"#) && run.contains(#""interruptions":2,"sentBytes":1610612736,"#)
    )
    let whole = JSONComparisonRenderer.json(of: comparison).serialized
    #expect(whole.contains(#""sentBytes":1610612736"#))
  }

  @Test func `a status has words for people, and the documented value in JSON`() {
    #expect(TrialStatus.rejected.text == "rejected" && TrialStatus.outOfMemory.text == "out of memory")
    #expect(
      TrialStatus.allCases.map(\.rawValue) == ["intact", "mismatch", "refused", "outOfMemory", "failed", "missing"]
    )
  }

  @Test func `the JSON of a run and of a comparison has the documented fields`() {
    var comparison = comparison()
    comparison.end(0, trial())
    #expect(
      JSONComparisonRenderer.json(of: trial(.rejected), Self.clients[1], number: 1).serialized
        == #"{"event":"run","client":"sluice","mode":"buffered","run":1,"seconds":2.0,"bytes":1073741824,"#
        + #""interruptions":null,"sentBytes":null,"#
        + #""clientRssPeak":20971520,"serverRssPeak":31457280,"serverPeakResidentBytes":3145728,"#
        + #""verdict":"refused","reason":"because"}"#
    )
    let whole = JSONComparisonRenderer.json(of: comparison).serialized
    #expect(whole.hasPrefix(#"{"event":"comparison","ok":true,"name":"a.bin","size":1073741824,"runs":1,"#))
    #expect(whole.contains(#""verdict":"intact","reason":null,"memory":[[2.0,20971520]]}"#))
    #expect(whole.contains(#""client":"curl","mode":"stream","seconds":null,"#))
  }
}
