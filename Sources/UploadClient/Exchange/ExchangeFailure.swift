import UploadCore

/// How an exchange went wrong, before anybody has put it into words.
enum ExchangeFailure: Equatable {
  /// The connection ended before an answer began.
  case connectionLost
  /// The connection ended in the middle of an answer with this status that said all was well.
  case answerCut(status: Int)
  /// The server said that all was well, and then would not take the rest.
  case earlySuccess(status: Int)
  /// What came is not HTTP, or is HTTP that makes no sense here.
  case badAnswer
  /// The server took nothing for too long.
  case serverTakesNothing
  /// The server has everything, or has begun to answer, and then was silent for too long.
  case serverSaysNothing

  /// Whether another attempt may fare better, as long as the server cannot have stored anything.
  var isPassing: Bool {
    switch self {
    case .connectionLost, .serverTakesNothing: true
    case .answerCut, .earlySuccess, .badAnswer, .serverSaysNothing: false
    }
  }
}
