// Plain Majordomo peers that say anything: well-formed, nearly so, and not at all, from anybody and in any order.
//
// Z1. The machine does not throw, its books balance, and nobody hears words of another protocol (scene.ts X1).
// Z2. A client hears of nothing that it did not ask, and of each request once.
// Z3. When all of them are gone, and time has passed, nothing is remembered of them.

import type { Broker } from '@majordomo/broker';
import { Kind } from '@majordomo/protocol';
import { FUZZ_SEED, type Dice } from '../fuzz/dice.js';
import { playWorlds, type FuzzWorld } from '../fuzz/worlds.js';
import { end, failed, part, several, value } from './natives.js';
import { Scene } from './scene.js';
import { VERSIONS, WORDS, type Version } from './words.js';

const WORLDS = 150;
const STEPS = 120;
const SERVICES = [
  'my coffee',
  'mdp:my:20coffee',
  '\u001b[2J',
  'coffee',
  'orders.create',
  'orders.watch',
  'tea',
  'mmi.service',
  'mmi.workers',
  'majordomo.info',
];
const BODIES = ['x', "''", 'MAJORDOMO-ERROR', '01', 'long'.repeat(3)];
const TOKENS = [
  "''",
  '01',
  '02',
  '03',
  '04',
  '05',
  '06',
  '09',
  'MDPC01',
  'MDPC02',
  'MDPW01',
  'MDPW02',
  'MDPX01',
  'MDPC03',
  'MDPW03',
  'my coffee',
  '#1',
  '#2',
  'coffee',
  'x',
];

class World implements FuzzWorld {
  readonly scene: Scene;
  readonly log: string[] = [];
  readonly #dice: Dice;
  /** What each client has asked for and not been answered, by service. */
  readonly #open = new Map<string, string[]>();
  #natives = 0;
  #isLongTurn = false;
  #isEnding = false;

  constructor(dice: Dice) {
    this.#dice = dice;
    const broker = { queueLengthMax: 5, requestsPerSessionMax: 8, maxAttempts: 2, linksMax: 7, dedupeWindowMs: 20_000 };
    this.scene = new Scene({ broker, mdp: { expiresMs: 20_000 } });
  }

  step(): void {
    const dice = this.#dice;
    const version = dice.of(VERSIONS);
    const peer = `p${version[2]}${dice.below(4)}`;
    if (dice.oneIn(12)) this.#do(`${peer} is lost`, () => this.#lose(peer));
    else if (dice.oneIn(8)) this.#do('time passes', () => this.scene.pass(dice.oneIn(4) ? 12_000 : dice.below(1_500)));
    else if (dice.oneIn(6)) this.#native();
    else this.#say(peer, dice.oneIn(5) ? this.#nonsense() : this.#sense(version));
  }

  #lose(peer: string): string[] {
    const told = this.scene.lose(peer);
    this.#open.delete(peer);
    return told;
  }

  #sense(version: Version): string {
    const dice = this.#dice;
    const w = WORDS[version];
    const body = Array.from({ length: dice.oneIn(12) ? 0 : 1 + dice.below(3) }, () => dice.of(BODIES));
    switch (dice.below(6)) {
      case 0:
        return w.ready(dice.of(SERVICES));
      case 1:
        return w.heartbeat;
      case 2:
        return dice.oneIn(5) ? w.disconnect : this.#answer(w.answer(1 + dice.below(6), ...body));
      case 3:
        return `MDPW02 | 03 | #${1 + dice.below(6)} | '' | ${body.join(' | ')}`;
      default:
        return w.request(dice.of(SERVICES), ...body);
    }
  }

  /** Some workers leave out the empty frame behind the client. */
  #answer(line: string): string {
    return this.#dice.oneIn(4) ? line.replace(/(#\d) \| ''/, '$1') : line;
  }

  #nonsense(): string {
    return Array.from({ length: 1 + this.#dice.below(7) }, () => this.#dice.of(TOKENS)).join(' | ');
  }

  /** A peer that is not in the books is told what natives are, if it is nobody that MDP knows. */
  #say(peer: string, line: string): void {
    const isKnown = /^(?:'' \| )?MDP[CW]0[12](?: |$)/.test(line) || this.scene.isHere(peer);
    const speaker = isKnown ? peer : `stranger${this.log.length}`;
    if (!isKnown) this.scene.stranger(speaker);
    const asked = /^(?:'' \| MDPC01|(?:'' \| )?MDPC02 \| 01) \| (.+?)(?: \| |$)/.exec(
      this.scene.shown(speaker, line),
    )?.[1];
    if (asked !== undefined) this.#open.set(peer, [...(this.#open.get(peer) ?? []), asked]);
    this.#do(`${speaker}: ${line}`, () => this.scene.play(`${speaker}: ${line}`));
    if (!isKnown) this.#do(`${speaker} is lost`, () => this.scene.lose(speaker));
  }

  /** A native worker joins, says something about what it may hold, or leaves. */
  #native(): void {
    const dice = this.#dice;
    const { scene } = this;
    if (this.#natives === 0 || dice.oneIn(6)) {
      this.#natives += 1;
      this.#do('native joins', () => scene.nativeWorker(`n${this.#natives}`, 'orders', 'create', 'watch*'));
      return;
    }
    const name = `n${this.#natives}`;
    if (dice.oneIn(15)) {
      this.#do('native leaves', () => scene.lose(name));
      this.#natives = 0;
      return;
    }
    const ref = 1 + dice.below(6);
    const { headers, body } = several('MAJORDOMO-ERROR', 'BUSY', '{}');
    const word = dice.of([
      value(ref, Buffer.from('v')),
      value(ref, body, headers),
      part(ref, dice.below(3), 'p'),
      end(ref, dice.below(3)),
      failed(ref),
      failed(ref, 'STREAM_EXPECTED', 'no'),
    ]);
    this.#do(`native says ${word.kind} ${ref}`, () => scene.says(name, word, { kind: Kind.heartbeat }));
  }

  /** Z1, Z2. */
  #do(what: string, act: () => readonly string[]): void {
    this.log.push(what);
    this.#isLongTurn = this.scene.isTurnOpen;
    this.scene.isTurnOpen = !this.#isEnding && this.#dice.oneIn(3);
    for (const line of act()) this.#heard(line);
  }

  #heard(line: string): void {
    const [, gone] = /^(p\w+) <- .*MDPW0(?:1 \| 05|2 \| 06)$/.exec(line) ?? [];
    // What it asked before is given up; what it asked behind that in a long turn is not, nor while a DISCONNECT was held back (M23).
    const isAtOnce =
      new RegExp(`^${gone}: .*MDPW0`).test(this.log.at(-1) ?? '') &&
      !this.log.at(-1)?.endsWith(`| 0${gone?.[1] === '1' ? 5 : 6}`);
    if (gone !== undefined && !this.#isLongTurn && isAtOnce) this.#open.delete(gone);
    const reply = /^(p\w+) <- (?:'' \| )?(?:MDPC01|MDPC02 \| (02|03)) \| (.+)$/.exec(line);
    if (reply === null) return;
    const [, peer = '', verb, rest = ''] = reply;
    const open = this.#open.get(peer) ?? [];
    const at = open.findIndex((service) => rest === service || rest.startsWith(`${service} | `));
    if (at < 0) throw new Error(`Z2: ${line}, and it had asked for ${open.join(', ') || 'nothing'}`);
    if (verb !== '02') open.splice(at, 1);
  }

  /** Everybody leaves, and time passes. */
  end(): void {
    this.#isEnding = true;
    for (const name of this.scene.names) this.#do(`${name} is lost`, () => this.#lose(name));
    this.#do('a day passes', () => this.scene.pass(24 * 3_600_000));
  }

  get broker(): Broker {
    return this.scene.broker;
  }
}

test(`${WORLDS} worlds of ${STEPS} steps: nobody hears what is not for it, and at the end nothing is left (seed ${FUZZ_SEED}; M1, M2, M4)`, () => {
  expect(() => playWorlds(WORLDS, STEPS, (dice) => new World(dice))).not.toThrow();
}, 60_000);
