// A port: links to peers over which whole messages go, whatever sockets carry them.
//
// O1. Messages of one link arrive whole and in the order in which they were sent, as long as the link lives.
// O2. A link number is never used twice. What is lost with a link stays lost.
// O3. Loss is told once, and nothing comes from a link after it.
// O4. No handler is called from within a call to the port: whoever calls it may be in the middle of something.
// O5. A peer that takes nothing holds up nobody else, and what waits for it is bounded in bytes and time.
// O6. A message that was sent may still be lost: only an answer is an answer.
// O7. Input that had arrived when `afterInput` was called is delivered before its callback runs, unless there is more than fits the bound.
//
// Sockets that are no ROUTER and DEALER fit in as well: nothing here speaks of routing ids, and a SERVER or CLIENT socket,
// which carries one frame per message, may pack the frames of a message into one behind this interface.

import type { LinkId, LinkProblem, Milliseconds } from '@majordomo/protocol';

/** Why a link is gone; the words of the machine's `link-lost`. */
export type LossReason = 'disconnected' | 'unreachable' | 'blocked';

/** Who uses the port. A handler that throws is a bug of ours: the port lets it crash the process. */
export interface PortHandlers {
  /**
   * A message has come.
   *
   * @param frames at least one. They belong to the handler; records may point into them for as long as they like.
   */
  message(link: LinkId, frames: Uint8Array[]): void;
  /** The link is gone (O3), and why it could not be opened if that is known. Not called for links that were closed from this side. */
  lost(link: LinkId, reason: LossReason, problem?: LinkProblem): void;
}

export interface Port {
  /** Begins to deliver. Once; what came before waits in the socket. */
  start(handlers: PortHandlers): void;

  /**
   * Opens a link to an endpoint; connecting ports only. Messages may be sent at once: they wait until somebody listens there.
   * An endpoint that cannot be used at all is told as `lost` with `unreachable`; see `checkEndpoint` for asking first.
   *
   * @param link a number that was never used with this port; the machine's own.
   */
  connect(link: LinkId, endpoint: string): void;

  /**
   * Sends one message. Never throws for a peer's sake, never waits. What does not leave now is kept and tried again; a peer that takes
   * nothing for `blockedMaxMs`, or for `overfullMaxMs` with more than `queueBytesMax` waiting, is lost as `blocked` (O5). On a link that is gone nothing happens.
   *
   * @param message one frame or more. The array and its frames belong to the port from now on.
   */
  send(link: LinkId, message: Uint8Array[]): void;

  /**
   * Ends a link from this side: what was sent on it still leaves, nothing is delivered from it any more, no loss is told.
   * A connecting port closes the connection. A listening port cannot; it ignores the peer until that has gone.
   * Nothing happens for a link that is gone.
   */
  close(link: LinkId): void;

  /**
   * Calls `then` once, when the input that could be read at this moment has been delivered (O7). Never from within this call (O4).
   * A driver that wakes up late asks for it: what has arrived must be known before it is decided what has not arrived.
   *
   * @param lateMs how late the driver is; 0 or more. Input may postpone `then` by about as long, and by 5 s at most.
   */
  afterInput(lateMs: Milliseconds, then: () => void): void;

  /**
   * Ends all links. Nothing is delivered from now on.
   *
   * @param lingerMs how long to go on trying to get rid of what was sent.
   * @returns settles, and never rejects, when all sockets are closed: endpoints are free again, and nothing of the port keeps the
   *   process alive. A second call gets the same promise.
   */
  shutdown(lingerMs: number): Promise<void>;
}

/** A port to which peers connect. */
export interface ListeningPort extends Port {
  /**
   * Listens on one more endpoint.
   *
   * @returns the real endpoint: `tcp://127.0.0.1:0` and `tcp://127.0.0.1:*` become the port that was found.
   * @throws MajordomoError INVALID_OPTION with `details.endpoint` and `details.reason` (EADDRINUSE, EACCES, …) when it cannot.
   */
  bind(endpoint: string): Promise<string>;
}
