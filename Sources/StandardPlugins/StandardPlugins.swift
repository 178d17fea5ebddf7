internal import ANP
internal import ActivationClustering
internal import AdaptiveBlend
internal import BPP
internal import BaDExpert
internal import BadNets
internal import Beatrix
internal import Blended
internal import CLP
internal import Contamination
public import DefenseKit
internal import FTrojan
internal import FinePruning
internal import FineTuning
internal import FreeEagle
internal import GoodNet
internal import IBAU
internal import IBDPSC
internal import LabelConsistent
internal import LowFrequency
internal import MMBD
internal import MMBM
internal import MultiTrigger
internal import NAD
internal import NeuralCleanse
internal import OccluderSearch
internal import SIG
internal import SPECTRE
internal import SRA
internal import STRIP
internal import ScaleUp
internal import SentiNet
internal import SpectralSignatures
internal import SubNetworks
internal import TED
internal import TaCT
internal import TeCo
internal import TriggerUnlearning
internal import TrojanNN
internal import WaNet

/// The plugins that come with DefenseKit, for use in a program:
///
/// ```swift
/// try Runner(plugins: standardPlugins + [MyDefense.self]).main()
/// ```
public let standardPlugins: [any Plugin.Type] = [
  FinePruning.self, FineTuning.self, CLP.self, ANP.self, NAD.self, IBAU.self, MMBM.self,
  TriggerUnlearning.self, GoodNet.self,
  STRIP.self, ScaleUp.self, IBDPSC.self, BaDExpert.self, TED.self, Beatrix.self, TeCo.self,
  SentiNet.self, FreeEagle.self, MMBD.self, OccluderSearch.self, NeuralCleanse.self,
  SubNetworks.self, SpectralSignatures.self, ActivationClustering.self, SPECTRE.self,
  Contamination.self, BadNets.self, Blended.self, SIG.self, WaNet.self, LabelConsistent.self,
  AdaptiveBlend.self, BPP.self, TaCT.self, LowFrequency.self, FTrojan.self, MultiTrigger.self,
  TrojanNN.self, SRA.self,
]
