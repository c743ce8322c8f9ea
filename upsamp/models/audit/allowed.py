"""What the configs of models may name: Keras' own classes and functions; all else is a reason.

Of Keras 3.15 and tf_keras 2, with the names of older versions. What loads code or files is left
out: Lambda, TFSMLayer and the wrappers of other libraries.
"""

import re


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Layers and models.
LAYERS = _names(
    """
    AbstractRNNCell Activation ActivityRegularization AdaptiveAveragePooling1D
    AdaptiveAveragePooling2D AdaptiveAveragePooling3D AdaptiveMaxPooling1D AdaptiveMaxPooling2D
    AdaptiveMaxPooling3D Add AddLoss AddMetric AdditiveAttention AlphaDropout AtrousConvolution1D
    AtrousConvolution2D Attention AugMix AutoContrast Average AveragePooling1D AveragePooling2D
    AveragePooling3D AvgPool1D AvgPool2D AvgPool3D BaseRandomLayer BatchNormalization
    BatchNormalizationBase BatchNormalizationV1 BatchNormalizationV2 Bidirectional
    CategoryEncoding CenterCrop Concatenate ContrastLimitedAdaptiveHistogramEqualization Conv1D
    Conv1DTranspose Conv2D Conv2DTranspose Conv3D Conv3DTranspose ConvLSTM1D ConvLSTM2D ConvLSTM3D
    Convolution1D Convolution1DTranspose Convolution2D Convolution2DTranspose Convolution3D
    Convolution3DTranspose Cropping1D Cropping2D Cropping3D CuDNNGRU CuDNNLSTM CutMix
    Deconvolution2D Deconvolution3D Dense DenseFeatures DepthwiseConv1D DepthwiseConv2D
    DepthwiseConvolution2D DeviceWrapper Discretization Dot Dropout DropoutWrapper ELU EinsumDense
    Embedding Equalization Flatten Functional GRU GRUCell GRUCellV1 GRUCellV2 GRUV1 GRUV2
    GaussianDropout GaussianNoise GlobalAveragePooling1D GlobalAveragePooling2D
    GlobalAveragePooling3D GlobalAvgPool1D GlobalAvgPool2D GlobalAvgPool3D GlobalMaxPool1D
    GlobalMaxPool2D GlobalMaxPool3D GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D
    GroupNormalization GroupQueryAttention GroupedQueryAttention HashedCrossing Hashing Highway
    Input InputLayer InputSpec IntegerLookup LSTM LSTMCell LSTMCellV1 LSTMCellV2 LSTMV1 LSTMV2
    Layer LayerNormalization LeakyReLU LinearModel LocallyConnected1D LocallyConnected2D Masking
    MaxNumBoundingBoxes MaxPool1D MaxPool2D MaxPool3D MaxPooling1D MaxPooling2D MaxPooling3D
    Maximum MaxoutDense MelSpectrogram Merge Minimum MixUp Model MultiHeadAttention Multiply
    Normalization PReLU Permute Pipeline RMSNormalization RNN RandAugment RandomBrightness
    RandomColorDegeneration RandomColorJitter RandomContrast RandomCrop RandomElasticTransform
    RandomErasing RandomFlip RandomFourierFeatures RandomGaussianBlur RandomGrayscale RandomHeight
    RandomHue RandomInvert RandomPerspective RandomPosterization RandomRotation RandomSaturation
    RandomSharpness RandomShear RandomTranslation RandomWidth RandomZoom ReLU RepeatVector
    Rescaling Reshape ResidualWrapper Resizing ReversibleEmbedding STFTSpectrogram SeparableConv1D
    SeparableConv2D SeparableConvolution1D SeparableConvolution2D SequenceFeatures Sequential
    SimpleRNN SimpleRNNCell Softmax Solarization SpatialDropout1D SpatialDropout2D
    SpatialDropout3D SpectralNormalization StackedRNNCells StringLookup Subtract
    SyncBatchNormalization TensorShape TextVectorization ThresholdedReLU TimeDistributed
    TimeDistributedDense TypeSpec UnitNormalization UpSampling1D UpSampling2D UpSampling3D
    WideDeepModel Wrapper ZeroPadding1D ZeroPadding2D ZeroPadding3D _RNNCellWrapper
    """
)
# Initializers, optimizers, losses, metrics and the like.
SETTINGS = _names(
    """
    AUC AWQConfig AWQDTypePolicy AbsMaxQuantizer Accuracy Adadelta Adafactor Adagrad Adam AdamW
    Adamax BinaryAccuracy BinaryCrossentropy BinaryFocalCrossentropy BinaryIoU CTC
    CategoricalAccuracy CategoricalCrossentropy CategoricalFocalCrossentropy
    CategoricalGeneralizedCrossEntropy CategoricalHinge Circle ConcordanceCorrelation Constant
    Constraint CosineDecay CosineDecayRestarts CosineSimilarity DTypePolicy DTypePolicyMap Dice
    ExponentialDecay F1Score FBetaScore FalseNegatives FalsePositives Float8QuantizationConfig
    FloatDTypePolicy Ftrl GPTQConfig GPTQDTypePolicy GlorotNormal GlorotNormalV2 GlorotUniform
    GlorotUniformV2 HeNormal HeUniform Hinge Huber Identity IdentityInitializer Initializer
    Int4DTypePolicy Int4QuantizationConfig Int8QuantizationConfig InverseTimeDecay IoU
    KLDivergence L1 L1L2 L2 Lamb LearningRateSchedule LecunNormal LecunUniform Lion LogCosh
    LogCoshError Loss LossScaleOptimizer MaxNorm Mean MeanAbsoluteError
    MeanAbsolutePercentageError MeanIoU MeanMetricWrapper MeanRelativeError MeanSquaredError
    MeanSquaredLogarithmicError MeanTensor Metric MinMaxNorm MultiOptimizer Muon Nadam NonNeg
    OneHotIoU OneHotMeanIoU Ones Optimizer OptimizerMap Orthogonal OrthogonalInitializer
    OrthogonalRegularizer PearsonCorrelation PiecewiseConstantDecay Poisson Policy PolicyV1
    PolynomialDecay Precision PrecisionAtRecall QuantizationConfig QuantizedDTypePolicy
    QuantizedFloat8DTypePolicy Quantizer R2Score RMSprop RadialConstraint RandomNormal
    RandomUniform Recall RecallAtPrecision Reduction Regularizer RootMeanSquaredError SGD STFT
    STFTInitializer ScheduleFreeAdamW SeedGenerator SensitivityAtSpecificity
    SparseCategoricalAccuracy SparseCategoricalCrossentropy SparseTopKCategoricalAccuracy
    SpecificityAtSensitivity SquaredHinge Sum TopKCategoricalAccuracy TrueNegatives TruePositives
    TruncatedNormal Tversky UnitNorm VarianceScaling Zeros
    """
)
# Operations between layers, of the modules keras.src.ops.
OPERATIONS = _names(
    """
    Abs Absolute AdaptiveAveragePool AdaptiveMaxPool AffineTransform All AllClose Amax Amin Angle
    Any Append Arange Arccos Arccosh Arcsin Arcsinh Arctan Arctan2 Arctanh Argmax Argmin
    Argpartition Argsort Array ArraySplit AssociativeScan AveragePool BatchNorm BinaryCrossentropy
    Bincount BitwiseAnd BitwiseInvert BitwiseLeftShift BitwiseNot BitwiseOr BitwiseRightShift
    BitwiseXor BroadcastTo CDist CTCDecode CTCLoss Cast CategoricalCrossentropy Cbrt Ceil Celu
    Cholesky CholeskyInverse Clip Cond Conj Conjugate Conv ConvTranspose ConvertToTensor Copy
    Corrcoef Correlate Cos Cosh CountNonzero CropImages Cross Cumprod Cumsum Deg2rad DepthToSpace
    DepthwiseConv Det Diag Diagflat Diagonal Diff Digitize Divide DivideNoNan DotProductAttention
    Dsplit Dstack Eig Eigh Einsum ElasticTransform Elu EmptyLike Equal Erf Erfc Erfinv Exp Exp2
    ExpandDims Expm1 ExtractPatches ExtractSequences FFT FFT2 Fabs Flip Fliplr Flipud Floor
    FloorDivide Fmax Fmin Fmod Fold ForiLoop Full FullLike Function GaussianBlur Gcd Gelu
    Geomspace GetItem Glu Greater GreaterEqual HSVToRGB HardShrink HardSigmoid HardSilu HardTanh
    Heaviside Histogram Hsplit Hstack Hypot I0 IFFT2 IRFFT ISTFT Imag InTopK Inner Inv IsIn
    Isclose Isfinite Isinf Isnan Isneginf Isposinf Isreal JVP Kron LayerNorm Lcm Ldexp LeakyRelu
    LeftShift Less LessEqual Linspace Log Log10 Log1p Log2 LogSigmoid LogSoftmax Logaddexp
    Logaddexp2 Logdet LogicalAnd LogicalNot LogicalOr LogicalXor Logspace Logsumexp Lstsq LuFactor
    Map MapCoordinates Matmul MatrixRank Max MaxPool Mean Median Meshgrid Min Mod Moments Moveaxis
    MultiHot NanToNum Nanargmax Nanargmin Nancumprod Nancumsum Nanmax Nanmean Nanmedian Nanmin
    Nanpercentile Nanprod Nanquantile Nanstd Nansum Nanvar Ndim Negative Nextafter Nonzero Norm
    Normalize NotEqual OneHot OnesLike Operation Outer PSNR Pad PadImages Percentile
    PerspectiveTransform Pinv Polar Power Prod Ptp Qr Quantile RFFT RGBToGrayscale RGBToHSV
    RMSNorm Rad2deg Ravel Real Rearrange Reciprocal Relu Relu6 Repeat Resize RightShift Roll Rot90
    Round Rsqrt SSIM STFT SVD SaturateCast ScaleAndTranslate Scan Scatter ScatterUpdate
    SearchSorted SegmentMax SegmentMin SegmentProd SegmentReduction SegmentSum Select Selu
    SeparableConv Sigmoid Sign Signbit Silu Sin Sinc Sinh Size Slice SliceUpdate Slogdet
    SobelEdges SoftShrink Softplus Softsign Solve SolveTriangular Sort SpaceToDepth
    SparseCategoricalCrossentropy SparsePlus SparseSigmoid Sparsemax Split Sqrt Square Squareplus
    Squeeze Stack Std StopGradient Sum Swapaxes Switch Take TakeAlongAxis Tan Tanh TanhShrink
    Tensordot Threshold Tile TopK Trace Transpose Trapezoid Tril Triu TrueDivide Trunc Unfold
    Unique UnravelIndex Unstack Vander Var Vdot VectorizedMap View ViewAsComplex ViewAsReal Vsplit
    Vstack Where WhileLoop ZerosLike
    """
)
# Functions that stand by their names, and classes that are named as functions are.
FUNCTIONS = _names(
    """
    BCE KLD LossFunctionWrapper MAE MAPE MSE MSLE acc accuracy adadelta adafactor adagrad adam
    adamax adamw auc bce binary_accuracy binary_crossentropy binary_focal_crossentropy binary_io_u
    categorical_accuracy categorical_crossentropy categorical_focal_crossentropy
    categorical_generalized_cross_entropy categorical_hinge ce celu circle concordance_correlation
    constant constraint cosine_similarity crossentropy ctc dice elu exponential f1_score
    f_beta_score false_negatives false_positives ftrl gelu glorot_normal glorot_uniform glu
    hard_shrink hard_sigmoid hard_sigmoid_keras2 hard_silu hard_swish hard_tanh he_normal
    he_uniform hinge huber identity initializer io_u kl_divergence kld kullback_leibler_divergence
    l1 l1_l2 l1l2 l2 leaky_relu lecun_normal lecun_uniform linear lion log_cosh log_cosh_error
    log_sigmoid log_softmax logcosh lossscaleoptimizer mae mape max_norm mean mean_absolute_error
    mean_absolute_percentage_error mean_io_u mean_metric_wrapper mean_squared_error
    mean_squared_logarithmic_error metric min_max_norm mish mse msle multioptimizer muon nadam
    non_neg normal one one_hot_io_u one_hot_mean_io_u ones optimizer optimizermap orthogonal
    orthogonal_regularizer pearson_correlation poisson precision precision_at_recall r2_score
    radial_constraint random_normal random_uniform recall recall_at_precision regularizer relu
    relu6 rmsprop root_mean_squared_error schedulefreeadamw selu sensitivity_at_specificity sgd
    sigmoid silu soft_shrink softmax softplus softsign sparse_categorical_accuracy
    sparse_categorical_crossentropy sparse_plus sparse_sigmoid sparse_top_k_categorical_accuracy
    sparsemax specificity_at_sensitivity squared_hinge squareplus stft sum swish tanh tanh_shrink
    threshold top_k_categorical_accuracy true_negatives true_positives truncated_normal tversky
    uniform unit_norm variance_scaling zero zeros
    """
)
# Functions of keras.ops, and those of keras.layers that merge.
OPERATION_FUNCTIONS = _names(
    """
    Input abs absolute adaptive_average_pool adaptive_max_pool add all allclose amax amin angle
    any append arange arccos arccosh arcsin arcsinh arctan arctan2 arctanh argmax argmin
    argpartition argsort array array_split associative_scan average average_pool bartlett
    batch_normalization binary_crossentropy bincount bitwise_and bitwise_invert bitwise_left_shift
    bitwise_not bitwise_or bitwise_right_shift bitwise_xor blackman broadcast_to cast
    categorical_crossentropy cbrt cdist ceil celu cholesky cholesky_inverse clip concatenate cond
    conj conjugate conv conv_transpose convert_to_numpy convert_to_tensor copy corrcoef correlate
    cos cosh count_nonzero cross ctc_decode ctc_loss cumprod cumsum custom_gradient deg2rad
    depth_to_space depthwise_conv det diag diagflat diagonal diff digitize divide divide_no_nan
    dot dot_product_attention dsplit dstack dtype eig eigh einsum elu empty empty_like equal erf
    erfc erfinv exp exp2 expand_dims expm1 extract_sequences eye fabs fft fft2 flip fliplr flipud
    floor floor_divide fmax fmin fmod fold fori_loop full full_like gcd gelu geomspace get_item
    glu greater greater_equal hamming hanning hard_shrink hard_sigmoid hard_silu hard_swish
    hard_tanh heaviside histogram hsplit hstack hypot i0 identity ifft2 imag in_top_k inner inv
    irfft is_tensor isclose isfinite isin isinf isnan isneginf isposinf isreal istft jvp kaiser
    kron layer_normalization lcm ldexp leaky_relu left_shift less less_equal linspace log log10
    log1p log2 log_sigmoid log_softmax logaddexp logaddexp2 logdet logical_and logical_not
    logical_or logical_xor logspace logsumexp lstsq lu_factor map matmul matrix_rank max max_pool
    maximum mean median meshgrid min minimum mod moments moveaxis multi_hot multiply nan_to_num
    nanargmax nanargmin nancumprod nancumsum nanmax nanmean nanmedian nanmin nanpercentile nanprod
    nanquantile nanstd nansum nanvar ndim negative nextafter nonzero norm normalize not_equal
    one_hot ones ones_like outer pad percentile pinv polar power prod psnr ptp qr quantile rad2deg
    ravel real rearrange reciprocal relu relu6 repeat reshape rfft right_shift rms_normalization
    roll rot90 round rsqrt saturate_cast scan scatter scatter_update searchsorted segment_max
    segment_min segment_prod segment_sum select selu separable_conv shape sigmoid sign signbit
    silu sin sinc sinh size slice slice_update slogdet soft_shrink softmax softplus softsign solve
    solve_triangular sort space_to_depth sparse_categorical_crossentropy sparse_plus
    sparse_sigmoid sparsemax split sqrt square squareplus squeeze stack std stft stop_gradient
    subtract sum svd swapaxes swish switch take take_along_axis tan tanh tanh_shrink tensordot
    threshold tile top_k trace transpose trapezoid tri tril triu true_divide trunc unfold unique
    unravel_index unstack vander var vdot vectorize vectorized_map view view_as_complex
    view_as_real vsplit vstack where while_loop zeros zeros_like
    """
)

CLASSES = LAYERS | SETTINGS | OPERATIONS
NAMED = FUNCTIONS | SETTINGS | OPERATION_FUNCTIONS
# What TextVectorization takes by name.
TEXT_FUNCTIONS = _names("lower lower_and_strip_punctuation strip_punctuation whitespace character")

# Modules that hold parts of models: those of Keras, public and internal.
HOMES = re.compile(
    r"(?:keras|tf_keras|keras_core|tensorflow\.keras|tensorflow\.python\.keras)"
    r"(?:\.(?:_tf_keras|api|keras|legacy|src))*"
    r"(?:\.(?:activations|constraints|dtype_policies|engine|initializers|layers|losses|metrics"
    r"|mixed_precision|models|ops|optimizers|quantizers|random|regularizers)(?:\.\w+)*)?",
    re.ASCII,
)
KERAS = re.compile(r"(?:keras|tf_keras|keras_core|tensorflow)(?:\.|$)")
# Values that Keras writes as classes and makes without any.
VALUES = _names(
    """
    __bytes__ __complex__ __ellipsis__ __keras_tensor__ __numpy__ __slice__ __tensor__ __tuple__
    """
)
# What TensorFlow says of tensors, and where its own modules are.
TYPE_SPECS = _names("IndexedSlicesSpec RaggedTensorSpec SparseTensorSpec TensorSpec")
TENSORFLOW = re.compile(r"tensorflow\.python\.(?:framework|ops)(?:\.|$)")
# Functions of Keras that load, save, fetch or register: they have no place in a model.
CALLABLES = _names(
    """
    audio_dataset_from_directory clear_session deserialize_keras_object
    enable_unsafe_deserialization extract_archive func_dump func_load get_file
    image_dataset_from_directory load_img load_model load_weights model_from_json
    register_keras_serializable save_img save_model save_weights serialize_keras_object
    text_dataset_from_directory
    """
)
# Functions of TensorFlow, as TFOpLambda names them: those that compute, and reach no file.
TENSORFLOW_FUNCTIONS = re.compile(
    r"(?:compat\.v1\.)?(?:"
    r"(?:__operators__|bitwise|dtypes|image|linalg|math|nn|random|ragged|signal|sparse|strings)"
    r"(?:\.[a-z]\w*)+"
    r"|keras\.(?:activations|losses|metrics)\.(?!(?:de)?serialize$|get$)[a-z]\w*"
    r"|(?:abs|acos|acosh|add|add_n|arg(?:max|min|sort)|as(?:in|inh|_dtype)|atan2?|atanh"
    r"|batch_to_space|bitcast|boolean_mask|broadcast_to|cast|clip_by_(?:global_norm|norm|value)|complex"
    r"|concat|constant|convert_to_tensor|cosh?|cumsum|divide|edit_distance|einsum|equal|exp"
    r"|expand_dims|eye|fill|fingerprint|floor(?:_?div)?|gather(?:_nd)?|greater(?:_equal)?"
    r"|histogram_fixed_width(?:_bins)?"
    r"|identity|less(?:_equal)?|linspace|logical_(?:and|not|or)|matmul|maximum|meshgrid|minimum"
    r"|multiply|negative|norm|not_equal|one_hot|ones(?:_like)?|pad|pow|range|rank|realdiv"
    r"|reduce_\w+|repeat|reshape|reverse(?:_sequence)?|roll|round|saturate_cast|scalar_mul"
    r"|scatter_nd|searchsorted|sequence_mask|shape(?:_n)?|sigmoid|sign|sinh?|size|slice|softmax"
    r"|sort|space_to_batch(?:_nd)?|split|sqrt|square|squeeze|stack|stop_gradient|strided_slice"
    r"|subtract|tanh?|tensor_scatter_nd_\w+|tensordot|tile|transpose|truediv|truncate(?:div|mod)"
    r"|unique|unstack"
    r"|where|zeros(?:_like)?))",
    re.ASCII,
)
# Operations of a TensorFlow graph, as TensorFlowOpLayer names them, likewise.
TENSORFLOW_OPERATIONS = _names(
    """
    Abs Add AddN AddV2 All Any ArgMax ArgMin AvgPool BatchMatMul BatchMatMulV2 BatchToSpaceND
    BiasAdd BroadcastTo Cast Ceil ClipByValue Concat ConcatV2 Const Conv2D Cos Cumsum DepthToSpace
    DepthwiseConv2dNative Div DivNoNan Elu Equal Erf Exp ExpandDims Fill Floor FloorDiv FloorMod
    FusedBatchNormV3 Gather GatherNd GatherV2 Greater GreaterEqual Identity L2Loss LeakyRelu Less
    LessEqual Log Log1p LogSoftmax LogicalAnd LogicalNot LogicalOr MatMul Max MaxPool Maximum Mean
    Min Minimum MirrorPad Mul Neg NotEqual OneHot Pack Pad PadV2 Pow Prod Range Rank RealDiv
    Reciprocal Relu Relu6 Reshape ResizeBicubic ResizeBilinear ResizeNearestNeighbor ReverseV2 Round
    Rsqrt Select SelectV2 Selu Shape Sigmoid Sign Sin Size Slice Softmax Softplus Softsign
    SpaceToBatchND SpaceToDepth Split SplitV Sqrt Square SquaredDifference Squeeze StopGradient
    StridedSlice Sub Sum Tan Tanh Tile TopKV2 Transpose Unpack Where ZerosLike
    """
)
