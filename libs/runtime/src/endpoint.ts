// Is this text an endpoint? libzmq says "Invalid argument", takes port 99999 for 34463, and resolves wrong hosts for ever.

/** What an endpoint is for: a port to listen on may be left open, one to connect to may not. */
export type EndpointUse = 'connect' | 'listen';

/** What a socket address holds; sockaddr_un has 108 bytes with the final zero. */
const IPC_PATH_BYTES_MAX = 107;
const TCP = /^(\[[0-9A-Fa-f:.%a-z]+\]|[^[\]:/\s]+):([0-9]+|\*)$/;

function checkTcp(address: string, use: EndpointUse): string | undefined {
  const [, host, port] = TCP.exec(address) ?? [];
  if (host === undefined || port === undefined) return 'write tcp://HOST:PORT, an IPv6 host in brackets';
  const isOpen = port === '*' || Number(port) === 0;
  if (use === 'connect' && host === '*') return 'a host to connect to is needed, * is for listening';
  if (use === 'connect' && isOpen) return 'a port to connect to is needed, 1 to 65535';
  if (Number(port) > 65_535) return 'the highest port is 65535';
  return undefined;
}

/**
 * Checks an endpoint before anything is started with it. It does not ask whether anybody is there.
 *
 * @param endpoint `tcp://host:port`, `ipc://path`, `ipc://@name` or `inproc://name`; for listening the port may be 0 or `*` (any free one).
 * @returns what is wrong with it as a sentence that names it, or undefined when nothing is.
 */
export function checkEndpoint(endpoint: string, use: EndpointUse = 'connect'): string | undefined {
  const [, transport, address] = /^([a-z]+):\/\/(.*)$/s.exec(endpoint) ?? [];
  const say = (problem: string): string => `"${endpoint}" is not an endpoint: ${problem}`;
  if (transport === undefined || address === undefined) {
    return say(TCP.test(endpoint) ? `write tcp://${endpoint}` : 'write tcp://HOST:PORT, ipc://PATH or inproc://NAME');
  }
  if (transport === 'tcp') {
    const problem = checkTcp(address, use);
    return problem === undefined ? undefined : say(problem);
  }
  if (transport !== 'ipc' && transport !== 'inproc')
    return say(`tcp, ipc and inproc are supported, ${transport} is not`);
  if (address === '') return say(transport === 'ipc' ? 'a path is missing' : 'a name is missing');
  if (Buffer.byteLength(address) > IPC_PATH_BYTES_MAX) return say(`it has more than ${IPC_PATH_BYTES_MAX} bytes`);
  return undefined;
}

/** A socket for each. */
const ENDPOINTS_MAX = 256;

/** A rule for options: a list of endpoints, at least one, each once, all of which can be used. */
export function endpointList(use: EndpointUse = 'connect'): (value: unknown) => string | undefined {
  return (value) => {
    if (!Array.isArray(value) || value.length === 0) return 'must be a list of endpoints, at least one';
    if (value.length > ENDPOINTS_MAX) return `may have ${ENDPOINTS_MAX} endpoints at most`;
    if (new Set(value).size !== value.length) return 'names an endpoint twice';
    const problems = value.flatMap((endpoint: unknown) =>
      typeof endpoint === 'string' ? (checkEndpoint(endpoint, use) ?? []) : [`${String(endpoint)} is not a text`],
    );
    return problems.length === 0 ? undefined : `has endpoints that cannot be used: ${problems.join(', ')}`;
  };
}
