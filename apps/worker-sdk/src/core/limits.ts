// What a worker may keep and for how long: each bound with its unit and its reason.

const MIB = 1024 * 1024;

export const WORKER_LIMITS = Object.freeze({
  /** Requests of one service at work at once, when its author says nothing: I/O-bound handlers, as most are. */
  concurrencyDefault: 100,
  /** Most that an author may say: beyond it the leases of one worker would be a queue of their own. */
  concurrencyMax: 65_535,
  /** Outcomes remembered, so that a request handed out again is answered and not run. */
  outcomesMax: 10_000,
  /**
   * Of those, how many that a broker has taken and that are no plain values: more than clients have in flight at one worker, because what
   * a broker had taken and not passed on when it died is asked for again.
   */
  outcomesHeardMax: 4_096,
  /** Plain values that a broker has taken, for the same reason. */
  archivedMax: 4_096,
  /** Of such a value; larger ones are few, and stay objects. With the number above this makes 8 MiB, touched only as far as it is used. */
  archivedBodyBytesMax: 2_048,
  /** Bytes of those outcomes: one reply of the largest size, or 10,000 of 1 KiB. */
  outcomesBytesMax: 16 * MIB,
  /** Age at which an outcome goes, in ms: twice the default deadline of a call; nobody asks for it after that. */
  outcomeAgeMs: 60_000,
  /** What an outcome takes in memory beside the bytes of its reply: a run, its map entry, its list links. */
  outcomeBytes: 400,
  /** Outcomes announced by HOLDS to one broker that is back, beside everything that is at work. */
  holdsMax: 4_096,
  /** Replies this much older than the loss of a link were surely forwarded by the broker before it, in ms. */
  holdsBeforeLossMs: 5_000,
  /**
   * How long after HOLDS a broker may still ask for a reply, in ms: clients are back within 2 s, and a broker holds what they ask again for
   * a second. A drain waits no longer for it.
   */
  askedWithinMs: 3_000,
  /** Unconfirmed values of one stream: at these bytes the generator is not pulled, whatever the window says. */
  streamKeptBytesMax: 16 * MIB,
  /** How long a drain waits for handlers and brokers when its caller says nothing, in ms: what orchestrators give before SIGKILL. */
  drainTimeoutMs: 30_000,
  /** A handler that has not ended this long after it was told to stop is reported, in ms: an I/O call that looks at no signal takes seconds. */
  stuckAfterMs: 10_000,
  /** Handlers that status() names, of those that do not end. */
  stuckNamedMax: 100,
  /** Failures of handlers that are logged in one `failuresLoggedMs`: a service that fails for everybody must not fill a disk. */
  failuresLoggedMax: 20,
  failuresLoggedMs: 10_000,
});
