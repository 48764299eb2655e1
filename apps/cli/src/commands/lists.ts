// How the broker's descriptions of itself become rows of tables.
//
// K1. A field that an older or newer broker does not send is an empty cell, not a failure.

import type { Column } from '../output/text-table.js';
import { spanText } from '../settings/quantities.js';

/** One thing as the service `majordomo` of a broker describes it. */
export type Described = Readonly<Record<string, unknown>>;

export interface List {
  readonly address: string;
  readonly columns: readonly Column[];
  readonly row: (described: Described) => readonly string[];
  readonly compare: (a: Described, b: Described) => number;
  /** What is said instead of an empty table. */
  readonly empty: string;
}

const left = (title: string): Column => ({ title });
const right = (title: string): Column => ({ title, align: 'right' });

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function span(value: unknown): string {
  return typeof value === 'number' ? spanText(value) : '';
}

function listed(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Described)[name] : undefined;
}

/** By the texts of these fields, in their order. */
function by(...names: readonly string[]): (a: Described, b: Described) => number {
  return (a, b) => {
    for (const name of names) {
      const order = text(a[name]).localeCompare(text(b[name]), 'en');
      if (order !== 0) return order;
    }
    return 0;
  };
}

/** `orders 3/16`: what a worker runs of what it would take, for each of its services. */
function loads(services: unknown): string {
  return listed(services)
    .map((each) => `${text(field(each, 'service'))} ${text(field(each, 'running'))}/${text(field(each, 'capacity'))}`)
    .join(', ');
}

/** `w1 lost, w2 lost`: who had it and how that ended. */
function history(attempts: unknown): string {
  return listed(attempts)
    .map((each) => `${text(field(each, 'worker'))} ${text(field(each, 'ended'))}`.trim())
    .join(', ');
}

const SERVICES: List = {
  address: 'majordomo.services',
  columns: [
    left('SERVICE'),
    right('WORKERS'),
    right('RUNNING'),
    right('CAPACITY'),
    right('QUEUED'),
    right('OLDEST'),
    left('METHODS'),
  ],
  row: (service) => [
    text(service['service']),
    text(service['workers']),
    text(service['running']),
    text(service['capacity']),
    text(service['queued']),
    service['queued'] === 0 ? '-' : span(service['oldestMs']),
    listed(service['methods']).map(text).join(', '),
  ],
  compare: by('service'),
  empty: 'no services: no worker is connected',
};

const WORKERS: List = {
  address: 'majordomo.workers',
  columns: [
    left('WORKER'),
    left('STATE'),
    right('UP'),
    right('HEARD'),
    left('RUNNING'),
    left('SOFTWARE'),
    left('PROTOCOL'),
  ],
  row: (worker) => [
    text(worker['identity']),
    text(worker['state']),
    span(worker['upMs']),
    worker['silentMs'] === null ? 'away' : `${span(worker['silentMs'])} ago`,
    loads(worker['services']),
    text(worker['software']),
    text(worker['protocol']),
  ],
  compare: by('identity', 'instance'),
  empty: 'no workers are connected',
};

const QUEUES: List = {
  address: 'majordomo.queues',
  columns: [left('METHOD'), right('QUEUED'), right('OLDEST'), left('REQUEST')],
  row: (queue) => [
    text(queue['address']),
    text(queue['queued']),
    queue['queued'] === 0 ? '-' : span(queue['oldestMs']),
    text(queue['oldest']),
  ],
  compare: by('address'),
  empty: 'no queues: nothing has been offered or asked for',
};

const DEAD_LETTERS: List = {
  address: 'majordomo.deadLetters',
  columns: [left('REQUEST'), left('METHOD'), left('CODE'), right('AGE'), right('ATTEMPTS'), left('HISTORY')],
  row: (letter) => [
    text(letter['request']),
    text(letter['address']),
    text(letter['code']),
    span(letter['agoMs']),
    // Of a letter that is on disk only the list knows no attempts.
    letter['attempts'] === undefined ? '-' : text(listed(letter['attempts']).length),
    letter['attempts'] === undefined ? '-' : history(letter['attempts']),
  ],
  compare: (a, b) => Number(a['agoMs']) - Number(b['agoMs']),
  empty: 'no dead letters',
};

/** By the name of the command. */
export const LISTS = { services: SERVICES, workers: WORKERS, queues: QUEUES, 'dead-letters': DEAD_LETTERS } as const;
