// The bounds of the asking side, each with its unit and its reason.

/** What a caller keeps and how patient it is. Times in ms. */
export const CALLER_LIMITS = Object.freeze({
  /** Requests in flight: with small bodies some 50 MiB. Beyond it a call ends as BUSY at once. */
  inFlightMax: 100_000,
  /** What a caller that is told BUSY by itself should wait. */
  busyRetryAfterMs: 100,
  /** A call whose service has no worker anywhere asks the next broker no sooner than this after the last one: brokers keep it for longer. */
  awaitTurnMinMs: 100,
  /** How much later than the deadline the caller settles by itself: the broker's word is more exact and has a way to go. */
  deadlineGraceMs: 50,
  /** The longest pause, but for its jitter, before a broker that reads its journal is asked again. */
  waitMaxMs: 1_000,
  /** Addresses whose parts are remembered; the memory begins anew beyond it. */
  addressesMax: 4_096,
});

/** The retry budget: an outage must not be made worse by everybody asking again. */
export const RETRY_BUDGET = Object.freeze({
  /** Retries in hand at start. */
  start: 10,
  /** Retries that can be saved up. */
  max: 100,
  /** What each new call adds: at most one retry for ten calls in the long run. */
  perCall: 0.1,
});
