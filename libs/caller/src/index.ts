// The one door of the asking side, which a client and a worker that calls others have in common.

export type { CallOptions, Headers, HeaderValue, StreamOptions, SubmitOptions } from './call-options.js';
export { codecRule, DEFAULT_CODEC, framesSaid, readBody, writeBody, writeFrame, type Codec } from './codec.js';
export { BrokerLog, type LoggedBrokerEvent } from './broker-log.js';
export { CALLER_LIMITS, RETRY_BUDGET } from './core/limits.js';
export type { RetryBudgetOptions } from './core/retry-budget.js';
export type { BrokerEvent } from './core/words.js';
export { openCaller, type OpenCallerOptions } from './open.js';
export type { ReplyStream } from './reply-stream.js';
export type { Scope } from './scope.js';
export { CallerSession, type CallerStatus } from './session.js';
export type { BrokerStatus } from './core/caller.js';
export { Ticket, type ResultOptions, type TicketStatus } from './ticket.js';
export type { Asker, AskerOf, MethodTable, Submitter, SubmitterOf, TypedAsker, TypedSubmitter } from './typed.js';
