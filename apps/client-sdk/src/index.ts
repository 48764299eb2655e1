// The one door of the client: connect, the contracts that type it, and the errors that it tells.

export type {
  Asker,
  BrokerEvent,
  BrokerStatus,
  CallerStatus,
  CallOptions,
  Codec,
  Headers,
  HeaderValue,
  ReplyStream,
  ResultOptions,
  RetryBudgetOptions,
  StreamOptions,
  Submitter,
  SubmitOptions,
  Ticket,
  TicketStatus,
  TypedAsker,
  TypedSubmitter,
} from '@majordomo/caller';
export {
  contract,
  ERRORS,
  isMajordomoError,
  MajordomoError,
  method,
  stream,
  typed,
  type Contract,
  type ErrorCode,
  type ErrorJson,
  type FailedRequest,
  type HandlersOf,
  type MethodContract,
  type Ran,
  type StandardSchema,
} from '@majordomo/protocol';
export type { LogFields, Logger, LoggerOption } from '@majordomo/runtime';
export { connect, type Client } from './client.js';
export type { ConnectOptions } from './options.js';
