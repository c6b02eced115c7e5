import { expect, test } from 'vitest';
import { type BeatLink } from './beat-link.ts';
import { newPrivateKey, readSigner, readTrustedKeys, trustedKeyLine } from './key-file.ts';
import { LinkShelf, type LinkTerms } from './link-shelf.ts';

const [ours, theirs] = [0, 1].map(() => trustedKeyLine(readSigner('k1', newPrivateKey()), '@pulse'));
const signatures = (line = ours, required = true) => ({ keys: readTrustedKeys(line ?? ''), required });
const delay = () => 1;
const natsOptions = (pass: string) => ({ user: 'agent', pass, reconnectDelayHandler: delay });
const clock = {};

const termsOf = (changed: Partial<LinkTerms> = {}): LinkTerms => ({
  clusterId: 'c',
  servers: ['nats://broker', natsOptions('secret')],
  signatures: signatures(),
  barLength: 4,
  node: undefined,
  clock,
  ...changed,
});

/** A shelf that notes which links it has opened and closed; who shares one gets the same object. */
function shelf() {
  const links = new LinkShelf();
  const closed: number[] = [];
  let opened = 0;
  const acquire = (changed?: Partial<LinkTerms>) =>
    links.acquire(termsOf(changed), () => {
      const at = opened++;
      const made = {
        link: { at } as unknown as BeatLink,
        close: () => Promise.resolve(void closed.push(at)),
      };
      return { opened: Promise.resolve(made), broker: () => true };
    });
  return { links, closed, acquire };
}

test('who asks for the same terms shares a link, keys that were read twice included; it ends with the last', async () => {
  const { acquire, closed } = shelf();
  const [first, second] = await Promise.all([acquire(), acquire()]);
  expect(first.link).toBe(second.link);
  await first.release();
  await first.release();
  expect(closed).toEqual([]);
  await second.release();
  expect(closed).toEqual([0]);
  expect((await acquire()).link).not.toBe(first.link);
});

test.each<[string, Partial<LinkTerms>]>([
  ['another cluster', { clusterId: 'd' }],
  ['no policy', { signatures: undefined }],
  ['a policy that believes unsigned frames', { signatures: signatures(ours, false) }],
  ['another key under the same name', { signatures: signatures(theirs) }],
  ['other servers', { servers: ['nats://other', natsOptions('secret')] }],
  ['another password', { servers: ['nats://broker', natsOptions('other')] }],
  ['another length of bars', { barLength: 8 }],
  ['another node', { node: 7 }],
  ['another clock, however equal', { clock: {} }],
])('%s is a link of its own', async (_, changed) => {
  const { acquire, closed } = shelf();
  const plain = await acquire();
  const other = await acquire(changed);
  expect(other.link).not.toBe(plain.link);
  await other.release();
  expect(closed).toEqual([1]);
  expect((await acquire()).link).toBe(plain.link);
});

test('a link that could not be opened is tried again by the next', async () => {
  const { links, acquire } = shelf();
  const opened = Promise.reject<never>(new Error('refused'));
  const refused = links.acquire(termsOf(), () => ({ opened, broker: () => 'refused' }));
  await expect(refused).rejects.toThrow('refused');
  expect((await acquire()).link).toEqual({ at: 0 });
});

test('who shares a link that is still being opened is told of its broker at once', async () => {
  const { links, acquire } = shelf();
  const opening = Promise.withResolvers<never>();
  const told: (true | string)[] = [];
  const open = () => ({ opened: opening.promise, broker: () => 'no answer' });
  const waiting = [0, 1].map(() => links.acquire(termsOf(), open, (broker) => told.push(broker())));
  expect(told).toEqual(['no answer', 'no answer']);
  opening.reject(new Error('refused'));
  expect((await Promise.allSettled(waiting)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect((await acquire()).link).toEqual({ at: 0 });
});
