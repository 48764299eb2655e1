// What went through a driver, in plain numbers that metrics read.

/** Everything counts up from 0 at the start of the process. */
export class Counters {
  /** Ends of turn. */
  turns = 0;
  messagesIn = 0;
  messagesOut = 0;
  recordsIn = 0;
  recordsOut = 0;
  /** All frames together, without what ZMTP and TCP add. */
  bytesIn = 0;
  bytesOut = 0;
  /** Messages that could not be decoded. */
  faultsIn = 0;
}
