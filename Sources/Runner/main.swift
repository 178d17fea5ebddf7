import RunnerKit
import StandardPlugins

try Runner(plugins: standardPlugins).main()
