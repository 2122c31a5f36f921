import ArgumentParser

struct SampleCommand: ParsableCommand, EnvironmentDefaults.Reading {
  static let valueNames = ["size"]
  static let switchNames = ["random", "force"]
}
