import { listenToBeats } from '@whoosh/backbeat-sdk';
import { connectBus } from '@whoosh/bus';
import { clusterName, databaseConfig, natsAuth, natsServers } from '@whoosh/config';
import { migrateIfWanted, openDatabase } from '@whoosh/db';
import { runService } from '@whoosh/lifecycle';
import { CouncilEnv, councilProblems, councilSettings } from './config.ts';
import { startCouncil } from './council.ts';
import { localGrid } from './domain/pace.ts';
import { readRoles } from './roles.ts';

await runService({
  service: 'council',
  env: CouncilEnv,
  check: councilProblems,
  start: async ({ env, log, registry, resources, readiness, instance, version }) => {
    const roles = readRoles(env.WHOOSH_ROLES_FILES);
    const database = databaseConfig(env);
    await migrateIfWanted(database, { log });
    const db = openDatabase(database, { service: 'council', log, registry });
    resources.defer(() => db.destroy());
  },
});
