// What was thrown, as it travels in `details` of HANDLER_FAILED: plain data, with the errors beneath it, within bounds.

import { encodeBody } from './body.js';
import { ERROR_LIMITS } from './limits.js';
import { plainCopy, type LeafCopy } from './plain-copy.js';
import { boundedText, readThrown, type Thrown } from './thrown.js';

/** Plain data, with nothing in it that cannot be sent. */
export interface ThrownDetails {
  readonly name: string;
  readonly message: string;
  readonly code?: string | number;
  readonly data?: unknown;
  /** Some of the data could not be sent, or was too large. */
  readonly dataOmitted?: true;
  readonly cause?: ThrownDetails;
  /** Of an AggregateError. */
  readonly errors?: readonly ThrownDetails[];
  /** So many more errors were beneath it. */
  readonly errorsOmitted?: number;
}

/** What may still be told of the errors beneath. */
interface Budget {
  causesLeft: number;
}

/** @returns everything that is to be told of it; reading it never throws. */
export function thrownDetails(value: unknown): ThrownDetails {
  const budget: Budget = { causesLeft: ERROR_LIMITS.causesMax };
  return detailsOf(readThrown(value), ERROR_LIMITS.dataBytesMax, ERROR_LIMITS.causeDepthMax, budget);
}

function detailsOf(thrown: Thrown, dataBytesMax: number, depthLeft: number, budget: Budget): ThrownDetails {
  const { name, message, code } = thrown;
  return {
    name,
    message,
    ...(code === undefined ? {} : { code }),
    ...dataOf(thrown.data, dataBytesMax),
    ...causeOf(thrown.cause, depthLeft, budget),
    ...errorsOf(thrown, depthLeft, budget),
  };
}

function dataOf(data: unknown, bytesMax: number): Pick<ThrownDetails, 'data' | 'dataOmitted'> {
  if (data === undefined) return {};
  const bounds = { bytesMax, membersMax: ERROR_LIMITS.dataMembersMax, depthMax: ERROR_LIMITS.dataDepthMax };
  const { copy, isWhole } = plainCopy(data, bounds, sendable);
  return { ...(copy === undefined ? {} : { data: copy }), ...(isWhole ? {} : { dataOmitted: true }) };
}

function causeOf(cause: unknown, depthLeft: number, budget: Budget): Pick<ThrownDetails, 'cause'> {
  const found = cause === undefined ? undefined : beneath(cause, depthLeft, budget);
  return found === undefined ? {} : { cause: found };
}

function errorsOf(thrown: Thrown, depthLeft: number, budget: Budget): Pick<ThrownDetails, 'errors' | 'errorsOmitted'> {
  if (thrown.errorCount === 0) return {};
  const errors = thrown.errors.flatMap((error) => beneath(error, depthLeft, budget) ?? []);
  const errorsOmitted = thrown.errorCount - errors.length;
  return { errors, ...(errorsOmitted === 0 ? {} : { errorsOmitted }) };
}

function beneath(error: unknown, depthLeft: number, budget: Budget): ThrownDetails | undefined {
  if (depthLeft === 0 || budget.causesLeft === 0) return undefined;
  budget.causesLeft -= 1;
  const thrown = readThrown(error);
  const message = boundedText(thrown.message, ERROR_LIMITS.causeTextLengthMax);
  return detailsOf({ ...thrown, message }, ERROR_LIMITS.causeDataBytesMax, depthLeft - 1, budget);
}

/** What can be sent is sent as it is. */
const sendable: LeafCopy = (value) => {
  try {
    const { length } = encodeBody(value);
    // Nothing, as undefined is: functions in some versions of an encoder.
    return length === 0 ? undefined : { copy: value, bytes: length };
  } catch {
    return undefined;
  }
};
