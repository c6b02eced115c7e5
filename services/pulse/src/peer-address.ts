export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface PeerAddress extends Address {
  readonly name: string;
}

export const NODE_PATTERN = /^[A-Za-z0-9_.:-]{1,128}$/;
export const NODE_FORM = '1 to 128 of A-Z a-z 0-9 _ . : -';
const PORT_MAX = 65_535;
const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1|localhost)$/;

/** `host:port`, `[v6]:port` or `:port`, which is every address of this machine. */
export function addressOf(text: string): Address | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:]+)\]|([^:\s]*)):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port < 1 || port > PORT_MAX) return undefined;
  return { host: bracketed ?? (plain === '' || plain === undefined ? '0.0.0.0' : plain), port };
}

/** `name@host:port`; where others reach it, so `:port` alone is none. */
export function peerOf(text: string): PeerAddress | undefined {
  const at = text.indexOf('@');
  const name = text.slice(0, at);
  const rest = text.slice(at + 1);
  const address = at < 1 || rest.startsWith(':') ? undefined : addressOf(rest);
  return address === undefined || !NODE_PATTERN.test(name) ? undefined : { name, ...address };
}

export function isLoopback({ host }: Address): boolean {
  return LOOPBACK.test(host);
}

/** What is wrong with the list of all nodes, entry by entry. */
export function peerProblems(texts: readonly string[], node: string): string[] {
  const problems: string[] = [];
  const names = new Map<string, number>();
  const places = new Map<string, number>();
  for (const [at, text] of texts.entries()) {
    const peer = peerOf(text);
    if (peer === undefined) {
      problems.push(`entry ${at + 1} must be name@host:port, with a port from 1 to ${PORT_MAX}`);
      continue;
    }
    const place = `${peer.host}:${peer.port}`;
    const sameName = names.get(peer.name);
    const samePlace = places.get(place);
    if (sameName !== undefined) problems.push(`entries ${sameName} and ${at + 1} have the same name`);
    else if (samePlace !== undefined)
      problems.push(`entries ${samePlace} and ${at + 1} have the same address`);
    names.set(peer.name, at + 1);
    places.set(place, at + 1);
  }
  if (problems.length === 0 && texts.length > 0 && !names.has(node)) {
    problems.push(`must include this node, ${node}: all nodes get the same list`);
  }
  return problems.map((problem) => `BACKBEAT_RAFT_PEERS: ${problem}`);
}
