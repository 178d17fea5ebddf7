import PluginName
import RunnerKit
import StandardPlugins

try Runner(plugins: standardPlugins + [PluginName.self]).main()
