// What was handed over for good: that it is on disk before it is acknowledged, that it is never lost, and that it ends in one way for ever.

import { decodeEntry } from '@majordomo/broker';
import type { Operation, Outcome } from './history.js';
import type { BrokerRules } from './broker-rules.js';
import type { Disk } from './disk.js';

/** A broker, as far as its journal is concerned. */
export interface Journalled {
  readonly disk: Disk;
  readonly rules: BrokerRules;
}

export interface Handed {
  readonly ticket: string;
  readonly number: number;
  readonly broker: Journalled;
  readonly operation: Operation;
  /** The user has asked to cancel it. */
  isCancelled: boolean;
  outcome: Outcome | undefined;
}

/** What may end the wait for an outcome and is none. Of two more codes it is the stage that says where they come from. */
const NO_OUTCOME = new Set(['NO_BROKER', 'BUSY', 'CLOSED', 'SESSION_LOST', 'DRAINING']);

export class Tickets {
  readonly all = new Map<string, Handed>();
  readonly #brokers: () => readonly Journalled[];
  readonly #fail: (problem: string) => void;

  constructor(brokers: () => readonly Journalled[], fail: (problem: string) => void) {
    this.#brokers = brokers;
    this.#fail = fail;
  }

  /** A client was told that it is stored. */
  given(ticket: string, operation: Operation): Handed | undefined {
    const [journal = '', number = ''] = ticket.split('-');
    const broker = this.#brokers().find((each) => each.disk.id === Number.parseInt(journal, 16));
    if (broker === undefined) {
      this.#fail(`H6: ${operation.task.work} got a ticket of no journal: ${ticket}`);
      return undefined;
    }
    if (!broker.disk.durable.has(Number(number)))
      this.#fail(`D1: ${operation.task.work} is acknowledged and not on disk (${ticket})`);
    const before = this.all.get(ticket);
    if (before !== undefined) {
      if (before.operation.task.work !== operation.task.work) this.#fail(`H6: ${ticket} was given out twice`);
      return before;
    }
    const handed: Handed = {
      ticket,
      number: Number(number),
      broker,
      operation,
      isCancelled: false,
      outcome: undefined,
    };
    this.all.set(ticket, handed);
    return handed;
  }

  /** Somebody asked for its outcome and was told this. */
  heard(handed: Handed, outcome: Outcome): void {
    if (outcome.is === 'error' && isNoOutcome(outcome)) return;
    const { ticket, outcome: before, number, broker } = handed;
    if (outcome.is === 'error' && outcome.code === 'CANCELLED' && !handed.isCancelled) {
      this.#fail(`H6: ${ticket} was cancelled by nobody: ${outcome.message}`);
    }
    if (!isSettled(broker, number)) this.#fail(`D1: the outcome of ${ticket} was told and is not on disk`);
    if (before === undefined) handed.outcome = outcome;
    else if (textOf(before) !== textOf(outcome))
      this.#fail(`H6: ${ticket} ended as ${textOf(before)}, then as ${textOf(outcome)}`);
  }

  #checkAcceptedOnce(disk: Disk): void {
    const seen = new Map<string, number>();
    for (const [number, bytes] of disk.durable) {
      const submission = submissionOf(bytes);
      if (submission === undefined) continue;
      const other = seen.get(submission);
      if (other !== undefined) this.#fail(`H6: submission ${submission} has two tickets, ${other} and ${number}`);
      seen.set(submission, number);
    }
  }

  /** H6, at the end: everything that was acknowledged has an outcome, and nothing was accepted twice. */
  checkAllEnded(): void {
    for (const { disk } of this.#brokers()) this.#checkAcceptedOnce(disk);
    for (const { ticket, outcome, operation } of this.all.values()) {
      if (outcome === undefined)
        this.#fail(`H6: ${operation.task.work} was acknowledged as ${ticket} and has no outcome`);
    }
  }
}

/** By whom and under which number it was submitted. */
function submissionOf(bytes: Uint8Array): string | undefined {
  const entry = decodeEntry(bytes);
  return 'damage' in entry || entry.state === 'collected' || entry.submitter === 0
    ? undefined
    : `${entry.submitter}/${entry.ref}`;
}

function isNoOutcome({ code, stage }: Outcome & { is: 'error' }): boolean {
  return NO_OUTCOME.has(code) || (stage === 'client' && (code === 'DEADLINE_EXCEEDED' || code === 'CANCELLED'));
}

/** Is the outcome on disk? What is not kept any more was there. */
function isSettled(broker: Journalled, number: number): boolean {
  const bytes = broker.disk.durable.get(number);
  if (bytes === undefined) return true;
  const entry = decodeEntry(bytes);
  return !('damage' in entry) && entry.state === 'settled';
}

function textOf(outcome: Outcome): string {
  return outcome.is === 'value' ? JSON.stringify(outcome.value) : outcome.code;
}
