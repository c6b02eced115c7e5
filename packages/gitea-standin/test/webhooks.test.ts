import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGiteaStandin, type Standin } from '../src/index.ts';
import { ManualClock } from './capture-session.ts';
import { deliveryCaptures, type CapturedDelivery } from './captures.ts';
import { differences } from './differences.ts';
import { startReceiver, type Receiver } from './receiver.ts';
import { WEBHOOKS_LEFT_OUT } from './webhooks-left-out.ts';

const ORDERS = 'acme/orders';
const TITLE = 'Design Brief: returns portal';
const BODY =
  '## Goal\nCustomers return goods on their own.\r\nUmlauts äöü, emoji 🚚, <b>markup</b> & "quotes".';

/** Drawn anew for each delivery, or a property of the receiver's address. */
const OWN_HEADERS = /^(Host|Content-Length|X-.*-Delivery|.*Signature.*)$/;

describe('deliveries, compared with the captured ones', () => {
  const clock = new ManualClock();
  const captures = deliveryCaptures();
  const comparable = captures.filter(
    (capture) =>
      !WEBHOOKS_LEFT_OUT.some((entry) => entry.file === capture.file && entry.differs === undefined),
  );
  let receiver: Receiver;
  let standin: Standin;

  beforeAll(async () => {
    receiver = await startReceiver();
    standin = await startGiteaStandin({
      rootUrl: 'http://gitea.example.com/',
      sshUser: 'gitcap',
      clock,
      deliveryDelayMs: 0,
      seed: (started) => seed(started, clock, receiver.url),
    });
    act(standin, clock);
    await standin.deliveriesIdle();
  });

  afterAll(async () => {
    await standin[Symbol.asyncDispose]();
    await receiver[Symbol.asyncDispose]();
  });

  it('are as many as captured, per receiver and in the captured order', () => {
    const expected = comparable.filter((capture) => pathOf(capture) === '/ok').map(kindOfCapture);
    const actual = receiver.received
      .filter((one) => one.path === '/ok')
      .map((one) => kindOf(one.headers, one.body));
    expect(actual).toEqual(expected);
  });

  it('lists each left out delivery once', () => {
    const files = WEBHOOKS_LEFT_OUT.map((entry) => entry.file);
    expect(new Set(files).size).toBe(files.length);
    expect(files.filter((file) => !captures.some((capture) => capture.file === file))).toEqual([]);
  });

  it.each(captures.map((capture) => [capture.file, capture] as const))('%s', (file, capture) => {
    const entry = WEBHOOKS_LEFT_OUT.find((candidate) => candidate.file === file);
    const path = pathOf(capture);
    const place = comparable.filter((one) => pathOf(one) === path).indexOf(capture);
    const delivery = place < 0 ? undefined : receiver.received.filter((one) => one.path === path)[place];
    const found = delivery === undefined ? ['not sent'] : compare(capture, delivery);
    const listed = entry === undefined ? [] : (entry.differs ?? ['not sent']);
    expect(found.filter((one) => !listed.some((prefix) => one.startsWith(prefix)))).toEqual([]);
    expect(listed.filter((prefix) => !found.some((one) => one.startsWith(prefix)))).toEqual([]);
  });
});

function compare(capture: CapturedDelivery, delivery: Receiver['received'][number]): string[] {
  const plain = (headers: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, OWN_HEADERS.test(name) ? shapeOf(value) : value]),
    );
  const headers = differences(plain(capture.headers), plain(delivery.headers), 'headers');
  const order = differences(Object.keys(capture.headers), Object.keys(delivery.headers), 'header order');
  const [expected, actual] = [
    payloadOf(capture.headers, capture.raw_body),
    payloadOf(delivery.headers, delivery.body),
  ];
  const body = differences(JSON.parse(expected), JSON.parse(actual));
  // Equal values must be equal bytes: the signature is over them.
  const bytes = body.length > 0 || capture.raw_body === delivery.body ? [] : ['bytes'];
  return [
    ...headers,
    ...order,
    ...body,
    ...bytes,
    ...signatureDifferences(capture, delivery, body.length === 0),
  ];
}

/** With equal bytes and the captured secret, the signatures are the captured ones. */
function signatureDifferences(
  capture: CapturedDelivery,
  delivery: Receiver['received'][number],
  isEqual: boolean,
): string[] {
  const names = Object.keys(capture.headers).filter((name) => name.includes('Signature'));
  return names.filter((name) => isEqual && capture.headers[name] !== delivery.headers[name]);
}

/** Letters and digits by their kind, so that values drawn anew compare by form alone. */
function shapeOf(value: string): string {
  return /^[0-9a-f-]{36}$/.test(value)
    ? 'uuid'
    : value.replace(/[0-9a-f]{40,}/, 'hex').replace(/^\d+$|^.*:\d+$|^\S+\.\S+$/, 'own');
}

function payloadOf(headers: Readonly<Record<string, string>>, body: string): string {
  const isForm = headers['Content-Type']?.includes('form') === true;
  return isForm ? (new URLSearchParams(body).get('payload') ?? '') : body;
}

function kindOf(headers: Readonly<Record<string, string>>, body: string): string {
  const { action = '' } = JSON.parse(payloadOf(headers, body)) as { action?: string };
  return `${headers['X-Gitea-Event-Type']} ${action}`;
}

function kindOfCapture(capture: CapturedDelivery): string {
  return kindOf(capture.headers, capture.raw_body);
}

function pathOf(capture: CapturedDelivery): string {
  const variant = /-(form|unsigned|auth-header)$/.exec(capture.file)?.[1];
  return variant === undefined ? '/ok' : `/${variant}`;
}

/** The server as it was before the first captured delivery: 74 open issues, the next one has number 76 and id 77. */
function seed({ admin, state }: Standin, clock: ManualClock, receiver: string): void {
  clock.set('02:31:32');
  admin.createUser({ username: 'operator', admin: true });
  clock.set('02:32:13');
  admin.createUser({ username: 'dev' });
  admin.createOrganization('acme');
  admin.createRepository('acme', { name: 'orders', description: 'Order service' });
  admin.addCollaborator(ORDERS, 'dev');
  admin.createLabel(ORDERS, { name: 'bzzz-task', color: '#ff6b6b', description: 'Work for an agent team' });
  admin.createLabel(ORDERS, { name: 'chorus-entrypoint', color: '#00aabb', description: 'Kickoff brief' });
  admin.createLabel(ORDERS, { name: 'bug', color: '#ee0701', description: 'Something is wrong' });
  clock.set('02:32:49');
  admin.createIssue(ORDERS, { as: 'dev', title: 'first' });
  admin.createIssue(ORDERS, {
    as: 'dev',
    title: 'Retry failed card payments',
    body: 'Payments that fail with a network error are retried three times.',
    labels: ['bug', 'bzzz-task'],
  });
  for (let number = 3; number <= 75; number += 1)
    admin.createIssue(ORDERS, { as: 'dev', title: `filler ${number}` });
  admin.deleteIssue(ORDERS, 70);
  admin.createRepository('acme', { name: 'old' });
  admin.createIssue('acme/old', { title: 'elsewhere' });
  clock.set('02:34:21');
  admin.createMilestone(ORDERS, { title: 'v1', dueS: Date.parse('2027-01-31T00:00:00Z') / 1000 });
  clock.set('02:34:22');
  admin.editIssue(ORDERS, 5, { milestone: 1 });
  clock.set('02:35:16');
  const events = ['issues', 'issue_comment', 'push', 'pull_request'];
  admin.createHook(ORDERS, { url: `${receiver}/ok`, secret: 'capture-secret', events });
  admin.createHook(ORDERS, { url: `${receiver}/form`, secret: 'capture-secret', form: true });
  admin.createHook(ORDERS, { url: `${receiver}/unsigned` });
  admin.createHook(ORDERS, {
    url: `${receiver}/auth-header`,
    secret: 'capture-secret',
    authorization_header: 'Bearer hook-token',
  });
  // The captured server had used more ids of the comments' sequence by then.
  state.counters.comment = COMMENT_IDS_BEFORE;
}

const COMMENT_IDS_BEFORE = 37;

/** The captured changes, each at its captured time. */
function act({ admin, state }: Standin, clock: ManualClock): void {
  const at = (time: string, change: () => unknown): void => {
    clock.set(`02:35:${time}`);
    change();
  };
  const n = 76;
  // Pull requests share the ids and numbers of issues.
  const takeNumberOfPullRequest = (): void => {
    state.counters.issue += 1;
    for (const repository of state.repositories.filter((one) => one.name === 'orders'))
      repository.lastNumber += 1;
  };
  at('16', () =>
    admin.createIssue(ORDERS, {
      as: 'dev',
      title: TITLE,
      body: BODY,
      labels: [2, 3],
      assignees: ['operator'],
    }),
  );
  at('20', () => admin.editIssue(ORDERS, n, { title: `${TITLE} v2` }, 'dev'));
  at('21', () => admin.editIssue(ORDERS, n, { body: 'shorter' }, 'dev'));
  at('23', () => admin.addLabels(ORDERS, n, ['bzzz-task'], 'dev'));
  at('24', () => admin.removeLabel(ORDERS, n, 'bug', 'dev'));
  at('26', () => admin.replaceLabels(ORDERS, n, ['chorus-entrypoint'], 'dev'));
  at('27', () => admin.clearLabels(ORDERS, n, 'dev'));
  at('29', () => admin.editIssue(ORDERS, n, { assignees: [] }, 'dev'));
  at('30', () => admin.editIssue(ORDERS, n, { milestone: 1 }, 'dev'));
  let comment = 0;
  at('32', () => (comment = admin.addComment(ORDERS, n, 'When do we start?', 'dev').id));
  at('33', () => admin.editComment(ORDERS, comment, 'When do we start? Soon.', 'dev'));
  at('35', () => admin.deleteComment(ORDERS, comment, 'dev'));
  at('36', () => admin.editIssue(ORDERS, n, { state: 'closed' }, 'dev'));
  at('38', () => admin.editIssue(ORDERS, n, { state: 'open' }, 'dev'));
  at('40', () => admin.editIssue(ORDERS, n, { title: 'All at once', body: 'b2', state: 'closed' }, 'dev'));
  at('42', () => admin.deleteIssue(ORDERS, n));
  at('44', () => admin.push(ORDERS, { message: 'Add docs\n\ncloses #2', added: ['docs/readme.md'] }));
  at('47', () => admin.push(ORDERS, { message: 'Add a', branch: 'feature/a', added: ['src/a.txt'] }));
  at('59', () => admin.push(ORDERS, { message: 'Add b', branch: 'feature/a', added: ['src/b.txt'] }));
  clock.set('02:36:04');
  admin.push(ORDERS, { message: "Merge pull request 'Add a' (#77) from feature/a into main" });
  admin.testHook(ORDERS, 1);
  takeNumberOfPullRequest();
  clock.set('02:36:09');
  admin.createIssue(ORDERS, { as: 'dev', title: 'After rotation' });
}
