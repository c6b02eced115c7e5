import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgeDelivery, signatureOf, type DeliveryRequest } from './delivery.ts';
import { HttpRefusal } from './failure.ts';

const body = Buffer.from('{\n  "action": "opened"\n}');
const good: DeliveryRequest = {
  contentType: 'application/json',
  signature: signatureOf('s3cret', body),
  deliveryId: 'C327E04A-20e0-4a9f-9e83-3df9bbb5f735',
  event: 'issues',
  eventType: 'issue_label',
  body,
};
const judge = (change: Partial<DeliveryRequest>, secrets = ['s3cret']) =>
  judgeDelivery({ ...good, ...change }, secrets);
const codeOf = (act: () => unknown) => {
  try {
    act();
  } catch (refusal) {
    if (refusal instanceof HttpRefusal) return refusal.code;
    throw refusal;
  }
  return 'stored';
};

test('a signed delivery passes, byte for byte', () => {
  expect(judge({})).toEqual({
    id: 'c327e04a-20e0-4a9f-9e83-3df9bbb5f735',
    event: 'issues',
    eventType: 'issue_label',
    payload: body,
  });
});

test('of a form the decoded payload is signed, and kept', () => {
  const text = '{"title": "a+b & ü", "n": 1}';
  const form = Buffer.from(new URLSearchParams({ payload: text }).toString());
  const delivery = judge({
    contentType: 'application/x-www-form-urlencoded; charset=utf-8',
    body: form,
    signature: signatureOf('s3cret', Buffer.from(text)),
  });
  expect(Buffer.from(delivery.payload).toString()).toBe(text);
});

test('both secrets of a rotation are good', () => {
  expect(judge({}, ['new', 's3cret']).event).toBe('issues');
});

describe('it is refused', () => {
  const signed = (text: string) => ({
    body: Buffer.from(text),
    signature: signatureOf('s3cret', Buffer.from(text)),
  });
  test.each<[string, Partial<DeliveryRequest>, string[], string]>([
    ['when no secret is configured', {}, [], 'disabled'],
    ['without a signature', { signature: undefined }, ['s3cret'], 'unauthenticated'],
    ['with an empty signature', { signature: '' }, ['s3cret'], 'unauthenticated'],
    ['with another secret', {}, ['other'], 'unauthenticated'],
    ['with a prefixed signature', { signature: `sha256=${good.signature}` }, ['s3cret'], 'unauthenticated'],
    ['with a cut signature', { signature: good.signature?.slice(2) }, ['s3cret'], 'unauthenticated'],
    ['with a changed body', { body: Buffer.from('{"action": "closed"}') }, ['s3cret'], 'unauthenticated'],
    ['as text', { contentType: 'text/plain' }, ['s3cret'], 'unsupported_media_type'],
    ['without a content type', { contentType: undefined }, ['s3cret'], 'unsupported_media_type'],
    [
      'as a form without payload',
      { contentType: 'application/x-www-form-urlencoded' },
      ['s3cret'],
      'unauthenticated',
    ],
    ['with an id that is no UUID', { deliveryId: '*.>' }, ['s3cret'], 'invalid_argument'],
    ['without an id', { deliveryId: undefined }, ['s3cret'], 'invalid_argument'],
    ['without an event', { event: undefined }, ['s3cret'], 'invalid_argument'],
    ['with a strange event type', { eventType: 'a b\r\nX: y' }, ['s3cret'], 'invalid_argument'],
    ['when it is signed but no JSON', signed('not json'), ['s3cret'], 'invalid_argument'],
    ['when it is a signed list', signed('[]'), ['s3cret'], 'invalid_argument'],
  ])('%s', (_name, change, secrets, code) => {
    expect(codeOf(() => judge(change, secrets))).toBe(code);
  });
});

test('no signature but the right one passes', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[0-9a-f]{64}$/), (signature) => {
      fc.pre(signature !== good.signature);
      expect(codeOf(() => judge({ signature }))).toBe('unauthenticated');
    }),
  );
});
