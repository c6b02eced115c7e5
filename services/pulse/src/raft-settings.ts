import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { type Secret } from '@whoosh/config';
import { type MetronomeSettings } from './metronome/messages.ts';
import { addressOf, isLoopback, peerOf } from './peer-address.ts';
import { rotationProblems } from './rotation-problems.ts';

/** What the Raft port is told of itself, as far as it could be read. */
export interface RaftVariables {
  readonly BACKBEAT_RAFT_BIND?: string | undefined;
  readonly BACKBEAT_RAFT_PEERS?: readonly string[] | undefined;
  readonly BACKBEAT_RAFT_SECRET?: Secret | undefined;
  readonly BACKBEAT_RAFT_SECRET_PREVIOUS?: Secret | undefined;
  readonly BACKBEAT_RAFT_TLS_CERT?: string | undefined;
  readonly BACKBEAT_RAFT_TLS_KEY?: Secret | undefined;
  readonly BACKBEAT_RAFT_TLS_CA?: string | undefined;
}

const TLS_NAMES = ['BACKBEAT_RAFT_TLS_CERT', 'BACKBEAT_RAFT_TLS_KEY', 'BACKBEAT_RAFT_TLS_CA'] as const;
const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g;

/** Where the node listens, and what keeps strangers off that port. Each names its variable and never what that holds. */
export function raftProblems(variables: RaftVariables, node: string): string[] {
  const isProtected = ['BACKBEAT_RAFT_SECRET' as const, ...TLS_NAMES].some(
    (name) => variables[name] !== undefined,
  );
  const problems = [
    ...bindProblems(variables),
    ...rotationProblems('BACKBEAT_RAFT_SECRET', variables),
    ...tlsProblems(variables, node),
  ];
  if (isProtected || !isOpen(variables)) return problems;
  return [
    ...problems,
    'BACKBEAT_RAFT_SECRET is required, since nodes talk beyond this machine: the same for all, best by BACKBEAT_RAFT_SECRET_FILE; or mutual TLS, by BACKBEAT_RAFT_TLS_CERT, BACKBEAT_RAFT_TLS_KEY and BACKBEAT_RAFT_TLS_CA',
  ];
}

function bindProblems({ BACKBEAT_RAFT_BIND: bind }: RaftVariables): string[] {
  if (bind === undefined || addressOf(bind) !== undefined) return [];
  return ['BACKBEAT_RAFT_BIND: must be host:port, with a port from 1 to 65535'];
}

/** Other machines can reach what these nodes listen on. */
function isOpen({ BACKBEAT_RAFT_BIND: bind = '', BACKBEAT_RAFT_PEERS: peers = [] }: RaftVariables): boolean {
  const others = peers.map(peerOf).filter((peer) => peer !== undefined);
  const all = [...others, addressOf(bind)].filter((address) => address !== undefined);
  return others.length > 1 && all.some((address) => !isLoopback(address));
}

function tlsProblems(variables: RaftVariables, node: string): string[] {
  const { BACKBEAT_RAFT_TLS_CERT: cert, BACKBEAT_RAFT_TLS_KEY: key, BACKBEAT_RAFT_TLS_CA: ca } = variables;
  const [given] = TLS_NAMES.filter((name) => variables[name] !== undefined);
  if (given === undefined) return [];
  const missing = TLS_NAMES.filter((name) => variables[name] === undefined);
  const problems = missing.map((name) => `${name} is required with ${given}: mutual TLS takes all three`);
  const [own] = certificatesIn(cert);
  const privateKey = privateKeyIn(key);
  if (cert !== undefined && own === undefined) {
    problems.push('BACKBEAT_RAFT_TLS_CERT: must be a certificate in PEM');
  }
  if (own !== undefined && own.toLegacyObject().subject.CN !== node) {
    problems.push(`BACKBEAT_RAFT_TLS_CERT: its common name must be the name of this node, ${node}`);
  }
  if (key !== undefined && privateKey === undefined) {
    problems.push('BACKBEAT_RAFT_TLS_KEY: must be a private key in PEM, without a passphrase');
  }
  if (own !== undefined && privateKey !== undefined && !own.checkPrivateKey(privateKey)) {
    problems.push('BACKBEAT_RAFT_TLS_KEY: must be the key of BACKBEAT_RAFT_TLS_CERT');
  }
  if (ca !== undefined && certificatesIn(ca).length === 0) {
    problems.push('BACKBEAT_RAFT_TLS_CA: must be a certificate in PEM, or several');
  }
  return problems;
}

/** All that the text holds, the node's own first; none when one of them cannot be read. */
function certificatesIn(text: string | undefined): readonly X509Certificate[] {
  try {
    return [...(text ?? '').matchAll(PEM_CERTIFICATE)].map(([pem]) => new X509Certificate(pem));
  } catch {
    return [];
  }
}

function privateKeyIn(secret: Secret | undefined): KeyObject | undefined {
  try {
    return secret && createPrivateKey(secret.reveal());
  } catch {
    return undefined;
  }
}

/** For settings without problems. */
export function raftProtection(variables: RaftVariables): MetronomeSettings['raftProtection'] {
  const {
    BACKBEAT_RAFT_SECRET: secret,
    BACKBEAT_RAFT_SECRET_PREVIOUS: previous,
    BACKBEAT_RAFT_TLS_CERT: cert,
    BACKBEAT_RAFT_TLS_KEY: key,
    BACKBEAT_RAFT_TLS_CA: ca,
  } = variables;
  const hasTls = cert !== undefined && key !== undefined && ca !== undefined;
  return {
    ...(secret !== undefined && { secret: secret.reveal() }),
    ...(previous !== undefined && { previousSecret: previous.reveal() }),
    ...(hasTls && { tls: { cert, key: key.reveal(), ca } }),
  };
}
