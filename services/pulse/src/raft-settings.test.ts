import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { settingsReader } from '@whoosh/config/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeCertificates } from '../test/certificates.ts';
import { metronomeSettings, PulseEnv, pulseProblems } from './config.ts';

const OTHER_MACHINES = '--node n1 --raft-peers n1@10.0.0.1:7420,n2@10.0.0.2:7420';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'whoosh-certificates-'));
  makeCertificates(directory);
  writeFileSync(join(directory, 'both.pem'), `${text('ca.pem')}${text('n2.pem')}`);
  writeFileSync(join(directory, 'broken.pem'), `${text('ca.pem')}${text('n2.pem').replace(/\n\w/, '\n#')}`);
  writeFileSync(join(directory, 'nonsense'), 'hunter2');
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const text = (name: string): string => readFileSync(join(directory, name), 'utf8');

const reader = settingsReader(PulseEnv, pulseProblems);
const inDirectory = (flags: string): string => flags.replaceAll('@/', `${directory}/`);
const read = (flags: string) => reader.read(inDirectory(flags));
const problemsOf = (flags: string) => reader.problemsOf(inDirectory(flags));

const CERT = '--raft-tls-cert-file @/n1.pem';
const KEY = '--raft-tls-key-file @/n1.key';
const CA = '--raft-tls-ca-file @/ca.pem';

describe('what guards the Raft port is refused by name, without its value', () => {
  test.each<[string, string, readonly RegExp[]]>([
    [
      'a previous secret alone',
      '--node n1 --raft-secret-previous hunter2',
      [/^--raft-secret-previous is set without BACKBEAT_RAFT_SECRET$/],
    ],
    [
      'the same secret twice',
      '--node n1 --raft-secret hunter2 --raft-secret-previous-file @/nonsense',
      [/^--raft-secret-previous-file: must not be the same as --raft-secret$/],
    ],
    [
      'a previous admin token alone',
      '--node n1 --admin-token-previous hunter2',
      [/^--admin-token-previous is set without BACKBEAT_ADMIN_TOKEN$/],
    ],
    [
      'a certificate alone',
      `${OTHER_MACHINES} ${CERT}`,
      [
        /^BACKBEAT_RAFT_TLS_KEY is required with --raft-tls-cert-file: /,
        /^BACKBEAT_RAFT_TLS_CA is required with --raft-tls-cert-file: /,
      ],
    ],
    ['no authority', `--node n1 ${CERT} ${KEY}`, [/^BACKBEAT_RAFT_TLS_CA is required/]],
    [
      'nonsense for all three',
      '--node n1 --raft-tls-cert hunter2 --raft-tls-key hunter2 --raft-tls-ca hunter2',
      [
        /^--raft-tls-cert: must be a certificate in PEM$/,
        /^--raft-tls-key: must be a private key in PEM, without a passphrase$/,
        /^--raft-tls-ca: must be a certificate in PEM, or several$/,
      ],
    ],
    [
      'certificate and key exchanged',
      `--node n1 --raft-tls-cert-file @/n1.key --raft-tls-key-file @/n1.pem ${CA}`,
      [/^--raft-tls-cert-file: must be a certificate/, /^--raft-tls-key-file: must be a private key/],
    ],
    [
      'the key of another',
      `--node n1 ${CERT} --raft-tls-key-file @/n2.key ${CA}`,
      [/^--raft-tls-key-file: must be the key of --raft-tls-cert-file$/],
    ],
    [
      'the certificate of another',
      `--node n1 --raft-tls-cert-file @/n2.pem --raft-tls-key-file @/n2.key ${CA}`,
      [/^--raft-tls-cert-file: its common name must be the name of this node, n1$/],
    ],
    [
      'an authority of which one half is broken',
      `--node n1 ${CERT} ${KEY} --raft-tls-ca-file @/broken.pem`,
      [/^--raft-tls-ca-file: must be a certificate/],
    ],
  ])('%s', (_what, flags, says) => {
    const problems = problemsOf(flags);
    expect(problems).toEqual(says.map((one) => expect.stringMatching(one)));
    expect(problems.join()).not.toMatch(/hunter|BEGIN/);
  });
});

describe('beyond this machine', () => {
  test.each([
    '--raft-secret one',
    '--raft-secret one --raft-secret-previous two',
    `${CERT} ${KEY} ${CA}`,
    `${CERT} ${KEY} --raft-tls-ca-file @/both.pem`,
    `--raft-secret one ${CERT} ${KEY} ${CA}`,
  ])('%s will do', (flags) => {
    expect(problemsOf(`${OTHER_MACHINES} ${flags}`)).toEqual([]);
  });

  test('without any it is said what would', () => {
    expect(problemsOf(OTHER_MACHINES)).toEqual([
      expect.stringMatching(/^BACKBEAT_RAFT_SECRET is required.*; or mutual TLS, by BACKBEAT_RAFT_TLS_CERT/),
    ]);
  });
});

test('what is given reaches Raft, and nothing of it a log', () => {
  const env = read(
    `${OTHER_MACHINES} --raft-secret hunter2 --raft-secret-previous hunter1 ${CERT} ${KEY} ${CA} --admin-token hunter3 --admin-token-previous hunter4`,
  );
  expect(metronomeSettings(env, '1').raftProtection).toEqual({
    secret: 'hunter2',
    previousSecret: 'hunter1',
    tls: { cert: text('n1.pem').trim(), key: text('n1.key').trim(), ca: text('ca.pem').trim() },
  });
  expect(`${JSON.stringify(env)}${inspect(env)}`).not.toMatch(/hunter|PRIVATE/);
  expect(metronomeSettings(read('--node n1'), '1').raftProtection).toEqual({});
});
