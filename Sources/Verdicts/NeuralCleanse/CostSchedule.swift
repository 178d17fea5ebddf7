/// The weight of the mask's size in the loss, which follows the success of the trigger.
///
/// The weight is 0 until `patience` steps in a row have succeeded, then `initial`. From there,
/// `patience` successes in a row multiply it by `factor`, and as many failures divide it by
/// `factor`^1.5. The search ends once the weight has both risen and fallen and 5 * `patience` steps
/// in a row have not made the smallest mask that succeeds smaller by 1 %.
///
/// Source: Wang et al. 2019, section V, and the authors' code, which has the numbers.
struct CostSchedule {
  /// The weight for the next step, per pixel of the mask.
  private(set) var cost = 0.0
  /// The size of the smallest mask that has succeeded, in pixels; nil if none has.
  private(set) var best: Double?
  /// Whether the search ends.
  private(set) var isFinished = false

  private let initial: Double
  private let factor: Double
  private let patience: Int
  private let needed: Double
  private var successes = 0
  private var failures = 0
  private var hasRisen = false
  private var hasFallen = false
  /// ``best`` when it last became smaller by 1 %, and the steps since then.
  private var mark = Double.infinity
  private var waited = 0

  /// Creates a schedule before the first step.
  ///
  /// - Parameters:
  ///   - initial: The first weight over 0.
  ///   - factor: The factor of a rise, over 1.
  ///   - patience: The number of steps that must agree.
  ///   - needed: The share of images with the target class that makes a step succeed.
  init(initial: Double, factor: Double, patience: Int, needed: Double) {
    self.initial = initial
    self.factor = factor
    self.patience = patience
    self.needed = needed
  }

  /// Takes the result of a step.
  ///
  /// - Parameters:
  ///   - success: The share of images that get the target class after the step.
  ///   - size: The sum of the mask after the step, in pixels.
  /// - Returns: Whether the step's mask is the smallest so far that succeeds.
  mutating func record(success: Double, size: Double) -> Bool {
    let isSuccess = success >= needed
    let isBest = isSuccess && size < best ?? .infinity
    if isBest { best = size }
    if let best, best < 0.99 * mark {
      (mark, waited) = (best, 0)
    } else if best != nil {
      waited += 1
    }
    isFinished = hasRisen && hasFallen && waited >= 5 * patience
    (successes, failures) = isSuccess ? (successes + 1, 0) : (0, failures + 1)
    if successes == patience {
      hasRisen = hasRisen || cost > 0
      cost = cost == 0 ? initial : cost * factor
      successes = 0
    } else if failures == patience {
      hasFallen = hasFallen || cost > 0
      cost /= factor * factor.squareRoot()
      failures = 0
    }
    return isBest
  }
}
