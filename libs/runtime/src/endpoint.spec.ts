// Which texts are endpoints.

import { checkEndpoint } from './endpoint.js';

test.each([
  'tcp://127.0.0.1:5555',
  'tcp://broker.example.org:1',
  'tcp://[::1]:65535',
  'tcp://[fe80::1%eth0]:5555',
  'ipc:///run/majordomo.sock',
  'ipc://@abstract',
  'inproc://broker',
])('%s is one', (endpoint) => {
  expect(checkEndpoint(endpoint)).toBeUndefined();
  expect(checkEndpoint(endpoint, 'listen')).toBeUndefined();
});

test.each(['tcp://*:5555', 'tcp://127.0.0.1:0', 'tcp://*:*', 'tcp://eth0:5555'])(
  '%s is one to listen on',
  (endpoint) => {
    expect(checkEndpoint(endpoint, 'listen')).toBeUndefined();
  },
);

test.each([
  ['localhost:5555', 'write tcp://localhost:5555'],
  ['', 'write tcp://HOST:PORT, ipc://PATH or inproc://NAME'],
  ['tcp://localhost', 'write tcp://HOST:PORT'],
  ['tcp://::1:5555', 'an IPv6 host in brackets'],
  ['tcp://localhost:99999', 'the highest port is 65535'],
  ['tcp://localhost:http', 'write tcp://HOST:PORT'],
  ['tcp://*:5555', '* is for listening'],
  ['tcp://localhost:0', 'a port to connect to is needed'],
  ['udp://localhost:1', 'udp is not'],
  ['ipc://', 'a path is missing'],
  ['inproc://', 'a name is missing'],
  [`ipc:///${'x'.repeat(120)}`, 'more than 107 bytes'],
])('%j is none: %s', (endpoint, problem) => {
  expect(checkEndpoint(endpoint)).toContain(`"${endpoint}" is not an endpoint: `);
  expect(checkEndpoint(endpoint)).toContain(problem);
});
