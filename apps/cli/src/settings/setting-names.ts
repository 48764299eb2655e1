// One setting has four names, each made from the first: queueLengthMax, --queue-length-max, MAJORDOMO_QUEUE_LENGTH_MAX, and the key in the file.

const PREFIX = 'MAJORDOMO_';

/** What Kubernetes puts into the environment of every pod near a service whose name begins with majordomo. None of it is meant for us. */
const KUBERNETES = /_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?)$/;

function words(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `--queue-length-max` */
export function flagOf(key: string): string {
  return `--${words(key)}`;
}

/** `MAJORDOMO_QUEUE_LENGTH_MAX` */
export function variableOf(key: string): string {
  return `${PREFIX}${words(key).toUpperCase().replaceAll('-', '_')}`;
}

/** Is this variable of the environment one of ours, by its name? */
export function isOurVariable(name: string): boolean {
  return name.startsWith(PREFIX) && !KUBERNETES.test(name);
}

/** The key that a variable of ours would have: `queueLengthMax`. */
export function keyOfVariable(name: string): string {
  const letters = name.slice(PREFIX.length).toLowerCase();
  return letters.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
