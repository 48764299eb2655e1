// Values to JSON: what JSON has no form for is refused with its path, and never written as something else.

import { VALUE_LIMITS } from '../limits.js';
import { isWellFormed } from '../text.js';
import { kindOf } from './kinds.js';
import type { Step } from './path.js';
import { BAD_LENGTH, BAD_NAME, HALF_PAIR, reasonAgainst, Refusal, unencodable } from './refusals.js';

const TWO_53 = 2n ** 53n;

/** @throws MajordomoError UNENCODABLE with `details.path`; for undefined too. */
export function writeJsonText(value: unknown): string {
  const writer = new JsonWriter();
  try {
    return writer.write(value, true);
  } catch (thrown) {
    throw unencodable(thrown, writer.path, writer.parents);
  }
}

/** In digits it would be read as a BigInt when it is beyond 2^53. */
function numberText(value: number): string {
  if (Object.is(value, -0)) return '-0';
  return Math.abs(value) > 2 ** 53 ? value.toExponential() : String(value);
}

class JsonWriter {
  /** They lead to what is being written, and stay when it cannot be. */
  readonly path: Step[] = [];
  readonly parents: object[] = [];

  write(value: unknown, asksToJson: boolean): string {
    switch (typeof value) {
      case 'string':
        if (!isWellFormed(value)) throw new Refusal(HALF_PAIR);
        return JSON.stringify(value);
      case 'number':
        if (!Number.isFinite(value)) throw new Refusal(`JSON has no form for ${value}`);
        return numberText(value);
      case 'boolean':
        return String(value);
      case 'object':
        return value === null ? 'null' : this.#writeObject(value, asksToJson);
      case 'bigint':
        if (value > TWO_53 || value < -TWO_53) return value.toString();
        throw new Refusal('a BigInt that a number holds would arrive as a number: send Number(it)');
      case 'undefined':
        throw new Refusal('JSON has no form for undefined');
      default:
        throw new Refusal(reasonAgainst(value));
    }
  }

  #writeObject(value: object, asksToJson: boolean): string {
    const { toJSON } = value as { readonly toJSON?: unknown };
    const kind = kindOf(value, Object.getPrototypeOf(value) as object | null);
    if (kind === 'date' && Number.isNaN(Date.prototype.getTime.call(value))) throw new Refusal('the Date is invalid');
    if (kind === 'bytes') throw new Refusal('JSON has no form for bytes: send them as base64');
    const hasToJson = typeof toJSON === 'function' && toJSON !== Buffer.prototype.toJSON;
    if (asksToJson && hasToJson) return this.write(toJSON.call(value, ''), false);
    if (kind === 'array') return this.#writeArray(value as unknown[]);
    const isObject = kind === 'object' || (kind === 'instance' && Object.keys(value).length > 0);
    if (!isObject) throw new Refusal(reasonAgainst(value));
    return this.#writeMembers(value);
  }

  #writeArray(value: readonly unknown[]): string {
    if (value.length >>> 0 !== value.length) throw new Refusal(BAD_LENGTH);
    this.#enter(value);
    const texts: string[] = [];
    for (let i = 0; i < value.length; i++) {
      this.path.push(i);
      texts.push(this.write(value[i], true));
      this.path.pop();
    }
    this.parents.pop();
    return `[${texts.join(',')}]`;
  }

  #writeMembers(value: object): string {
    this.#enter(value);
    const texts: string[] = [];
    for (const name of Object.keys(value)) {
      this.path.push(name);
      const member = (value as Record<string, unknown>)[name];
      if (member !== undefined) {
        if (name === '__proto__' || !isWellFormed(name)) throw new Refusal(BAD_NAME);
        texts.push(`${JSON.stringify(name)}:${this.write(member, true)}`);
      }
      this.path.pop();
    }
    this.parents.pop();
    return `{${texts.join(',')}}`;
  }

  #enter(value: object): void {
    if (this.parents.length === VALUE_LIMITS.depthMax)
      throw new Refusal(`it is nested more than ${VALUE_LIMITS.depthMax} deep`);
    this.parents.push(value);
  }
}
