import { describe, expect, test } from 'vitest';
import { runGateway, SERVICE_TOKEN, token } from './running-gateway.ts';

describe('rates', () => {
  test('are counted per token, and by address for everybody else', async () => {
    await using strict = await runGateway({ requestsPerMinute: 3 });
    const [admin, user] = await Promise.all([token('admin'), token('user')]);
    const ask = async (bearer?: string) => strict.fetch('/api/v1/backbeat/status', { token: bearer });
    const statuses = async (bearer?: string) => [
      (await ask(bearer)).status,
      (await ask(bearer)).status,
      (await ask(bearer)).status,
      (await ask(bearer)).status,
    ];
    expect(await statuses(user)).toEqual([200, 200, 200, 429]);
    expect(await statuses(admin)).toEqual([200, 200, 200, 429]);
    expect([(await ask('guess-1')).status, (await ask('guess-2')).status]).toEqual([401, 401]);
    expect([(await ask()).status, (await ask('guess-3')).status]).toEqual([401, 429]);
    // A service is counted by the second, far above.
    expect(await statuses(SERVICE_TOKEN)).toEqual([200, 200, 200, 200]);
    expect((await strict.fetch('/health')).status).toBe(200);

    const refused = await ask(user);
    expect(refused.body.details.code).toBe('rate_limited');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused.headers.get('ratelimit-limit')).toBe('3');
    expect(refused.headers.get('ratelimit-remaining')).toBe('0');
  });

  test('believe a forwarded address from a trusted proxy only', async () => {
    const once = async (trustedProxies: string[]) => {
      await using strict = await runGateway({ requestsPerMinute: 1, trustedProxies });
      const from = async (address: string) =>
        (await strict.fetch('/api/v1/agents', { headers: { 'X-Forwarded-For': address } })).status;
      return [await from('10.0.0.1'), await from('10.0.0.2')];
    };
    expect(await once([])).toEqual([401, 429]);
    expect(await once(['127.0.0.1'])).toEqual([401, 401]);
  });
});
