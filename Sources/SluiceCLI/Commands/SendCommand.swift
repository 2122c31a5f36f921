import ArgumentParser

struct SendCommand: ParsableCommand, EnvironmentDefaults.Reading {
  static let valueNames = ["size"]
  static let switchNames = ["random", "force"]
}
