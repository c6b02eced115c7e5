import { SIGNATURE_BYTES } from '@whoosh/backbeat-sdk/claim-signatures';
import { newPrivateKey, readSigner, signaturePolicy, trustedKeyLine } from '@whoosh/backbeat-sdk/keys';
import { settingsReader } from '@whoosh/config/testing';
import { describe, expect, test } from 'vitest';
import { Env, problems, signatureSettings } from './config.ts';
import { askEntry } from './entry-signature.ts';

const keyLine = (name: string, owner: string) => trustedKeyLine(readSigner(name, newPrivateKey()), owner);
const PULSE = keyLine('pulse-1', '@pulse');
const AGENT = keyLine('agent-a', 'a');
const ROTATOR = keyLine('rotator', '@rotation');
const SHARED = [PULSE, AGENT, ROTATOR].join('\n');

const { read, problemsOf } = settingsReader(Env, problems);

describe('what is refused says which flag, and what would be right', () => {
  test.each([
    ['--clutser x', /^--clutser is unknown, --cluster is probably meant/],
    ['--cluster', /^--cluster needs a value/],
    ['--cluster a.b', /^--cluster: must be 1 to 64 of A-Z a-z 0-9 _ -, and not v1/],
    ['--cluster v1', /^--cluster: .* not v1/],
    [`--node ${'n'.repeat(129)}`, /^--node: .*128/],
    ['--bar-length 0', /^--bar-length: must be a whole number from 1 to 10000/],
    ['--bar-length 10001', /^--bar-length: must be a whole number from 1 to 10000/],
    ['--bar-length four', /^--bar-length: must be a whole number from 1 to 10000/],
    ['--keys nonsense', /^--keys: line 1: the owner must be/],
    ['--keys-file absent', /^--keys-file cannot be read \(ENOENT\)/],
    ['--require-signatures=perhaps', /^--require-signatures: must be true or false/],
    ['--require-signatures', /^--require-signatures: BACKBEAT_KEYS must have a key of @pulse/],
    ['report', /^argument 1 is not a flag/],
  ])('%s', (flags, says) => {
    expect(problemsOf(flags)).toEqual([expect.stringMatching(says)]);
  });

  test('all at once, and never a value', () => {
    const said = problemsOf('--bar-length hunter2', {
      WHOOSH_BACKBEAT_CLUSTER_ID: 'hunter 2',
      BACKBEAT_KEYS: 'hunter2',
    });
    expect(said.map((problem) => problem.split(':', 1)[0]).toSorted()).toEqual([
      '--bar-length',
      'BACKBEAT_KEYS',
      'WHOOSH_BACKBEAT_CLUSTER_ID',
    ]);
    expect(said.join()).not.toContain('hunter');
  });
});

describe('one file of keys for pulse, reverb and agents', () => {
  const claimOf = (agent: string) =>
    ({
      kind: 'claim',
      sequence: 1,
      storedAtMs: 1,
      claim: {
        agent,
        beat: 1,
        state: 'idle',
        task: '',
        beatsLeft: undefined,
        isComplete: false,
        hlc: 1,
      },
    }) as const;
  const headersOf = (key: string) => {
    const values = new Map([
      ['Backbeat-Key', key],
      ['Backbeat-Signature', Buffer.alloc(SIGNATURE_BYTES).toString('base64')],
    ]);
    return { get: (name: string) => values.get(name) ?? '' };
  };

  test('loads, required or not', () => {
    expect(signaturePolicy(read('', { BACKBEAT_KEYS: SHARED }))?.keys.size).toBe(3);
    expect(signatureSettings(read('--require-signatures', { BACKBEAT_KEYS: SHARED }))?.isRequired).toBe(true);
    expect(problemsOf('--require-signatures', { BACKBEAT_KEYS: AGENT })).toEqual([
      '--require-signatures: BACKBEAT_KEYS must have a key of @pulse',
    ]);
  });

  test("the pulse's key is no agent's", () => {
    const settings = signatureSettings(read('', { BACKBEAT_KEYS: SHARED }));
    if (settings === undefined) throw new Error('no settings');
    expect(askEntry(settings, claimOf('a'), headersOf('agent-a'))).toMatchObject({ keyIndex: 1 });
    for (const key of ['pulse-1', 'rotator'])
      expect(askEntry(settings, claimOf('a'), headersOf(key))).toBe('signature');
  });
});
