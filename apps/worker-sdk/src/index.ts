// The one door of the worker SDK: everything needed to offer services through a broker.

export type {
  Asker,
  CallOptions,
  Codec,
  ReplyStream,
  ResultOptions,
  StreamOptions,
  Submitter,
  SubmitOptions,
  Ticket,
  TicketStatus,
} from '@majordomo/caller';
export {
  contract,
  ERRORS,
  isMajordomoError,
  MajordomoError,
  method,
  stream,
  typed,
  type CancelReason,
  type Contract,
  type ErrorCode,
  type ErrorJson,
  type FailedRequest,
  type HandlerOf,
  type HandlersOf,
  type MethodContract,
  type Ran,
  type StandardSchema,
} from '@majordomo/protocol';
export { isStopError, StopError, type RequestContext } from './context.js';
export type { BrokerEvent } from './core/events.js';
export { Method, Service, type MethodOptions, type ServiceOptions } from './decorators.js';
export type { ServiceProblem } from './describe.js';
export { HandlerError, RetryableError } from './errors.js';
export type { HandlerCall, StuckHandler, WorkerNews } from './news.js';
export type { LogFields, Logger, LoggerOption } from '@majordomo/runtime';
export type { RetryOptions } from './retry-policy.js';
export { openWorker, type OpenWorkerOptions } from './open.js';
export { serve } from './serve.js';
export type { ServeOptions } from './serve-options.js';
export type { Leaving, WorkerHandle, WorkerSession, WorkerStatus } from './session.js';
