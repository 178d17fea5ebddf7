/// The options of a plugin that has none.
public struct NoOptions: PluginOptions {
  /// Creates the empty options.
  public init() {}
  /// An empty list.
  public static var declarations: [PluginOption<NoOptions>] { [] }
}
