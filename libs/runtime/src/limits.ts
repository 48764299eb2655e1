// Every bound of the sockets, with its unit and its reason.

const KIB = 1024;
const MIB = 1024 * KIB;

/** Bounds of a port. Bytes are bytes, times are milliseconds, counts are counts. */
export interface PortLimits {
  /** What may wait for one link that takes nothing; past it the link is lost as `blocked` when that lasts for `overfullMaxMs`. */
  readonly queueBytesMax: number;
  /** How long a link may take nothing while more than `queueBytesMax` waits for it. */
  readonly overfullMaxMs: number;
  /** What may wait for all links together; past it the blocked link for which most waits is lost at once. */
  readonly queueBytesTotalMax: number;
  /** How long a link may take nothing while something waits for it. */
  readonly blockedMaxMs: number;
  /** How long a closed link goes on trying to get rid of what it was sent. */
  readonly closeLingerMs: number;
  /** The largest frame that libzmq takes; a larger one costs its sender the connection. -1: no limit. */
  readonly frameBytesMax: number;
  /** Messages that libzmq queues for one connection, in each direction, before it says that it is full. */
  readonly highWaterMark: number;
  /**
   * Messages that libzmq takes in for a peer whose event loop is blocked (connecting ports). When they are too many it stops reading,
   * and with that answering heartbeats: the peer would be taken for dead.
   */
  readonly inboxMax: number;
  /** ZMTP heartbeats: a dead process or network is noticed by them, a blocked event loop is not. 0: none, and TCP keep-alive instead. */
  readonly heartbeatMs: number;
  /** Without an answer to a ZMTP heartbeat for this long the connection is gone. */
  readonly heartbeatTimeoutMs: number;
  /** A connection that has not finished its ZMTP handshake after this long is dropped. */
  readonly handshakeMs: number;
  /** Connections that the kernel holds before they are accepted (listening ports). */
  readonly backlog: number;
  /** First pause before libzmq tries again to reach an endpoint where nobody listens (connecting ports). */
  readonly reconnectMs: number;
  /** The longest such pause; libzmq doubles it from `reconnectMs`. */
  readonly reconnectMaxMs: number;
  /** Closed links whose peers have not gone yet and are still kept out; past it the oldest is forgotten (listening ports). */
  readonly barredMax: number;
  /** How long timers may wait for input that had arrived while the process was stalled; they never wait longer than the stall took. */
  readonly drainMaxMs: number;
  /** After a stall, input counts as read when none was delivered for this long. */
  readonly drainQuietMs: number;
}

/** The limits of a port that is told no others. */
export const PORT_LIMITS: PortLimits = Object.freeze({
  // Four of the largest messages (16 MiB): a peer that is this far behind will not catch up before its requests expire.
  queueBytesMax: 64 * MIB,
  // A burst of one turn that is larger still gets this long to begin to leave: its bytes are held by whoever sends them anyway.
  overfullMaxMs: 1_000,
  // A thousand stalled peers must not add up to the memory of the machine; small EC2 instances have 2 GiB.
  queueBytesTotalMax: 512 * MIB,
  // Two thirds of the session clock's silence (15 s): the port gives up first and says why.
  blockedMaxMs: 10_000,
  // A GOODBYE on a working network takes under 1 ms; a closing process should not be felt to hang.
  closeLingerMs: 250,
  // messageBytesMax of the protocol and the room for the batch; who raises that one passes this one.
  frameBytesMax: 16 * MIB + 256 * KIB,
  // Counts messages of 64 KiB and less as a rule, so 16 MiB; enough for 10 ms of single small messages.
  highWaterMark: 256,
  // Twice the credit of the largest service, a message for each request: what a broker sends is bounded by credit and windows, not here.
  inboxMax: 131_072,
  // The link clock: is the connection there at all?
  heartbeatMs: 1_000,
  heartbeatTimeoutMs: 3_000,
  // libzmq's 30 s lets strangers hold file descriptors for long; CURVE takes under 1 ms of CPU.
  handshakeMs: 5_000,
  // What Linux allows as a rule (net.core.somaxconn). libzmq's 100 makes thousands of agents that come back at once wait for SYN retries of
  // a second each, and a full queue keeps connections that their peers have given up.
  backlog: 4_096,
  reconnectMs: 50,
  reconnectMaxMs: 500,
  // About 200 bytes each; only peers that stay connected after their GOODBYE count.
  barredMax: 65_536,
  // 50,000 answers are read in about 1 s; a flood that goes on for longer must not hold back deadlines.
  drainMaxMs: 5_000,
  // The I/O thread of libzmq was stopped too: it needs some scheduling slots of a busy machine to read from the kernel again.
  drainQuietMs: 25,
});

const ZMTP_HEARTBEAT_MIN_MS = 100;
const ZMTP_HEARTBEAT_MAX_MS = 60_000;
/** Heartbeats that may stay unanswered. */
const ZMTP_LIVENESS = 3;

/** A rule for options: the interval of ZMTP heartbeats, or 0 for none. */
export function zmtpHeartbeat(value: unknown): string | undefined {
  if (value === 0) return undefined;
  return typeof value === 'number' && value >= ZMTP_HEARTBEAT_MIN_MS && value <= ZMTP_HEARTBEAT_MAX_MS
    ? undefined
    : `must be 0 for none, or from ${ZMTP_HEARTBEAT_MIN_MS} to ${ZMTP_HEARTBEAT_MAX_MS}`;
}

/** The limits of a port with ZMTP heartbeats at this interval; 0 for none, undefined for the default. */
export function heartbeatLimits(intervalMs: number = PORT_LIMITS.heartbeatMs): Partial<PortLimits> {
  return { heartbeatMs: intervalMs, heartbeatTimeoutMs: ZMTP_LIVENESS * intervalMs };
}

/**
 * A turn is ended early when the machine has this many records to send, so that the next process begins before this one has finished its lot:
 * with 1,000 requests in flight 305,000 to 320,000 requests/s without it (4,096), 335,000 to 350,000 with 256 to 512.
 */
export const TURN_RECORDS_MAX = 320;
