import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seedAccounts, seedSample, startGiteaStandin, type Standin } from '../src/index.ts';
import { clientOf, type Client } from './client.ts';

const SECRET = '/api/v1/repos/acme/secret';
const ORDERS = '/api/v1/repos/acme/orders';

describe('what a caller may do', () => {
  let standin: Standin;
  const clients = new Map<string, Client>();

  beforeAll(async () => {
    standin = await startGiteaStandin({
      seed: (started) => {
        seedAccounts(started);
        seedSample(started);
        started.admin.createUser({ username: 'stranger' });
        started.admin.createRepository('acme', { name: 'secret', private: true });
        started.admin.createIssue('acme/secret', { title: 'hidden' });
        started.admin.createIssue('acme/orders', { title: 'of the operator' });
      },
    });
    const { admin } = standin;
    clients.set('nobody', clientOf(standin, null));
    clients.set('operator', clientOf(standin, admin.createToken('operator')));
    clients.set('dev', clientOf(standin, admin.createToken('dev')));
    clients.set('stranger', clientOf(standin, admin.createToken('stranger')));
    clients.set('reader', clientOf(standin, admin.createToken('operator', { scopes: ['read:issue'] })));
    clients.set('wrong', clientOf(standin, 'wrong'));
  });

  afterAll(() => standin[Symbol.asyncDispose]());

  it.each([
    ['nobody', 'GET', `${ORDERS}/issues`, undefined, 200],
    ['wrong', 'GET', `${ORDERS}/issues`, undefined, 401],
    ['nobody', 'POST', `${ORDERS}/issues`, { title: 't' }, 401],
    ['nobody', 'GET', `${SECRET}/issues/1`, undefined, 404],
    ['dev', 'GET', `${SECRET}/issues/1`, undefined, 404],
    ['operator', 'GET', `${SECRET}/issues/1`, undefined, 200],
    ['stranger', 'POST', `${ORDERS}/issues`, { title: 'from outside' }, 201],
    ['stranger', 'PATCH', `${ORDERS}/issues/2`, { title: 'mine now' }, 403],
    ['stranger', 'POST', `${ORDERS}/issues/2/labels`, { labels: ['bug'] }, 403],
    ['stranger', 'DELETE', `${ORDERS}/issues/2/labels`, undefined, 403],
    ['stranger', 'POST', `${ORDERS}/labels`, { name: 'l', color: '#000000' }, 403],
    ['dev', 'PATCH', `${ORDERS}/issues/2`, { title: 'edited by a writer' }, 201],
    ['dev', 'DELETE', `${ORDERS}/issues/2`, undefined, 403],
    ['dev', 'GET', `${ORDERS}/hooks`, undefined, 403],
    ['dev', 'PATCH', ORDERS, { name: 'taken' }, 403],
    ['reader', 'GET', `${ORDERS}/issues/2`, undefined, 200],
    ['reader', 'POST', `${ORDERS}/issues`, { title: 't' }, 403],
    ['reader', 'GET', ORDERS, undefined, 403],
    ['reader', 'GET', '/api/v1/version', undefined, 200],
    ['reader', 'GET', '/api/v1/user', undefined, 403],
    ['operator', 'GET', '/api/v1/nosuch', undefined, 404],
    ['operator', 'POST', `${ORDERS}/issues`, { title: 't', labels: 'bug' }, 422],
    ['operator', 'PATCH', `${ORDERS}/issues/2`, { state: 'nonsense' }, 412],
    ['operator', 'PATCH', `${ORDERS}/issues/2`, { assignees: ['nobody-here'] }, 422],
  ] as const)('%s: %s %s %j → %i', async (who, method, path, body, status) => {
    const answer = await clients.get(who)?.(method, path, body);
    expect(answer?.status).toBe(status);
  });

  it('drops what a reader may not set on a new issue', async () => {
    const ask = clients.get('stranger') as Client;
    const wanted = { title: 't', labels: [1], assignees: ['dev'] };
    const { body } = await ask('POST', `${ORDERS}/issues`, wanted);
    expect([body['labels'], body['assignees']]).toEqual([[], null]);
  });

  it('finds a moved repository by its former name and by its id', async () => {
    const ask = clients.get('operator') as Client;
    const { body } = await ask('GET', '/api/v1/repos/acme/storefront');
    standin.admin.createOrganization('elsewhere');
    standin.admin.transferRepository('acme/storefront', 'elsewhere');
    const moved = await ask('GET', '/api/v1/repos/acme/storefront/labels?limit=2');
    expect([moved.status, moved.headers.get('location')]).toEqual([
      301,
      '/api/v1/repos/elsewhere/storefront/labels?limit=2',
    ]);
    const found = await ask('GET', `/api/v1/repositories/${String(body['id'])}`);
    expect(found.body['full_name']).toBe('elsewhere/storefront');
    standin.admin.deleteRepository('elsewhere/storefront');
    expect((await ask('GET', '/api/v1/repos/acme/storefront')).status).toBe(404);
  });
});
