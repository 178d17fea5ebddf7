import FinePruning
import GoodNet
import RunnerKit

try Runner(plugins: [FinePruning.self, GoodNet.self]).main()
