import FinePruning
import FineTuning
import GoodNet
import RunnerKit

try Runner(plugins: [FinePruning.self, FineTuning.self, GoodNet.self]).main()
