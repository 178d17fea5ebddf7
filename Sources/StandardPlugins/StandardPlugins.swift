internal import ANP
internal import BadNets
internal import Blended
internal import CLP
public import DefenseKit
internal import FinePruning
internal import FineTuning
internal import FreeEagle
internal import GoodNet
internal import LabelConsistent
internal import MMBD
internal import NeuralCleanse
internal import OccluderSearch
internal import SIG
internal import STRIP
internal import SpectralSignatures
internal import TriggerUnlearning
internal import WaNet

/// The plugins that come with DefenseKit, for use in a program:
///
/// ```swift
/// try Runner(plugins: standardPlugins + [MyDefense.self]).main()
/// ```
public let standardPlugins: [any Plugin.Type] = [
  FinePruning.self, FineTuning.self, CLP.self, ANP.self, TriggerUnlearning.self, GoodNet.self,
  STRIP.self, FreeEagle.self, MMBD.self, OccluderSearch.self, NeuralCleanse.self,
  SpectralSignatures.self,
  BadNets.self, Blended.self, SIG.self, WaNet.self, LabelConsistent.self,
]
