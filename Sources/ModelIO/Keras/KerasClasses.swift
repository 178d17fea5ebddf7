/// The names of Keras's own classes and functions in all versions.
enum KerasClasses {
  /// The layers, models and cells.
  static let layers: Set<String> = KerasNetwork.classNames.union(
    words(
      """
      Activation ActivityRegularization AdaptiveAveragePooling1D AdaptiveAveragePooling2D
      AdaptiveAveragePooling3D AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D Add
      AdditiveAttention AlphaDropout Attention AugMix AutoContrast Average AveragePooling1D
      AveragePooling2D AveragePooling3D BatchNormalization BatchNormalizationV1
      BatchNormalizationV2 Bidirectional CategoryEncoding CenterCrop Concatenate Conv1D
      Conv1DTranspose Conv2D Conv2DTranspose Conv3D Conv3DTranspose ConvLSTM1D ConvLSTM2D ConvLSTM3D
      ContrastLimitedAdaptiveHistogramEqualization Cropping1D Cropping2D Cropping3D CuDNNGRU
      CuDNNLSTM CustomScaleLayer CutMix Dense DepthwiseConv1D DepthwiseConv2D Discretization Dot Dropout ELU
      EinsumDense Embedding Equalization Flatten GRU GRUCell GRUV1 GaussianDropout GaussianNoise
      GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D GlobalMaxPooling1D
      GlobalMaxPooling2D GlobalMaxPooling3D GroupNormalization GroupQueryAttention GroupedQueryAttention HashedCrossing Hashing
      Identity InputLayer IntegerLookup LSTM LSTMCell LSTMV1 LayerNormalization LayerScale LeakyReLU
      LocallyConnected1D LocallyConnected2D Masking MaxNumBoundingBoxes MaxPooling1D MaxPooling2D
      MaxPooling3D Maximum MelSpectrogram Minimum MixUp MultiHeadAttention Multiply Normalization
      PReLU Permute Pipeline RMSNormalization RNN RandAugment RandomBrightness
      RandomColorDegeneration RandomColorJitter RandomContrast RandomCrop RandomElasticTransform
      RandomErasing RandomFlip RandomGaussianBlur RandomGrayscale RandomHeight RandomHue
      RandomInvert RandomPerspective RandomPosterization RandomRotation RandomSaturation
      RandomSharpness RandomShear RandomTranslation RandomWidth RandomZoom ReLU RepeatVector
      Rescaling Reshape Resizing ReversibleEmbedding STFTSpectrogram SeparableConv1D
      SeparableConv2D SimpleRNN SimpleRNNCell Softmax Solarization SpatialDropout1D
      SpatialDropout2D SpatialDropout3D SpectralNormalization StackedRNNCells StochasticDepth
      StringLookup Subtract
      SyncBatchNormalization TextVectorization ThresholdedReLU TimeDistributed UnitNormalization
      UpSampling1D UpSampling2D UpSampling3D ZeroPadding1D ZeroPadding2D ZeroPadding3D
      """))

  /// The layers that run code of another framework or from another file: a saved program, a pickle,
  /// or a method of a TensorFlow class.
  static let foreignCode: Set<String> = words(
    "TFSMLayer TorchModuleWrapper JaxLayer FlaxLayer ClassMethod InstanceMethod InstanceProperty")

  /// The layers whose vocabulary may be the name of a file.
  static let lookups: Set<String> = words(
    "StringLookup IntegerLookup TextVectorization IndexLookup")

  /// The classes that represent values without a JSON form.
  static let values: Set<String> = words(
    "__keras_tensor__ __tensor__ __numpy__ __bytes__ __tuple__ __slice__ __ellipsis__ __dict__ "
      + "TensorShape")

  /// Returns whether a class is one of Keras's own layers.
  static func isLayer(_ name: String) -> Bool {
    layers.contains(name) || operations.contains(name) || functionLayers.contains(name)
  }

  /// Returns whether a name is that of an initializer, a loss, a metric, an optimizer or another
  /// part; `l1_l2` and `L1L2` are the same.
  static func isPart(_ name: String) -> Bool { parts.contains(normalized(name)) }

  /// Returns whether a name is that of an activation, a loss or a metric.
  static func isFunction(_ name: String) -> Bool {
    functions.contains(normalized(name)) || isPart(name)
  }

  private static let parts = Set(
    words(
      """
      Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity IdentityInitializer
      LecunNormal LecunUniform Ones Orthogonal OrthogonalInitializer RandomNormal RandomUniform STFT
      STFTInitializer TruncatedNormal VarianceScaling Zeros
      L1 L1L2 L2 OrthogonalRegularizer MaxNorm MinMaxNorm NonNeg UnitNorm RadialConstraint
      BinaryCrossentropy BinaryFocalCrossentropy CTC CategoricalCrossentropy
      CategoricalFocalCrossentropy CategoricalGeneralizedCrossEntropy CategoricalHinge Circle
      CosineSimilarity Dice Hinge Huber KLDivergence LogCosh LossFunctionWrapper MeanAbsoluteError
      MeanAbsolutePercentageError MeanSquaredError MeanSquaredLogarithmicError Poisson
      SparseCategoricalCrossentropy SquaredHinge Tversky
      AUC Accuracy BinaryAccuracy BinaryIoU CategoricalAccuracy ConcordanceCorrelation F1Score
      FBetaScore FalseNegatives FalsePositives IoU LogCoshError Mean MeanIoU MeanMetricWrapper
      MeanRelativeError MeanTensor OneHotIoU OneHotMeanIoU PearsonCorrelation Precision
      PrecisionAtRecall R2Score Recall RecallAtPrecision RootMeanSquaredError
      SensitivityAtSpecificity SparseCategoricalAccuracy SparseTopKCategoricalAccuracy
      SpecificityAtSensitivity Sum SumOverBatchSizeMetricWrapper TopKCategoricalAccuracy
      TrueNegatives TruePositives
      Adadelta Adafactor Adagrad Adam AdamW Adamax Ftrl Lamb Lion LossScaleOptimizer MultiOptimizer Muon Nadam
      RMSprop SGD ScheduleFreeAdamW TFOptimizer CosineDecay CosineDecayRestarts ExponentialDecay
      InverseTimeDecay PiecewiseConstantDecay PolynomialDecay
      AWQDTypePolicy DTypePolicy DTypePolicyMap FloatDTypePolicy GPTQDTypePolicy Int4DTypePolicy
      Policy PolicyV1 QuantizedDTypePolicy QuantizedFloat8DTypePolicy AWQConfig AbsMaxQuantizer
      Float8QuantizationConfig GPTQConfig Int4QuantizationConfig Int8QuantizationConfig
      SeedGenerator RandomGenerator InputSpec
      """
    ).map(normalized))

  private static let functions = Set(
    words(
      """
      celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh
      leaky_relu linear log_sigmoid log_softmax mish relu relu6 selu sigmoid silu soft_shrink
      softmax softmax_v2 softplus softsign sparse_plus sparse_sigmoid sparsemax squareplus swish
      tanh tanh_shrink threshold
      acc ce crossentropy cosine cosine_proximity kld kullback_leibler_divergence mae mape mse msle
      bce kl_divergence mean_absolute_error mean_absolute_percentage_error mean_squared_error
      mean_squared_logarithmic_error
      """
    ).map(normalized))

  static func words(_ text: String) -> Set<String> {
    Set(text.split(whereSeparator: \.isWhitespace).map(String.init))
  }

  private static func normalized(_ name: String) -> String {
    name.lowercased().filter { $0 != "_" }
  }

  /// Returns whether a module contains only parts of models.
  ///
  /// Being a module of Keras is not enough: `keras.utils` has functions that download files, and
  /// `keras.config` has one that disables safe mode, which keeps code from running.
  static func isModule(_ name: String) -> Bool {
    if tensorFlowInitializers.contains(name) { return true }
    var path = name.split(separator: ".", omittingEmptySubsequences: false)
    // Python modules have no other names: `keras.layers.../../x`, for example, leads elsewhere.
    guard
      path.allSatisfy({ !$0.isEmpty && $0.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" } })
    else { return false }
    if path.starts(with: ["tensorflow", "python"]) { path.removeFirst(2) }
    if path.first == "tensorflow" { path.removeFirst() }
    guard path.first == "keras" || path.first == "tf_keras" else { return false }
    path.removeFirst()
    while let first = path.first, ["src", "api", "engine", "legacy"].contains(first) {
      path.removeFirst()
    }
    guard let kind = path.first else { return true }
    return kinds.contains(String(kind))
  }

  /// TensorFlow's own initializers, which networks of Keras 2 use.
  private static let tensorFlowInitializers: Set<String> = [
    "tensorflow.python.ops.init_ops", "tensorflow.python.ops.init_ops_v2",
  ]

  private static let kinds: Set<String> = words(
    "layers models sequential functional training input_layer base_layer initializers regularizers "
      + "constraints activations losses metrics optimizers optimizer_v2 optimizer_experimental "
      + "dtype_policies mixed_precision quantizers random ops")
}
