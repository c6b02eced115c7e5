/** What an operator is to look at when Raft refuses connections for this reason. */
const CHECKS: Readonly<Record<string, string>> = {
  unauthenticated:
    'a node has another secret: --raft-secret must be the same on all nodes, or the --raft-secret-previous of those that are ahead; with TLS a certificate may name another node',
  foreign:
    'a node has another cluster or another list: --cluster and the names in --raft-peers must be the same on all nodes',
  turned_away:
    'a peer refuses this node, its log says why: --cluster, --raft-peers, --raft-secret and the authority of --raft-tls-ca must be the same on all nodes',
  malformed:
    'what speaks there is no pulse of this version: check the addresses in --raft-peers and who else uses the port',
  too_long: 'what speaks there is no pulse: check the addresses in --raft-peers and who else uses the port',
  silent: 'somebody connects and says nothing: check who else uses the port',
  tls: 'no common TLS: the certificates must be valid, and signed by the authority in --raft-tls-ca, on all nodes',
};
/** Between nodes that mean to be one cluster; the others are strangers. */
const BETWEEN_NODES = ['unauthenticated', 'foreign', 'turned_away', 'tls'];

export function checkFor(reason: string): string {
  return CHECKS[reason] ?? 'check who uses the Raft port';
}

export function isOperatorsFault(reason: string): boolean {
  return BETWEEN_NODES.includes(reason);
}
