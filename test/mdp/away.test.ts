// Services of plain Majordomo workers that are away for a while, and what is asked meanwhile.

import { bytes } from './natives.js';
import { Scene } from './scene.js';
import { WORDS } from './words.js';

const w1 = WORDS['0.1'];

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});

test('a native call waits for the plain worker that was there a moment ago, and mmi.service says 404 meanwhile', () => {
  scene.play(`w: ${w1.ready('coffee')}`);
  scene.lose('w');
  expect(scene.ask('n', 'coffee.call', { body: bytes('latte') })).toEqual([]);
  expect(scene.play(`c: ${w1.request('mmi.service', 'coffee')}`)).toEqual([`c <- ${w1.reply('mmi.service', '404')}`]);
  expect(scene.play(`w: ${w1.ready('coffee')}`)).toEqual([`w <- ${w1.dispatch(1, 'latte')}`]);
  expect(scene.play(`c: ${w1.request('mmi.service', 'coffee')}`)).toEqual([`c <- ${w1.reply('mmi.service', '200')}`]);
});

test('a plain worker that says DISCONNECT is waited for, too; a service that none has ever had is NO_SUCH_SERVICE', () => {
  scene.play(`w: ${w1.ready('coffee')}`, `w: ${w1.disconnect}`);
  expect(scene.ask('n', 'coffee.call', { body: bytes('latte') })).toEqual([]);
  expect(scene.ask('n', 'tea.call', { body: bytes('green') })).toEqual([expect.stringContaining('NO_SUCH_SERVICE')]);
});

test('a name keeps its meaning while its service is away, unless a worker offers the other meaning of it', () => {
  scene.nativeWorker('whole', 'hot.coffee', 'call');
  scene.lose('whole');
  expect(scene.play(`c: ${w1.request('hot.coffee', 'latte')}`)).toEqual([]);
  expect(scene.nativeWorker('divided', 'hot', 'coffee')).toEqual([]);
  expect(scene.play(`d: ${w1.request('hot.coffee', 'mocha')}`)).toEqual([
    expect.stringMatching(/^divided <- DISPATCH/),
  ]);
  expect(scene.nativeWorker('whole', 'hot.coffee', 'call')).toEqual([expect.stringMatching(/^whole <- DISPATCH/)]);
});
