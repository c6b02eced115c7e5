import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { settingsReader } from '@whoosh/config/testing';
import { newPrivateKey } from '@whoosh/backbeat-sdk/keys';
import { describe, expect, test } from 'vitest';
import { metronomeSettings, PulseEnv, pulseProblems } from './config.ts';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));
const PEERS = 'n1@127.0.0.1:7420,n2@127.0.0.1:7421,n3@127.0.0.1:7422';
const { read, problemsOf } = settingsReader(PulseEnv, pulseProblems);

describe('what is refused says which, where, and what would be right', () => {
  test.each([
    {
      name: 'an unknown flag',
      flags: '--clutser x',
      says: /^--clutser is unknown, --cluster is probably meant/,
    },
    { name: 'a flag without its value', flags: '--node --cluster x', says: /^--node needs a value/ },
    { name: 'a word that is no flag', flags: 'demo', says: /^argument 1 is not a flag/ },
    {
      name: 'a cluster with a dot',
      flags: '--cluster a.b',
      says: /^--cluster: must be 1 to 64 of A-Z a-z 0-9 _ -/,
    },
    { name: 'a cluster that calls live in', flags: '--cluster v1', says: /^--cluster: .* not v1/ },
    { name: 'a node with a slash', flags: '--node a/b', says: /^--node: must be 1 to 128 of/ },
    {
      name: 'a bind address without a port',
      flags: '--raft-bind 127.0.0.1',
      says: /^--raft-bind: must be host:port/,
    },
    {
      name: 'a bind address with port 0',
      flags: '--raft-bind 127.0.0.1:0',
      says: /^--raft-bind: .* from 1 to 65535/,
    },
    {
      name: 'a peer without a port',
      flags: '--node n1 --raft-peers n1@127.0.0.1',
      says: /^--raft-peers: entry 1 must be name@host:port/,
    },
    {
      name: 'a peer at a port too high',
      flags: `--node n1 --raft-peers ${PEERS}9`,
      says: /^--raft-peers: entry 3 .* from 1 to 65535/,
    },
    {
      name: 'peers without this node',
      flags: `--node n4 --raft-peers ${PEERS}`,
      says: /^--raft-peers: must include this node, n4/,
    },
    {
      name: 'two peers of one name',
      flags: `--node n1 --raft-peers ${PEERS},n2@127.0.0.1:7423`,
      says: /^--raft-peers: entries 2 and 4 have the same name/,
    },
    {
      name: 'two peers at one address',
      flags: `--node n1 --raft-peers ${PEERS},n4@127.0.0.1:7421`,
      says: /^--raft-peers: entries 2 and 4 have the same address/,
    },
    {
      name: 'peers on other machines without a secret',
      flags: '--node n1 --raft-peers n1@10.0.0.1:7420,n2@10.0.0.2:7420',
      says: /^BACKBEAT_RAFT_SECRET is required, since nodes talk beyond this machine/,
    },
    {
      name: 'a bind address that others reach, without a secret',
      flags: `--node n1 --raft-bind :7420 --raft-peers ${PEERS}`,
      says: /^BACKBEAT_RAFT_SECRET is required/,
    },
    {
      name: 'a tempo that is no number',
      flags: '--bpm fast',
      says: /^--bpm: must be a number from 0.1 to 1000/,
    },
    { name: 'a tempo too fast', flags: '--bpm 1001', says: /^--bpm: must be a number from 0.1 to 1000/ },
    {
      name: 'a tempo beyond the limits',
      flags: '--bpm 200 --max-bpm 180',
      says: /^--bpm: with these limits .* from 0.1 to 180/,
    },
    {
      name: 'bars of more than two hours',
      flags: '--bpm 2 --bar-length 1000',
      says: /^--bpm: .* bars of 1000 beats \(at most 2 h\) it must be from 8.4 to 1000/,
    },
    {
      name: 'bars that no tempo is fast enough for',
      flags: '--bpm 60 --max-bpm 60 --bar-length 10000',
      says: /^--bpm: .* there is no tempo at all/,
    },
    {
      name: 'limits the wrong way round',
      flags: '--min-bpm 10 --max-bpm 5',
      says: /^--min-bpm: must not be above --max-bpm, 5/,
    },
    {
      name: 'a bar without beats',
      flags: '--bar-length 0',
      says: /^--bar-length: must be a whole number from 1 to 10000/,
    },
    {
      name: 'a secret file that is not there',
      flags: '--raft-secret-file absent',
      says: /^--raft-secret-file cannot be read \(ENOENT\)/,
    },
    {
      name: 'a key that is none',
      flags: '--signing-key nonsense',
      says: /^--signing-key: must be a private key in PEM/,
    },
  ])('$name', ({ flags, says }) => {
    const problems = problemsOf(flags);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(says);
  });

  test('all at once by the process itself, by the variable where no flag was typed, and never a value', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, '--bpm', 'fast'], {
      encoding: 'utf8',
      env: {
        PATH: process.env['PATH'],
        BACKBEAT_NODE: 'hunter 2',
        BACKBEAT_RAFT_PEERS: 'hunter2',
        BACKBEAT_RAFT_SECRET_PREVIOUS: 'hunter2',
        BACKBEAT_SIGNING_KEY: 'hunter2',
        NATS_URL: 'hunter2:hunter2',
      },
    });
    expect(status).toBe(1);
    const problems = stderr.split('\n').filter((line) => line.startsWith('  - '));
    expect(problems.map((problem) => problem.slice(4).split(/[: ]/, 1)[0]).toSorted()).toEqual([
      '--bpm',
      'BACKBEAT_NODE',
      'BACKBEAT_RAFT_PEERS',
      'BACKBEAT_RAFT_SECRET_PREVIOUS',
      'BACKBEAT_SIGNING_KEY',
      'NATS_URL',
    ]);
    expect(stdout + stderr).not.toContain('hunter');
  });
});

describe('settings', () => {
  test('three nodes on one machine need nothing but the list', () => {
    const settings = metronomeSettings(
      read(`--node n2 --raft-bind 127.0.0.1:7421 --raft-peers ${PEERS}`),
      '1',
    );
    expect(settings.peers.map(({ name }) => name)).toEqual(['n1', 'n2', 'n3']);
    expect(settings).toMatchObject({ node: 'n2', raftBind: { host: '127.0.0.1', port: 7_421 }, tempoBpm: 2 });
    expect(settings.signing).toBeUndefined();
  });

  test('a node alone is its own peer, and may be reached from anywhere', () => {
    const settings = metronomeSettings(read('--node n1 --raft-bind [::]:7420'), '1');
    expect(settings.peers).toEqual([{ name: 'n1', host: '::', port: 7_420 }]);
  });

  test('with a key frames are signed under the name of the node, or another', () => {
    const env = { BACKBEAT_SIGNING_KEY: newPrivateKey() };
    expect(metronomeSettings(read('--node n1', env), '1').signing?.keyName).toBe('n1');
    expect(metronomeSettings(read('--node n1 --signing-key-name k7', env), '1').signing?.keyName).toBe('k7');
  });
});
