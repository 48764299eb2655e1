// Every bound of the house that two ends share or that a hostile peer could push against, with its unit and its reason.

const KIB = 1024;
const MIB = 1024 * KIB;

/** The version of the native protocol that this code speaks (docs/protocol.md, section 2). */
export const PROTOCOL_VERSION = 1;

/** Default listening address of a broker and default broker of the SDKs and the CLI. */
export const DEFAULT_BROKER = 'tcp://127.0.0.1:5555';

/**
 * Bounds of the wire. Bytes are bytes, times are milliseconds, counts are counts.
 * A message that goes past one of them is a fault of its sender, who loses the link (protocol.md W9).
 */
export const WIRE_LIMITS = Object.freeze({
  /** A batch is sealed and sent when its inline bytes pass this: beyond it one more copy costs more than one more message. */
  batchBytes: 64 * KIB,
  /** A message is sealed when batch and body frames together pass this. */
  messageSealBytes: 256 * KIB,
  /** Largest body that travels inside the batch. Larger ones are a frame of their own, without a copy in JavaScript. */
  bodyInlineBytes: 8 * KIB,
  /** Default for the largest message either side takes, batch and body frames together; said in HELLO and WELCOME. */
  messageBytesMax: 16 * MIB,
  /** The most that an operator may raise it to: one frame of this is still one allocation that succeeds. */
  messageBytesCap: 256 * MIB,
  /** What a batch may add to the largest body: up to `messageSealBytes` before it, and the rest of its own record. */
  batchOverheadBytes: 320 * KIB,
  /** Records in one batch: 64 KiB of the smallest useful records, with room. */
  recordsPerMessageMax: 32_768,
  /** Body frames in one message. */
  bodyFramesMax: 256,
  /** The opaque header map of one request or reply (trace context, content type, user headers). */
  headersBytesMax: 16 * KIB,
  /** A service or method name, an identity, a software name: one length byte. */
  nameBytesMax: 255,
  /** An idempotency key. */
  keyBytesMax: 255,
  /** An ordering key. */
  orderingKeyBytesMax: 255,
  /** Priorities go from 0 to this: more levels than anybody can tell apart. */
  priorityMax: 9,
  /** A sentence in GOODBYE. */
  reasonBytesMax: 512,
  /** Methods of one service: an OFFER stays one record. */
  methodsPerServiceMax: 256,
  /** Names a client may have numbered on one link; a client with more re-uses numbers (protocol.md W22). */
  namesPerLinkMax: 4_096,
  /** Services one worker session may offer. */
  servicesPerSessionMax: 1_024,
  /** Unconfirmed values of one stream: what the worker keeps so that a lost link loses none of them. */
  streamWindowMax: 4_096,
  /** Attempts: two bytes on the wire. */
  attemptsMax: 65_535,
  /** A number that travels as 53 bits: request numbers, instances, leases. */
  numberMax: Number.MAX_SAFE_INTEGER,
  /** Any time on the wire, in ms: 24 days, what a 32-bit timer holds. */
  timeMaxMs: 2_147_483_647,
  /** What SUBMIT may say of expiry and delay, in ms: 10 years. No timer has to hold it, and a date so far ahead is a mistake as a rule. */
  storedTimeMaxMs: 315_360_000_000,
});

/** The session clock and what else both ends agree on at WELCOME (protocol.md section 4). Times in ms. */
export const SESSION_DEFAULTS = Object.freeze({
  /** A HEARTBEAT goes out when nothing else has for this long. */
  heartbeatMs: 1_000,
  /** A session that was silent for this long is lost. Lenient: a handler may block its event loop. */
  silenceMaxMs: 15_000,
  /** What a broker agrees to, lower bound: below it a garbage collection looks like death. */
  heartbeatMinMs: 50,
  /** What a broker agrees to, upper bound. */
  heartbeatMaxMs: 60_000,
  /** Silence a broker agrees to, upper bound. */
  silenceCapMs: 600_000,
  /** HELLO without WELCOME for this long: the link is closed and opened again. */
  handshakeMs: 10_000,
});

/** Defaults of a call. Times in ms. */
export const CALL_DEFAULTS = Object.freeze({
  /** Every request has a deadline; this one when the caller names none. */
  deadlineMs: 30_000,
  /** How many times a request may be handed out before it is a dead letter. */
  maxAttempts: 5,
  /** Of what names none, calls included: in the middle. */
  priority: 4,
  /** Values of a stream that may be on their way unconfirmed. */
  streamWindow: 64,
  /** How long the outcome of a request is remembered for resends. */
  dedupeWindowMs: 600_000,
});

/** What is read of a value that was thrown, and what of it travels in the body of an ERROR. */
export const ERROR_LIMITS = Object.freeze({
  /** A message, in characters: more than a screen is no message. */
  textLengthMax: 4 * KIB,
  /** The message of an error beneath another one, in characters. */
  causeTextLengthMax: 512,
  /** A name or a code, in characters. */
  nameLengthMax: 255,
  /** A stack in a log, in characters: that of an error with many frames and a long message. */
  stackLengthMax: 16 * KIB,
  /** Members that are named when a thrown object has no message, and characters of each. */
  keysNamedMax: 8,
  keyLengthMax: 64,
  /** Errors of an AggregateError. */
  errorsMax: 8,
  /** Errors beneath errors, one below the other. */
  causeDepthMax: 5,
  /** Errors beneath the one that was thrown, in all. */
  causesMax: 8,
  /** Encoded data of what was thrown. */
  dataBytesMax: 32 * KIB,
  /** Encoded data of one error beneath it. */
  causeDataBytesMax: 2 * KIB,
  /** Members of such data, and objects inside objects. */
  dataMembersMax: 1_000,
  dataDepthMax: 16,
  /** The whole body: one error must not fill a batch. */
  bodyBytesMax: 64 * KIB,
});

/** Bounds of a value that travels (docs/values.md). Lengths are in characters. */
export const VALUE_LIMITS = Object.freeze({
  /** Objects in objects: what the stack of any reader holds, in this language and in others. */
  depthMax: 512,
  /** The path of an error: its end is what helps. */
  pathLengthMax: 1_024,
});
