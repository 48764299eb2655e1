// The rules of the house (CONTRIBUTING.md), asked of the text of the whole repository, one test for each.
import { ERRORS } from '@majordomo/protocol';
import { deadPaths, errorDocFaults, untestedDecisions, untestedMusts } from './tidy/doc-rules.js';
import { readHouse } from './tidy/house.js';
import {
  LINES_MAX,
  brokenFloors,
  circles,
  deadFiles,
  emptyNames,
  impurities,
  overlong,
  shortcuts,
  strayTimersAndSockets,
  unannounced,
  undeclared,
} from './tidy/source-rules.js';

const house = readHouse();

test('a room imports only from floors below it', () => {
  expect(brokenFloors(house)).toEqual([]);
});

test('no files import each other in a circle', () => {
  expect(circles(house)).toEqual([]);
});

test('a core and the protocol have no clock, chance, timer, process, socket or promise', () => {
  expect(impurities(house)).toEqual([]);
});

test('real timers and sockets are in libs/runtime only', () => {
  expect(strayTimersAndSockets(house)).toEqual([]);
});

test('nothing is left unfinished, untyped, silenced or exported by default', () => {
  expect(shortcuts(house)).toEqual([]);
});

test('every file name says what is inside', () => {
  expect(emptyNames(house)).toEqual([]);
});

test('the first line of every file says what it is for', () => {
  expect(unannounced(house)).toEqual([]);
});

test(`no source is longer than ${LINES_MAX} lines`, () => {
  expect(overlong(house)).toEqual([]);
});

test('a door of its package leads to every source', () => {
  expect(deadFiles(house)).toEqual([]);
});

test('a package declares what it imports', () => {
  expect(undeclared(house)).toEqual([]);
});

test('every path that a document names exists', () => {
  expect(deadPaths(house)).toEqual([]);
});

test('docs/errors.md says what the catalogue of errors says', () => {
  expect(errorDocFaults(house, ERRORS)).toEqual([]);
});

test('every MUST of docs/protocol.md has an id that a test names', () => {
  expect(untestedMusts(house)).toEqual([]);
});

test('every decision of docs/mdp.md has an id that a test of plain Majordomo peers names', () => {
  expect(untestedDecisions(house)).toEqual([]);
});
