/** A service for the tests: says on standard output what it does, fails when its environment asks it to. */
import { envSchema, flag, integer, natsEnv, secret } from '@whoosh/config';
import { runService } from '../src/index.ts';

const say = (word: string) => process.stdout.write(`${word}\n`);

await runService({
  service: 'sample',
  version: '9.9.9',
  env: envSchema({
    ...natsEnv,
    SAMPLE_SECRET: secret(),
    SAMPLE_FAILS: flag(false),
    SAMPLE_HANGS: flag(false),
    SAMPLE_STUCK_START: flag(false),
    BACKBEAT_TIMES: integer(1),
  }),
  async start({ env, resources, readiness, admin, stopping }) {
    resources.defer(() => {
      say('closed first-opened');
    });
    resources.defer(() => (env.SAMPLE_HANGS ? new Promise<void>(() => undefined) : undefined));
    resources.defer(() => {
      say('closed last-opened');
    });
    if (env.SAMPLE_FAILS) throw new Error('start refused');
    if (env.SAMPLE_STUCK_START) {
      say('stuck');
      await new Promise<void>(() => undefined);
    }
    let database: true | string = 'not connected';
    readiness.check('database', () => database);
    admin.route('POST', '/database/{state}', (_request, response, { params }) => {
      database = params['state'] === 'up' ? true : (params['state'] as string);
      response.end(String(env.BACKBEAT_TIMES));
    });
    stopping.addEventListener('abort', () => say('told to stop'));
  },
});
