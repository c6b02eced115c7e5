import { expect, test } from 'vitest';
import { newPrivateKey, readSigner, trustedKeyLine } from './key-file.ts';
import { signaturePolicy, signerFrom, signingProblems, trustProblems } from './key-settings.ts';

const [pulsePem, fleetPem] = [newPrivateKey(), newPrivateKey()];
const PULSE = trustedKeyLine(readSigner('k1', pulsePem), '@pulse');
const FLEET = trustedKeyLine(readSigner('sim', fleetPem), 'sim-*');
const keys = (...lines: string[]) => ({ BACKBEAT_KEYS: lines.join('\n') });
const signing = (pem = fleetPem, name?: string) => ({
  BACKBEAT_SIGNING_KEY: { reveal: () => pem },
  BACKBEAT_SIGNING_KEY_NAME: name,
});
const required = { BACKBEAT_REQUIRE_SIGNATURES: true };

test('without keys everybody is believed; with keys, as the switch says', () => {
  expect(signaturePolicy({})).toBeUndefined();
  expect(signaturePolicy(keys(PULSE))).toMatchObject({ required: false });
  expect(signaturePolicy({ ...keys(PULSE, FLEET), ...required })).toMatchObject({ required: true });
  expect(signaturePolicy(keys(PULSE, FLEET))?.keys.size).toBe(2);
});

test.each([
  [{}, []],
  [keys(FLEET), []],
  [{ ...keys(PULSE), ...required }, []],
  [required, ['BACKBEAT_REQUIRE_SIGNATURES: BACKBEAT_KEYS must have a key of @pulse']],
  [{ ...keys(FLEET), ...required }, ['BACKBEAT_REQUIRE_SIGNATURES: BACKBEAT_KEYS must have a key of @pulse']],
  [{ ...keys('k1 @pulse hunter2'), ...required }, [expect.stringMatching(/^BACKBEAT_KEYS: line 1: the key/)]],
])('problems of trust %#', (variables, problems) => {
  expect(trustProblems(variables)).toEqual(problems);
});

test('who has a key signs under its own name, or under the one that it is told', () => {
  expect(signerFrom({}, 'sim')).toBeUndefined();
  expect(signerFrom(signing(), 'sim')?.keyName).toBe('sim');
  expect(signerFrom(signing(fleetPem, 'other'), 'sim')?.keyName).toBe('other');
});

const fleet = { nameByDefault: 'sim', agentIds: ['sim-0001', 'sim-0002'] };
test.each([
  ['no key', {}, fleet, undefined],
  ['a key that is not listed here', { ...signing(), ...keys(PULSE) }, fleet, undefined],
  ['a key that is listed for all', { ...signing(), ...keys(PULSE, FLEET) }, fleet, undefined],
  ['no PEM', signing('hunter2'), fleet, /^BACKBEAT_SIGNING_KEY: must be a private key in PEM/],
  ['a name with a blank', signing(fleetPem, 'a b'), fleet, /^BACKBEAT_SIGNING_KEY: the name/],
  ['a list that cannot be read, told of elsewhere', { ...signing(), ...keys('x') }, fleet, undefined],
  [
    'another key under the name',
    { ...signing(pulsePem), ...keys(FLEET) },
    fleet,
    /^BACKBEAT_SIGNING_KEY: BACKBEAT_KEYS has another key under the name sim$/,
  ],
  [
    'a key of one agent for two',
    { ...signing(), ...keys(FLEET.replace('sim-*', 'sim-0001')) },
    fleet,
    /is a key of sim-0001, which is not sim-0002$/,
  ],
  [
    'the key of a pulse',
    { ...signing(pulsePem, 'k1'), ...keys(PULSE) },
    fleet,
    /k1 is a key of @pulse, which is not sim-0001$/,
  ],
])('problems of signing: %s', (_, variables, speakers, says) => {
  const problems = signingProblems(variables, speakers);
  if (says === undefined) expect(problems).toEqual([]);
  else expect(problems).toEqual([expect.stringMatching(says)]);
  expect(problems.join()).not.toContain('hunter2');
});
