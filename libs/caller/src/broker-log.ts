// How it stands with each broker, as log lines of a client or a worker.

import type { Logger } from '@majordomo/runtime';

/** What both sides have in common of what happens between them and a broker. */
export type LoggedBrokerEvent =
  | { readonly kind: 'broker.connected'; readonly endpoint: string; readonly software: string }
  | { readonly kind: 'broker.draining' | 'broker.serving'; readonly endpoint: string }
  | { readonly kind: 'broker.lost'; readonly endpoint: string; readonly reason: string; readonly unsettled?: number }
  | { readonly kind: 'broker.lost'; readonly endpoint: string; readonly reason: string; readonly held?: number }
  | {
      readonly kind: 'broker.refused';
      readonly endpoint: string;
      readonly code?: string | undefined;
      readonly reason: string;
    };

export class BrokerLog {
  readonly #logger: Logger | undefined;
  /** Brokers that were lost, so that their coming back is called that. */
  readonly #lost = new Set<string>();

  constructor(logger: Logger | undefined) {
    this.#logger = logger;
  }

  broker(event: LoggedBrokerEvent): void {
    const { endpoint } = event;
    switch (event.kind) {
      case 'broker.connected': {
        const again = this.#lost.delete(endpoint) ? ' again' : '';
        return this.#logger?.info(`connected${again} to the broker ${endpoint}`, fieldsOf(event));
      }
      case 'broker.serving':
        return this.#logger?.info(`serving through the broker ${endpoint}`, fieldsOf(event));
      case 'broker.draining':
        return this.#logger?.info(`the broker ${endpoint} is shutting down`, fieldsOf(event));
      case 'broker.lost':
        this.#lost.add(endpoint);
        return this.#logger?.warn(`lost the broker ${endpoint}: ${event.reason}${goOn(event)}`, fieldsOf(event));
      case 'broker.refused':
        return this.#logger?.warn(
          `the broker ${endpoint} refused this session: ${event.code ?? ''} ${event.reason}`,
          fieldsOf(event),
        );
      default:
        return event satisfies never;
    }
  }
}

function goOn(event: { readonly unsettled?: number; readonly held?: number }): string {
  const { unsettled = 0, held = 0 } = event;
  if (unsettled > 0) return `; ${unsettled} unsettled requests are sent again`;
  return held > 0 ? `; its ${held} requests go on here` : '';
}

function fieldsOf({ kind, ...fields }: LoggedBrokerEvent): { readonly event: string; readonly endpoint: string } {
  return { event: kind, ...fields };
}
