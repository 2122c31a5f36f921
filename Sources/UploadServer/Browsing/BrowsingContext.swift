import Hummingbird
import NIOCore

/// What goes with a request through the router: what the library needs, and the connection, for answers that must not
/// be handed on faster than it takes them.
struct BrowsingContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  let channel: any Channel

  init(source: Source) {
    coreContext = CoreRequestContextStorage(source: source)
    channel = source.channel
  }
}
