import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGiteaStandin, type Standin } from '../src/index.ts';
import { afterCapture, authorizationOf, beginSession, ManualClock, setTimeOf } from './capture-session.ts';
import { apiCaptures, type Capture } from './captures.ts';
import { differences } from './differences.ts';
import { LEFT_OUT } from './left-out.ts';

/** Headers of the connection and not of the answer. */
const CONNECTION_HEADERS = new Set(['date', 'connection', 'keep-alive', 'transfer-encoding']);
/** The receivers of the captured hooks do not exist here: nothing may be delivered while the test runs. */
const NEVER_MS = 3_600_000;

describe('replay of captured requests', () => {
  const clock = new ManualClock();
  const captures = apiCaptures();
  const found = new Map<string, string[]>();
  let standin: Standin;

  beforeAll(async () => {
    standin = await startGiteaStandin({
      rootUrl: 'http://gitea.example.com/',
      sshUser: 'gitcap',
      clock,
      deliveryDelayMs: NEVER_MS,
      seed: (started) => beginSession(started, clock),
    });
    for (const capture of captures) {
      setTimeOf(capture, clock);
      found.set(capture.file, await replay(standin, capture));
      afterCapture(capture, standin, clock);
    }
  });

  afterAll(() => standin[Symbol.asyncDispose]());

  it('has captures to replay', () => {
    expect(captures.length).toBe(150);
  });

  it.each(captures.map((capture) => capture.file))('%s', (file) => {
    expect(unexplained(file, found.get(file) ?? ['not replayed'])).toEqual([]);
  });

  it('lists each left out capture once, with a reason', () => {
    const files = LEFT_OUT.map((entry) => entry.file);
    expect(new Set(files).size).toBe(files.length);
    expect(files.filter((file) => !found.has(file))).toEqual([]);
    expect(LEFT_OUT.filter((entry) => entry.reason.length < 20 || entry.differs.length === 0)).toEqual([]);
  });
});

/** Differences that are not listed, and listed places that do not differ. */
function unexplained(file: string, differs: readonly string[]): string[] {
  const places = LEFT_OUT.find((entry) => entry.file === file)?.differs ?? [];
  return [
    ...differs.filter((path) => !places.some((place) => path.startsWith(place))),
    ...places
      .filter((place) => !differs.some((path) => path.startsWith(place)))
      .map((place) => `${place} is equal`),
  ];
}

async function replay(standin: Standin, capture: Capture): Promise<string[]> {
  const { method, path, body } = capture.request;
  const authorization = authorizationOf(capture);
  const sent = body === null ? {} : { body: bodyText(body) };
  const response = await fetch(standin.url + path, {
    method,
    redirect: 'manual',
    headers: {
      'content-type': capture.file.includes('text-plain') ? 'text/plain' : 'application/json',
      ...(authorization === undefined ? {} : { authorization }),
    },
    ...sent,
  });
  const text = await response.text();
  return [
    ...(response.status === capture.response.status ? [] : ['status']),
    ...headerDifferences(capture, Object.fromEntries(response.headers)),
    ...bodyDifferences(capture, text),
  ];
}

function bodyText(body: unknown): string {
  if (typeof body === 'string') return body;
  return JSON.stringify(body).replaceAll('<password>', 'dev-password');
}

function headerDifferences(capture: Capture, actual: Readonly<Record<string, string>>): string[] {
  const relevant = (headers: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(
      Object.entries(headers)
        .filter(([name]) => !CONNECTION_HEADERS.has(name))
        // The receivers' addresses in the captured hooks were replaced by shorter ones.
        .map(([name, value]) => [
          name,
          name === 'content-length' && capture.request.path.includes('/hooks') ? '' : value,
        ]),
    );
  return differences(relevant(capture.response.headers), relevant(actual), 'headers');
}

/** A cut list is compared as far as it was kept, and in its length. */
function bodyDifferences(capture: Capture, text: string): string[] {
  const { body: expected, body_items: items } = capture.response;
  if (expected === null || typeof expected === 'string') return (expected ?? '') === text ? [] : ['body'];
  const actual: unknown = JSON.parse(text);
  if (!Array.isArray(expected) || !Array.isArray(actual) || expected.length < 3) {
    return differences(expected, actual);
  }
  const length = items === undefined || items === actual.length ? [] : ['body_items'];
  return [...length, ...differences(expected, actual.slice(0, expected.length))];
}
