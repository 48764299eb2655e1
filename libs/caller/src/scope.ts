// Calls made on behalf of another request: they end when it ends, and carry its trace.

import type { Milliseconds } from '@majordomo/protocol';
import type { Headers } from './call-options.js';

/** The headers that a call made for another request takes along (W3C Trace Context and Baggage). */
const TRACE_HEADERS = ['traceparent', 'tracestate', 'baggage'] as const;

/** What calls inherit. */
export interface Scope {
  /** When the answer stops being worth having, by the session's clock (`CallerSession.now`); Infinity for never. */
  readonly deadline?: Milliseconds | undefined;
  /** The headers of the request on whose behalf they are made. Of these only the trace is taken along. */
  readonly headers?: Readonly<Record<string, unknown>> | undefined;
  /** Aborting it cancels them. */
  readonly signal?: AbortSignal | undefined;
}

/** @returns the trace among these headers, undefined when there is none. */
export function traceOf(headers: Scope['headers']): Headers | undefined {
  if (headers === undefined) return undefined;
  const trace: Record<string, string> = {};
  for (const name of TRACE_HEADERS) {
    const value = headers[name];
    if (typeof value === 'string') trace[name] = value;
  }
  return Object.keys(trace).length === 0 ? undefined : trace;
}
