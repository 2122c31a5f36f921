/// The generator that tests share with the sources; a test that imports the support needs no second import for it.
@_exported public import Basics
